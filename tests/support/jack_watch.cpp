// SPDX-License-Identifier: GPL-3.0-or-later
// A JACK program for the tests: how late in its cycle whoever is behind PORT gets to run, so how long those before it took.
//
//   jack_watch PORT     answers each line of its standard input: cycles, late ones, the server's xruns and the latest start in
//                       microseconds since the line before; a cycle is late when more than half of the period is over
//
// Ends with its standard input.
#include <jack/jack.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace {

struct Watch {
    jack_client_t* client = nullptr;
    std::atomic<int> cycles{0}, late{0}, xruns{0}, latest{0};

    int run(jack_nframes_t frames) {
        const jack_nframes_t since = jack_frames_since_cycle_start(client);
        cycles.fetch_add(1, std::memory_order_relaxed);
        if (since > frames / 2) late.fetch_add(1, std::memory_order_relaxed);
        const auto microseconds = static_cast<int>(1'000'000ULL * since / jack_get_sample_rate(client));
        latest.store(std::max(latest.load(std::memory_order_relaxed), microseconds), std::memory_order_relaxed);
        return 0;
    }
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    static Watch watch;
    watch.client = jack_client_open("watch", JackNoStartServer, nullptr);
    if (!watch.client) return 1;
    auto* const port = jack_port_register(watch.client, "in", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
    jack_set_process_callback(watch.client, [](jack_nframes_t frames, void* self) { return static_cast<Watch*>(self)->run(frames); }, &watch);
    jack_set_xrun_callback(watch.client, [](void* self) { return static_cast<Watch*>(self)->xruns.fetch_add(1), 0; }, &watch);
    if (jack_activate(watch.client) != 0 || jack_connect(watch.client, argv[1], jack_port_name(port)) != 0) return 1;
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
        if (c != '\n') continue;
        std::printf("%d %d %d %d\n", watch.cycles.exchange(0), watch.late.exchange(0), watch.xruns.exchange(0), watch.latest.exchange(0));
        std::fflush(stdout);
    }
    jack_client_close(watch.client);
    return 0;
}
