// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/changeover.hpp"

#include <cstdint>

namespace ton::modules::matrix {

inline constexpr int kMost = 64; ///< inputs, outputs
enum PointRow { level, on, invert, delay, kPointRows };

/// A value that goes to its targets along t^2 (3 - 2t), from wherever it is, on a clock: it need not be run to arrive.
class Course {
  public:
    explicit Course(float value = 0.0F) : from_(value), to_(value) {}
    /// `frames` 0: at once. Also to the same target it begins anew, unless it is there.
    void aim(float target, int frames, std::int64_t now) TM_NONBLOCKING {
        if (target == to_ && !moving(now)) return;
        from_ = at(now);
        to_ = target;
        begun_ = now;
        length_ = frames;
    }
    float at(std::int64_t now) const TM_NONBLOCKING {
        if (!moving(now)) return to_;
        const float t = static_cast<float>(now - begun_) / static_cast<float>(length_);
        return from_ + (to_ - from_) * (t * t * (3.0F - 2.0F * t));
    }
    bool moving(std::int64_t now) const TM_NONBLOCKING { return now - begun_ < length_; }
    bool silent(std::int64_t now) const TM_NONBLOCKING { return to_ == 0.0F && !moving(now); }

  private:
    float from_, to_;
    int length_ = 0;
    std::int64_t begun_ = 0;
};

/// One crossing: a gain, and a delay in frames that changes by a fade. The gain is a level times a sign, each on its own way:
/// that it is switched or turned round never ends a fade of the level. Of a point that is off, delays are only noted: it has
/// the newest one when it is next heard, and nothing to fade from.
struct Point {
    explicit Point(int delay_fade) : delayed(delay_fade) {}
    float gain = 0.0F; // where it doesn't move
    bool moving = false, idle = true;
    bool on = true, invert = false, asleep = true;
    int delay = 0;     // frames, as set
    dsp::Changeover<int> delayed;
    Course level{0.0F}; // amplitude; 0: off
    Course sign{1.0F};  // 1, -1 inverted, 0 off

    float gain_at(std::int64_t now) const TM_NONBLOCKING { return level.at(now) * sign.at(now); }
    /// It stays silent until the next aim().
    bool idle_at(std::int64_t now) const TM_NONBLOCKING { return level.silent(now) || sign.silent(now); }
    void look(std::int64_t now) TM_NONBLOCKING {
        moving = level.moving(now) || sign.moving(now);
        idle = idle_at(now);
        if (!moving) gain = gain_at(now);
    }
    bool still() const TM_NONBLOCKING { return !moving && !delayed.fading(); }
    /// An input is kept for it.
    bool needs_input() const TM_NONBLOCKING { return !idle || delay > 0; }
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
