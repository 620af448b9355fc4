// SPDX-License-Identifier: GPL-3.0-or-later
// A JACK program for the tests: plays a WAV file into ports and records others, sample by sample together.
//
//   jack_feed --play IN.wav --to PORT... --from PORT... --record OUT.wav --frames N [--freewheel]
//
// Two clients, so that what goes around through a desk makes no loop (JACK would put a period of delay into it). A wire from the
// one to the other carries the number of each frame played: so the recording's frame n is what was heard while frame n was
// played, whatever the cycles did. Prints `playing` when it begins, `missing N` at the end, and N is 0 unless cycles were lost.
#include <jack/jack.h>
#include <sndfile.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kClockLimit = 1 << 24; // frames that a float counts exactly
constexpr int kRate = 48000;         // Hz
constexpr int kPace = 4;             // times real time, at most, when freewheeling: hands must find the time, on a busy machine too

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "jack_feed: %s\n", why.c_str());
    std::exit(1);
}

struct Options {
    std::string play, record;
    std::vector<std::string> to, from;
    int frames = 0;
    bool freewheel = false;
};

Options read_options(int argc, char** argv) {
    Options o;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--freewheel") {
            o.freewheel = true;
            continue;
        }
        if (i + 1 == argc) fail(word + " needs a value");
        const std::string value = argv[++i];
        if (word == "--play") o.play = value;
        else if (word == "--record") o.record = value;
        else if (word == "--to") o.to.push_back(value);
        else if (word == "--from") o.from.push_back(value);
        else if (word == "--frames") o.frames = std::atoi(value.c_str());
        else fail("unknown option " + word);
    }
    if (o.record.empty() || o.from.empty() || o.frames < 1 || o.frames >= kClockLimit) fail("--record, --from and --frames 1… are needed");
    return o;
}

/// Channel by channel, at least `channels` of them, each `frames` long.
std::vector<std::vector<float>> read_wav(const std::string& path, std::size_t channels, int frames) {
    std::vector<std::vector<float>> planes(channels, std::vector<float>(static_cast<std::size_t>(frames)));
    if (path.empty()) return planes;
    SF_INFO info{};
    SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
    if (!file || static_cast<std::size_t>(info.channels) != channels) fail(path + ": can't be read, or not one channel for each --to");
    std::vector<float> frame(channels);
    for (std::size_t n = 0; n < static_cast<std::size_t>(frames) && sf_readf_float(file, frame.data(), 1) == 1; ++n)
        for (std::size_t c = 0; c < channels; ++c) planes[c][n] = frame[c];
    sf_close(file);
    return planes;
}

struct Client {
    jack_client_t* handle = nullptr;
    std::vector<jack_port_t*> ports;
    jack_port_t* clock = nullptr;

    void open(const char* name, const char* port, std::size_t count, unsigned long direction) {
        handle = jack_client_open(name, JackNoStartServer, nullptr);
        if (!handle) fail("no JACK server");
        for (std::size_t c = 0; c < count; ++c)
            ports.push_back(jack_port_register(handle, (port + std::to_string(c + 1)).c_str(), JACK_DEFAULT_AUDIO_TYPE, direction, 0));
        clock = jack_port_register(handle, "clock", JACK_DEFAULT_AUDIO_TYPE, direction, 0);
    }
};

float* buffer(jack_port_t* port, jack_nframes_t frames) { return static_cast<float*>(jack_port_get_buffer(port, frames)); }

/// The whole run; its callbacks touch only what is allocated before they begin.
class Run {
  public:
    explicit Run(const Options& o)
        : options_(o), played_(read_wav(o.play, o.to.size(), o.frames)),
          heard_(o.from.size(), std::vector<float>(static_cast<std::size_t>(o.frames))), seen_(static_cast<std::size_t>(o.frames)) {}

    int run() {
        source_.open("feed", "out_", options_.to.size(), JackPortIsOutput);
        sink_.open("ear", "in_", options_.from.size(), JackPortIsInput);
        jack_set_process_callback(source_.handle, [](jack_nframes_t n, void* self) { return static_cast<Run*>(self)->play(n); }, this);
        jack_set_process_callback(sink_.handle, [](jack_nframes_t n, void* self) { return static_cast<Run*>(self)->hear(n); }, this);
        jack_set_freewheel_callback(source_.handle, [](int on, void* self) { static_cast<Run*>(self)->freewheel_ = on != 0; }, this);
        if (jack_activate(source_.handle) != 0 || jack_activate(sink_.handle) != 0) fail("can't activate");
        connect();
        if (options_.freewheel) {
            jack_set_freewheel(source_.handle, 1);
            wait_for(freewheel_, 10);
        }
        playing_ = true;
        std::printf("playing\n");
        std::fflush(stdout);
        wait_for(done_, 120);
        if (options_.freewheel) jack_set_freewheel(source_.handle, 0);
        jack_client_close(sink_.handle);
        jack_client_close(source_.handle);
        return write();
    }

  private:
    static void wait_for(const std::atomic<bool>& what, int seconds) {
        for (const auto end = Clock::now() + std::chrono::seconds(seconds); !what; std::this_thread::sleep_for(std::chrono::milliseconds(2)))
            if (Clock::now() > end) fail("the server takes too long");
    }

    void connect() {
        const auto wire = [&](const char* from, const char* to) {
            if (jack_connect(source_.handle, from, to) != 0) fail(std::string("can't connect ") + from + " to " + to);
        };
        wire(jack_port_name(source_.clock), jack_port_name(sink_.clock));
        for (std::size_t c = 0; c < options_.to.size(); ++c) wire(jack_port_name(source_.ports[c]), options_.to[c].c_str());
        for (std::size_t c = 0; c < options_.from.size(); ++c) wire(options_.from[c].c_str(), jack_port_name(sink_.ports[c]));
    }

    int play(jack_nframes_t frames) {
        const bool playing = playing_; // once: it may be set at any moment
        const int left = playing ? options_.frames - position_ : 0;
        float* const clock = buffer(source_.clock, frames);
        for (int n = 0; n < static_cast<int>(frames); ++n) clock[n] = n < left ? static_cast<float>(position_ + n + 1) : 0.0F;
        for (std::size_t c = 0; c < source_.ports.size(); ++c) {
            float* const out = buffer(source_.ports[c], frames);
            for (int n = 0; n < static_cast<int>(frames); ++n) out[n] = n < left ? played_[c][static_cast<std::size_t>(position_ + n)] : 0.0F;
        }
        // Freewheeling callbacks may sleep. As fast as it can, seconds would go by between two messages of a test.
        if (freewheel_) std::this_thread::sleep_for(std::chrono::microseconds(1'000'000LL * frames / kRate / kPace));
        if (left > 0) position_ += static_cast<int>(frames);
        else if (playing) over_ = true;
        return 0;
    }

    int hear(jack_nframes_t frames) {
        const float* const clock = buffer(sink_.clock, frames);
        for (jack_nframes_t n = 0; n < frames; ++n) {
            if (clock[n] < 1.0F) continue;
            const auto at = static_cast<std::size_t>(clock[n]) - 1;
            seen_[at] = 1;
            for (std::size_t c = 0; c < heard_.size(); ++c) heard_[c][at] = buffer(sink_.ports[c], frames)[n];
        }
        if (over_) done_ = true;
        return 0;
    }

    int write() {
        int missing = 0;
        for (const char s : seen_) missing += s == 0;
        SF_INFO info{};
        info.samplerate = kRate;
        info.channels = static_cast<int>(heard_.size());
        info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
        SNDFILE* file = sf_open(options_.record.c_str(), SFM_WRITE, &info);
        if (!file) fail(options_.record + ": can't be written");
        std::vector<float> frame(heard_.size());
        for (std::size_t n = 0; n < seen_.size(); ++n) {
            for (std::size_t c = 0; c < heard_.size(); ++c) frame[c] = heard_[c][n];
            if (sf_writef_float(file, frame.data(), 1) != 1) fail(options_.record + ": can't be written");
        }
        sf_close(file);
        std::printf("missing %d\n", missing);
        return 0;
    }

    const Options& options_;
    Client source_, sink_;
    std::vector<std::vector<float>> played_, heard_;
    std::vector<char> seen_;
    int position_ = 0;                                       // the source's process thread
    std::atomic<bool> playing_{false}, freewheel_{false}; // control sets, and libjack's threads
    std::atomic<bool> over_{false}, done_{false};         // source to sink, sink to control
};

} // namespace

int main(int argc, char** argv) {
    const auto options = read_options(argc, argv);
    return Run(options).run();
}
