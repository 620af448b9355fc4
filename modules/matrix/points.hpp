// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/changeover.hpp"
#include "engine/block.hpp"
#include "engine/travel.hpp"

#include <algorithm>
#include <cstdint>

namespace ton::modules::matrix {

inline constexpr int kMost = 64; ///< inputs, outputs
enum PointRow { level, on, invert, delay, kPointRows };

/// A value that goes to its targets as engine::Ramps' do, to the bit, on a clock: it need not be run to arrive.
class Course {
  public:
    explicit Course(float value = 0.0F) : to_(value) {}
    /// `frames` 0: at once. Also to the same target it begins anew, unless it is there.
    void aim(float target, int frames, std::int64_t now, engine::Way way) TM_NONBLOCKING {
        const bool moves = moving(now);
        if (target == to_ && !moves) return;
        const float speed = moves ? travel_.speed(part(now)) * inverse_ * static_cast<float>(frames) : 0.0F;
        travel_ = engine::Travel<float>::between(at(now), target, speed, way);
        to_ = target;
        begun_ = now;
        length_ = frames;
        inverse_ = 1.0F / static_cast<float>(std::max(frames, 1));
    }
    float at(std::int64_t now) const TM_NONBLOCKING { return moving(now) ? travel_.at(part(now)) : to_; }
    /// The values at() from `now` on.
    void fill(float* out, std::int64_t now, int frames) const TM_NONBLOCKING {
        const int moves = static_cast<int>(std::clamp<std::int64_t>(begun_ + length_ - now, 0, frames));
        const float start = travel_.start, slope = travel_.slope, square = travel_.square(), cube = travel_.cube(), inverse = inverse_;
        const auto elapsed = static_cast<int>(moves > 0 ? now - begun_ : 0);
        for (int i = 0; i < moves; ++i) {
            const float t = static_cast<float>(elapsed + i) * inverse;
            out[i] = start + t * (slope + t * (square + t * cube));
        }
        std::fill(out + moves, out + frames, to_);
    }
    bool moving(std::int64_t now) const TM_NONBLOCKING { return now - begun_ < length_; }
    bool silent(std::int64_t now) const TM_NONBLOCKING { return to_ == 0.0F && !moving(now); }
    /// How many of so many frames pass before it is silent until the next aim().
    int heard(std::int64_t now, int frames) const TM_NONBLOCKING {
        return to_ != 0.0F ? frames : static_cast<int>(std::clamp<std::int64_t>(begun_ + length_ - now, 0, frames));
    }

  private:
    float part(std::int64_t now) const TM_NONBLOCKING { return static_cast<float>(now - begun_) * inverse_; }

    engine::Travel<float> travel_;
    float to_, inverse_ = 1.0F;
    int length_ = 0; // frames
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
    /// At most engine::kSegment values of gain_at().
    void gains(float* out, std::int64_t now, int frames) const TM_NONBLOCKING {
        level.fill(out, now, frames);
        float signs[engine::kSegment];
        sign.fill(signs, now, frames);
        for (int i = 0; i < frames; ++i) out[i] *= signs[i];
    }
    int heard(std::int64_t now, int frames) const TM_NONBLOCKING { return std::min(level.heard(now, frames), sign.heard(now, frames)); }
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
