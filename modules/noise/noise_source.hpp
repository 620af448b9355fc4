// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <cstdint>
#include <vector>

namespace ton::modules::noise {

/// A random word for every (seed, channel, frame), whatever was asked before: splitmix64's finalizer (Steele,
/// Lea & Flood, OOPSLA 2014) over a Weyl sequence, run once more so that neighbouring streams have nothing in
/// common.
inline std::uint64_t random_word(std::uint64_t seed, std::uint64_t channel,
                                 std::uint64_t frame) TM_NONBLOCKING {
    const auto mix = [](std::uint64_t z) TM_NONBLOCKING {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    };
    const std::uint64_t key = mix((seed << 8U) + channel + 0x9E3779B97F4A7C15U);
    return mix(mix(key + frame * 0x9E3779B97F4A7C15U) ^ key);
}

/// White noise of unit RMS, nearly Gaussian: the sum of four uniform numbers (peaks at 10.8 dB, never above).
inline double white(std::uint64_t word) TM_NONBLOCKING {
    const auto sum = static_cast<double>((word & 0xFFFFU) + (word >> 16U & 0xFFFFU) +
                                         (word >> 32U & 0xFFFFU) + (word >> 48U));
    constexpr double kMean = 2.0 * 65535.0, kDeviation = 37836.80609108; // sqrt(4 (65536^2 - 1)/12)
    return (sum - kMean) * (1.0 / kDeviation);
}

/// Makes white noise pink: first-order sections with poles at c fs/sqrt(3) 3^-k and zeros sqrt(3) above them,
/// down to 3 Hz, and a zero that bends the top; matched-z. Below 10 Hz it ends with a Butterworth high-pass of fourth order,
/// as in SMPTE ST 2095-1, which takes 0.02 dB at 20 Hz: what can't be heard would be a wandering DC to whoever watches.
/// Within 0.25 dB of -3.01 dB per octave from 20 Hz to 20 kHz at 44.1 to 192 kHz. The output has unit RMS for unit RMS in.
/// Construct on the control thread.
class PinkFilter {
  public:
    explicit PinkFilter(double sample_rate);
    double process(double x) TM_NONBLOCKING;
    void reset() TM_NONBLOCKING;

    struct Section {
        double pole, zero, state;
    };
    struct Cut { ///< y = gain (1 - 1/z)^2 / (1 + a1/z + a2/z^2): exactly nothing of a DC
        double gain, a1, a2, s1, s2;
    };

  private:
    static constexpr double kTop = 0.19; // c, and the bending zero's coefficient: found by search over both
    static constexpr int kMost = 16, kCuts = 2;
    double power() const;
    Section sections_[kMost] = {};
    Cut cuts_[kCuts] = {};
    int count_ = 0;
    double gain_ = 1.0, last_ = 0.0;
};

} // namespace ton::modules::noise
