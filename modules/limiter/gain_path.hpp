// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace ton::modules::limiter {

/// How the gain comes back: a deficit d = 1 - gain that rises at once and decays in two stages.
///   fast[n] = max(asked[n], f fast[n-1])                  time constant: release
///   slow[n] = slow[n-1] + a (fast[n] - slow[n-1])         2 x release upwards, 5 x release downwards
///   d[n]    = max(fast[n], slow[n])
/// A single peak is released fast; what is limited all the time rides on the slow stage, which keeps the gain
/// from following every period of a low note. Never less than what is asked for. Both stages also lose 2^-36
/// per sample, which brings them to exactly 0: so the limiter comes back to passing every bit.
class Release {
  public:
    /// Audio thread. Milliseconds and samples per millisecond.
    void aim(double milliseconds, double per_millisecond) TM_NONBLOCKING;
    /// gain -> gain, never larger. In place.
    void process(float* gain, int count) TM_NONBLOCKING;
    bool resting() const TM_NONBLOCKING { return fast_ == 0.0F && slow_ == 0.0F; }
    void clear() TM_NONBLOCKING { fast_ = slow_ = 0.0F; }

  private:
    float fast_ = 0.0F, slow_ = 0.0F;
    float keep_ = 0.0F, rising_ = 0.0F, falling_ = 0.0F;
};

/// An FIR with non-negative taps that sum to exactly 1: three moving averages in a row, as long together as
/// asked for, which makes a bell. The running sums are integers (gain in units of 2^-28, rounded down): they
/// can't drift, and a gain of 1 comes out as exactly 1.0F. Before the first sample the gain is 1.
class Smoother {
  public:
    /// 3 <= length <= 6000. Control thread.
    explicit Smoother(int length);
    /// gain in 0…1; in place.
    void process(float* gain, int count) TM_NONBLOCKING;
    /// Whether the last `length` gains were 1.
    bool resting() const TM_NONBLOCKING { return sum_[2] == full_; }
    void clear() TM_NONBLOCKING;

  private:
    std::array<int, 3> length_{}, place_{};
    std::array<std::int64_t, 3> sum_{};
    std::array<std::unique_ptr<std::int64_t[]>, 3> memory_;
    std::array<std::int64_t*, 3> ring_{};
    std::int64_t full_ = 0;
    double scale_ = 0.0;
};

} // namespace ton::modules::limiter
