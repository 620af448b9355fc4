// SPDX-License-Identifier: GPL-3.0-or-later
// LoudnessMeter beside libebur128 on the same samples, in turn, in one process: M, S, I, LRA and true peak of
// stereo at 48 kHz in blocks of 64. Prints ns of processor time per sample and channel, and the ratios.
//
//   ninja -C build src/dsp/bench-loudness && build/src/dsp/bench-loudness
#include "dsp/loudness.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <ebur128.h>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int rate = 48000, block = 64, frames = rate * 20 / block * block, rounds = 9;

struct Stereo {
    std::vector<float> left, right, interleaved;
};

/// Noise is the worst case (no chunk of the true-peak filter can be left out), a decaying beat a usual one.
Stereo signal(bool beat) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0F, 0.1F);
    Stereo s;
    float low[2] = {};
    for (int n = 0; n < frames; ++n) {
        const float envelope = beat ? 3.0F * std::exp(-static_cast<float>(n % 24000) / 4000.0F) : 1.0F;
        for (float& state : low) state += (beat ? 0.2F : 1.0F) * (normal(random) - state);
        s.left.push_back(envelope * low[0]);
        s.right.push_back(envelope * low[1]);
        s.interleaved.push_back(s.left.back());
        s.interleaved.push_back(s.right.back());
    }
    return s;
}

/// Processor time of this thread, so that a busy machine disturbs less.
double now_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

double ns_per_sample(const std::function<double()>& work) {
    static volatile double sink = 0.0;
    const double start = now_ns();
    sink = sink + work();
    return (now_ns() - start) / (2.0 * frames);
}

double ours(const Stereo& s, bool polled) {
    ton::dsp::LoudnessMeter meter(2, rate);
    double sum = 0.0;
    for (int n = 0; n < frames; n += block) {
        const float* const in[] = {s.left.data() + n, s.right.data() + n};
        meter.process(in, block);
        if (!polled) continue;
        const auto r = meter.reading();
        if (std::isfinite(r.integrated)) sum += r.integrated + r.range;
        sum += static_cast<double>(meter.take_recent_true_peak(0) + meter.take_recent_true_peak(1));
    }
    return sum + meter.reading().integrated;
}

double libebur128(const Stereo& s, bool polled) {
    ebur128_state* state = ebur128_init(2, rate,
                                        EBUR128_MODE_M | EBUR128_MODE_S | EBUR128_MODE_I | EBUR128_MODE_LRA |
                                            EBUR128_MODE_TRUE_PEAK);
    double sum = 0.0, value = 0.0;
    for (int n = 0; n < frames; n += block) {
        ebur128_add_frames_float(state, s.interleaved.data() + 2 * n, block);
        if (!polled || n / 4800 == (n + block) / 4800) continue; // 10 Hz, where ours is asked every block
        for (auto* read : {ebur128_loudness_momentary, ebur128_loudness_shortterm, ebur128_loudness_global,
                           ebur128_loudness_range}) {
            read(state, &value);
            if (std::isfinite(value)) sum += value;
        }
    }
    ebur128_loudness_global(state, &value);
    ebur128_destroy(&state);
    return sum + value;
}

void compare(const char* name, const Stereo& s, bool polled) {
    std::vector<double> a, b;
    for (int i = 0; i < rounds; ++i) {
        a.push_back(ns_per_sample([&] { return ours(s, polled); }));
        b.push_back(ns_per_sample([&] { return libebur128(s, polled); }));
    }
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::printf(
        "%-24s ours %5.2f (median %5.2f)   libebur128 %5.2f (median %5.2f)   ratio %.1f (median %.1f)\n",
        name, a.front(), a[rounds / 2], b.front(), b[rounds / 2], b.front() / a.front(),
        b[rounds / 2] / a[rounds / 2]);
}

} // namespace

int main() {
    const Stereo noise = signal(false), beat = signal(true);
    std::printf("ns per sample and channel, best of %d\n", rounds);
    compare("noise (worst case)", noise, false);
    compare("noise, polled", noise, true);
    compare("beat", beat, false);
    compare("beat, polled", beat, true);
    return 0;
}
