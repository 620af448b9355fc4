// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/libebur128.hpp"

#include <ebur128.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

namespace ton::app::benching {

namespace {

struct Destroy {
    void operator()(ebur128_state* state) const { ebur128_destroy(&state); }
};
using State = std::unique_ptr<ebur128_state, Destroy>;

State make(int mode) {
    State state(ebur128_init(2, kProgrammeRate, mode));
    if (!state) throw std::runtime_error("libebur128: no memory");
    return state;
}

void check(int result) {
    if (result != EBUR128_SUCCESS) throw std::runtime_error("libebur128 refused");
}

double decibels(double linear) { return 20.0 * std::log10(linear); }

double higher_true_peak(ebur128_state* state) {
    double left = 0, right = 0;
    check(ebur128_true_peak(state, 0, &left));
    check(ebur128_true_peak(state, 1, &right));
    return decibels(std::max(left, right));
}

} // namespace

std::vector<float> interleaved(const Programme& p) {
    std::vector<float> all;
    all.reserve(2 * p.left.size());
    for (std::size_t i = 0; i < p.left.size(); ++i) {
        all.push_back(p.left[i]);
        all.push_back(p.right[i]);
    }
    return all;
}

Libebur128Reading libebur128(const std::vector<float>& samples, bool polled) {
    constexpr std::size_t kBlock = 64, kPoll = kProgrammeRate / 10;
    const auto state = make(EBUR128_MODE_M | EBUR128_MODE_S | EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK);
    const std::size_t frames = samples.size() / 2;
    double value = 0;
    for (std::size_t n = 0; n < frames; n += kBlock) {
        check(ebur128_add_frames_float(state.get(), &samples[2 * n], std::min(kBlock, frames - n)));
        if (!polled || n / kPoll == (n + kBlock) / kPoll) continue;
        for (auto* ask : {ebur128_loudness_momentary, ebur128_loudness_shortterm, ebur128_loudness_global, ebur128_loudness_range})
            check(ask(state.get(), &value));
    }
    Libebur128Reading reading;
    check(ebur128_loudness_global(state.get(), &reading.integrated));
    check(ebur128_loudness_range(state.get(), &reading.range));
    reading.true_peak = higher_true_peak(state.get());
    return reading;
}

double true_peak_dbtp(const Programme& p, int from) {
    const auto samples = interleaved(p);
    const auto state = make(EBUR128_MODE_TRUE_PEAK);
    const auto first = static_cast<std::size_t>(from);
    check(ebur128_add_frames_float(state.get(), &samples[2 * first], p.left.size() - first));
    return higher_true_peak(state.get());
}

double sample_peak_dbfs(const Programme& p, int from) {
    float peak = 0.0F;
    for (const auto* side : {&p.left, &p.right})
        for (auto i = static_cast<std::size_t>(from); i < side->size(); ++i) peak = std::max(peak, std::abs((*side)[i]));
    return decibels(static_cast<double>(peak));
}

} // namespace ton::app::benching
