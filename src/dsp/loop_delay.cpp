// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/loop_delay.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ton::dsp {

namespace {

constexpr unsigned kOrder = 11;
/// Correlation with noise alone has its highest of 200,000 values at 5 times its RMS; a clean return stands at 40 and more.
constexpr double kAboveNoise = 8;
constexpr double kSilence = 1e-5; // gain, -100 dB
constexpr double kSecond = 0.5;   // of the first: more is no clear answer

/// Sums side by side, which a compiler makes vectors of without leave to reorder.
float dot(const float* a, const float* b, std::size_t count) {
    constexpr std::size_t kWide = 16;
    float sums[kWide] = {};
    std::size_t i = 0;
    for (; i + kWide <= count; i += kWide)
        for (std::size_t k = 0; k < kWide; ++k) sums[k] += a[i + k] * b[i + k];
    float sum = 0;
    for (const float s : sums) sum += s;
    for (; i < count; ++i) sum += a[i] * b[i];
    return sum;
}

} // namespace

/// The shift register x^11 + x^9 + 1, whose period is all its states but zero (Golomb, Shift Register Sequences, 1967).
std::vector<float> loop_signal(float level) {
    std::vector<float> signal((1U << kOrder) - 1U);
    unsigned state = 1;
    for (float& x : signal) {
        const unsigned bit = (state >> 10U ^ state >> 8U) & 1U;
        state = (state << 1U | bit) & ((1U << kOrder) - 1U);
        x = bit != 0 ? level : -level;
    }
    return signal;
}

LoopSearch::LoopSearch(std::span<const float> sent, std::span<const float> heard, int blur)
    : sent_(sent), heard_(heard), blur_(blur), energy_(static_cast<double>(dot(sent.data(), sent.data(), sent.size()))),
      gains_(sent.empty() || heard.size() < sent.size() ? 0 : heard.size() - sent.size() + 1) {}

bool LoopSearch::look(std::size_t delays) {
    for (const auto end = seen_ + std::min(delays, gains_.size() - seen_); seen_ < end; ++seen_)
        gains_[seen_] = static_cast<double>(dot(sent_.data(), heard_.data() + seen_, sent_.size())) / energy_;
    return seen_ < gains_.size();
}

LoopDelay LoopSearch::result() const {
    if (gains_.empty()) return {};
    const auto louder = [](double a, double b) { return std::abs(a) < std::abs(b); };
    const auto best = std::ranges::max_element(gains_, louder) - gains_.begin();
    double second = 0, power = 0;
    std::size_t others = 0;
    for (std::size_t k = 0; k < gains_.size(); ++k) {
        if (std::abs(static_cast<std::ptrdiff_t>(k) - best) <= blur_) continue;
        second = std::max(second, std::abs(gains_[k]));
        power += gains_[k] * gains_[k];
        ++others;
    }
    const double gain = gains_[static_cast<std::size_t>(best)];
    const double noise = others > 0 ? std::sqrt(power / static_cast<double>(others)) : 0.0;
    LoopDelay delay{.found = LoopDelay::Found::clearly, .frames = static_cast<int>(best), .gain = static_cast<float>(gain)};
    if (std::abs(gain) < std::max(kSilence, kAboveNoise * noise)) delay.found = LoopDelay::Found::nothing;
    else if (second >= kSecond * std::abs(gain)) delay.found = LoopDelay::Found::ambiguous;
    return delay;
}

LoopDelay find_loop_delay(std::span<const float> sent, std::span<const float> heard, int blur) {
    LoopSearch search(sent, heard, blur);
    search.look(heard.size());
    return search.result();
}

} // namespace ton::dsp
