// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/changeover.hpp"
#include "modules/support/sources.hpp"

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

namespace ton::modules::matrix {

inline constexpr int kMost = 64; ///< inputs, outputs
enum PointRow { level, on, invert, delay, kPointRows };

/// One crossing: a signed gain on its way and a delay in frames that changes by a fade.
struct Point {
    explicit Point(int delay_fade) : delayed(delay_fade) { delayed.aim(0); }
    /// The same, its delay yet to be set, without a fade.
    Point(const Point& other, int delay_fade) : level(other.level), on(other.on), invert(other.invert), gain(other.gain), delayed(delay_fade) {}
    float level = 0.0F;                   // amplitude
    bool on = true, invert = false;
    Glide gain;                           // 0: off
    dsp::Changeover<int> delayed;

    float wanted() const TM_NONBLOCKING { return on ? (invert ? -level : level) : 0.0F; }
    bool idle() const TM_NONBLOCKING { return gain.now() == 0.0F && !gain.moving(); }
};

/// Which points are heard: a bit per input for every output, so that the sums' order is always that of the inputs, and a
/// point that is off costs nothing.
class Active {
  public:
    void set(int in, int out, bool yes) TM_NONBLOCKING {
        const auto bit = std::uint64_t{1} << in;
        of_[out] = yes ? of_[out] | bit : of_[out] & ~bit;
    }
    std::uint64_t of(int out) const TM_NONBLOCKING { return of_[out]; }

  private:
    std::uint64_t of_[kMost] = {};
};

} // namespace ton::modules::matrix
