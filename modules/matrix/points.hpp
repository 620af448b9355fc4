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

/// One crossing: a signed gain on its way and a delay in frames that changes by a fade. Of one that is off, delays are
/// only noted: it has the newest one when it is next heard, and nothing to fade from.
struct Point {
    explicit Point(int delay_fade) : delayed(delay_fade) {}
    float level = 0.0F; // amplitude
    bool on = true, invert = false, asleep = true;
    Glide gain;         // 0: off
    int delay = 0;      // frames, as set
    dsp::Changeover<int> delayed;

    float wanted() const TM_NONBLOCKING { return on ? (invert ? -level : level) : 0.0F; }
    bool idle() const TM_NONBLOCKING { return gain.now() == 0.0F && !gain.moving(); }
    bool still() const TM_NONBLOCKING { return !gain.moving() && !delayed.fading(); }
    /// An input is kept for it.
    bool needs_input() const TM_NONBLOCKING { return !idle() || delay > 0; }
    void take_delay_at_once(int delay_fade) TM_NONBLOCKING {
        delayed = dsp::Changeover<int>(delay_fade);
        delayed.aim(delay);
    }
};

/// A bit for every crossing, row by row.
class Bits {
  public:
    void set(int row, int column, bool yes) TM_NONBLOCKING {
        const auto bit = std::uint64_t{1} << column;
        of_[row] = yes ? of_[row] | bit : of_[row] & ~bit;
    }
    std::uint64_t of(int row) const TM_NONBLOCKING { return of_[row]; }

  private:
    std::uint64_t of_[kMost] = {};
};

} // namespace ton::modules::matrix
