// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/loudness.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

namespace ton::dsp::test {

inline constexpr double silence = -std::numeric_limits<double>::infinity();
inline constexpr int rates[] = {44100, 48000, 88200, 96000, 192000, 69313}; // the last one is prime

inline double from_db(double db) {
    return std::pow(10.0, db / 20.0);
}
inline double to_db(double linear) {
    return 20.0 * std::log10(linear);
}

/// Plays tones into a meter; the time of each part's end is exact, rounded to the nearest sample.
class Player {
  public:
    Player(LoudnessMeter& meter, int rate, double frequency = 1000.0)
        : meter_(meter), rate_(rate), frequency_(frequency) {}

    /// `levels` are the channels' peaks in dBFS; in phase.
    void play(double seconds, const std::vector<double>& levels) {
        time_ += seconds;
        const auto end = static_cast<std::int64_t>(std::llround(time_ * rate_));
        std::vector<double> gains;
        for (const double level : levels) gains.push_back(from_db(level));
        constexpr int most = 1000;
        std::vector<std::vector<float>> block(levels.size(), std::vector<float>(most));
        std::vector<const float*> pointers;
        for (const auto& channel : block) pointers.push_back(channel.data());
        while (sample_ < end) {
            const int count = static_cast<int>(std::min<std::int64_t>(most, end - sample_));
            for (int i = 0; i < count; ++i, ++sample_) {
                const double turns = frequency_ / rate_ * static_cast<double>(sample_);
                const double value = std::sin(2.0 * std::numbers::pi * (turns - std::floor(turns)));
                for (std::size_t c = 0; c < gains.size(); ++c)
                    block[c][i] = static_cast<float>(gains[c] * value);
            }
            meter_.process(pointers.data(), count);
            if (after_block) after_block();
        }
    }

    /// Stereo, both alike.
    void play(double seconds, double level) { play(seconds, std::vector<double>{level, level}); }

    std::function<void()> after_block;

  private:
    LoudnessMeter& meter_;
    int rate_;
    double frequency_;
    double time_ = 0.0;
    std::int64_t sample_ = 0;
};

} // namespace ton::dsp::test
