// SPDX-License-Identifier: GPL-3.0-or-later
// A JACK program for the tests, the outboard gear of an insert: what comes into port in_N leaves out_N later and as loud as told.
//
//   jack_box NAME DELAY GAIN [ECHO]     one channel a DELAY, which may be a list: 480,480; ECHO adds a second way, that much later
//
// Prints `running`; ends with SIGTERM or its standard input.
#include <jack/jack.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

struct Channel {
    jack_port_t *in = nullptr, *out = nullptr;
    std::size_t delay = 0;
    std::vector<float> line = std::vector<float>(1U << 16U); // a ring
};

struct Box {
    std::vector<Channel> channels;
    float gain = 1;
    std::size_t echo = 0, position = 0;

    int run(jack_nframes_t frames) {
        for (auto& c : channels) {
            const auto* const in = static_cast<const float*>(jack_port_get_buffer(c.in, frames));
            auto* const out = static_cast<float*>(jack_port_get_buffer(c.out, frames));
            const auto mask = c.line.size() - 1;
            for (std::size_t i = 0; i < frames; ++i) {
                const auto now = position + i;
                c.line[now & mask] = in[i];
                out[i] = gain * c.line[(now - c.delay) & mask];
                if (echo > 0) out[i] += gain * c.line[(now - c.delay - echo) & mask];
            }
        }
        position += frames;
        return 0;
    }
};

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) return std::fprintf(stderr, "jack_box NAME DELAY GAIN [ECHO]\n"), 2;
    Box box;
    box.gain = std::strtof(argv[3], nullptr);
    if (argc > 4) box.echo = std::strtoul(argv[4], nullptr, 10);
    std::stringstream delays(argv[2]);
    for (std::string word; std::getline(delays, word, ',');) box.channels.emplace_back().delay = std::strtoul(word.c_str(), nullptr, 10);
    jack_client_t* const client = jack_client_open(argv[1], JackNoStartServer, nullptr);
    if (!client) return std::fprintf(stderr, "jack_box: no JACK server\n"), 1;
    for (std::size_t c = 0; c < box.channels.size(); ++c) {
        const auto port = [&](const char* end, unsigned long flags) {
            return jack_port_register(client, (end + std::to_string(c + 1)).c_str(), JACK_DEFAULT_AUDIO_TYPE, flags, 0);
        };
        box.channels[c].in = port("in_", JackPortIsInput);
        box.channels[c].out = port("out_", JackPortIsOutput);
    }
    jack_set_process_callback(client, [](jack_nframes_t frames, void* self) { return static_cast<Box*>(self)->run(frames); }, &box);
    if (jack_activate(client) != 0) return 1;
    std::puts("running");
    std::fflush(stdout);
    char nothing;
    while (read(STDIN_FILENO, &nothing, 1) > 0) {
    }
    jack_client_close(client);
    return 0;
}
