// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"
#include "engine/block.hpp"

#include <algorithm>
#include <cstdint>

namespace ton::modules::failover {

/// Mean squares: below the first a source is silent, from the second on it is good again.
struct Limits {
    float silent, good;
};

/// Watches one source: the RMS of the last 100 ms per channel in steps of 10 ms, and for how many steps it has been silent
/// or good. Audio thread.
class Watch {
  public:
    Watch(int channels, int frames_of_step) : channels_(channels), inverse_(1.0 / (kSteps * frames_of_step)) {}

    void hear(int channel, const float* x, int frames) TM_NONBLOCKING {
        double sum = 0;
        for (int i = 0; i < frames; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        steps_[channel][at_] += sum;
    }

    /// Every 10 ms. `any`: a source with one silent channel is silent, else only one with all of them.
    void end_step(const Limits& limits, bool any) TM_NONBLOCKING {
        double loudest = 0, quietest = 1e30;
        for (int c = 0; c < channels_; ++c) {
            double sum = 0;
            for (const double step : steps_[c]) sum += step;
            loudest = std::max(loudest, sum * inverse_);
            quietest = std::min(quietest, sum * inverse_);
        }
        level_ = static_cast<float>(any ? quietest : loudest);
        silent_ = level_ < limits.silent ? silent_ + 1 : 0;
        pause_ = level_ >= limits.good ? 0 : pause_ + 1;
        good_ = pause_ == 0 || (good_ > 0 && pause_ < kPause) ? good_ + 1 : 0;
        at_ = (at_ + 1) % kSteps;
        for (int c = 0; c < channels_; ++c) steps_[c][at_] = 0;
    }

    float level() const TM_NONBLOCKING { return level_; } ///< mean square
    std::int64_t silent_for() const TM_NONBLOCKING { return silent_; }
    std::int64_t good_for() const TM_NONBLOCKING { return good_; } ///< pauses of less than a second included

  private:
    static constexpr int kSteps = 10;
    static constexpr int kPause = 100; // steps: a second, which speech and music take as well
    int channels_;
    double inverse_;
    double steps_[engine::kMaxChannels][kSteps] = {}; // sums of squares
    int at_ = 0;
    float level_ = 0;
    std::int64_t silent_ = 0, good_ = 0, pause_ = 0;
};

} // namespace ton::modules::failover
