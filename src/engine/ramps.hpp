// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"
#include "engine/memory.hpp"
#include "engine/parameter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace ton::engine {

/// How a value travels: on a curve that leaves with the present slope and arrives with none, or straight.
enum class Way : std::uint8_t { smooth, linear };

/// The moving parameters of one module for `width` strips side by side.
///
/// A new target is approached on a cubic that starts with the present value and slope and arrives after exactly the
/// row's smoothing time (or the fade time that was asked for) with slope zero. So a hand that goes on in one direction
/// moves without a kink, and every way is monotone: no value ever leaves the span between the present one and its target.
/// (A hand that turns round, or stops much shorter than it moved, loses the slope that would overshoot.) Values depend on the absolute sample clock only, never on how it is cut into blocks.
class Ramps {
  public:
    static constexpr int kMaxRows = 192;
    static constexpr int kFields = 6; ///< of a row: see Curve

    /// Control thread. Rows from the first meter on are left out; texts take a place but never move.
    Ramps(std::span<const Parameter> rows, int width, double sample_rate);

    int rows() const TM_NONBLOCKING { return rows_; }
    /// Floats from one row's values at a cell's end to the next one's; see Update.
    int stride() const TM_NONBLOCKING { return width_; }
    int width() const TM_NONBLOCKING { return width_; }

    /// Either thread (whoever owns the state): a value in kernel units, without a ramp.
    void jump(int row, int lane, float value) TM_NONBLOCKING;
    /// Audio thread: a target in kernel units, from the absolute sample `now` on. `fade` in frames, or negative for the
    /// row's smoothing.
    void aim(int row, int lane, float target, std::int64_t fade, std::int64_t now, Way way = Way::smooth) TM_NONBLOCKING;

    bool any_moving() const TM_NONBLOCKING { return moving_count_ > 0; }
    bool grid_moving() const TM_NONBLOCKING { return grid_count_ > 0; }
    bool moving(int row) const TM_NONBLOCKING { return (moving_[row / 64] >> (row % 64) & 1) != 0; }

    /// At the grid point `now`: the values for the end of the cell that begins: values[row * stride + lane].
    const float* at_cell_end(std::int64_t now) TM_NONBLOCKING;
    /// The rows that the last at_cell_end() moved, a bit each.
    const std::uint64_t* stepped() const TM_NONBLOCKING { return stepped_; }
    /// The `frames` values from `now` on of the sample-rate rows that move: written to `scratch`, one stretch of
    /// kSegment * width after another, and controls[row] refers to them. Other rows' controls stay as rest() set them.
    void controls(Control* controls, float* scratch, std::int64_t now, int frames) TM_NONBLOCKING;
    /// All controls as they are while nothing moves.
    void rest(Control* controls) const TM_NONBLOCKING;
    /// Rows that have arrived by `now` stop moving; their controls rest.
    void settle(std::int64_t now, Control* controls) TM_NONBLOCKING;

    /// Where the value is heading, in kernel units.
    float target(int row, int lane) const TM_NONBLOCKING { return value_[at(row, lane)]; }
    int sample_rows() const TM_NONBLOCKING { return sample_rows_; }

    /// Asks for the memory of what moves, ahead of its use.
    void prefetch() const TM_NONBLOCKING;

    /// Takes over another strip's whole parameter state, ramps included. Same rows; owner thread.
    void copy_lane(int lane, const Ramps& from, int from_lane) TM_NONBLOCKING;

    /// One row's curves, `width` of each. Only what the cubic needs is kept: a big desk's ramps should fit the cache.
    struct Curve {
        const float *value;                  ///< the target
        const float *start, *slope, *delta;  ///< at the beginning; the whole way. In log2 where logarithmic
        const std::int32_t* begin;           ///< the sample at which it began, modulo 2^32
        std::int32_t* length;                ///< frames; 0: arrived
        bool logarithmic;
    };
    struct Kernels { ///< per lane width, on the instruction set of this machine
        /// The values from `now` on; lanes that have arrived behind them are marked so.
        void (*fill)(const Curve&, float* out, std::int32_t now, int frames) TM_NONBLOCKING;
        /// The values at `then`; lanes that have arrived by then are marked so.
        void (*point)(const Curve&, float* out, std::int32_t then) TM_NONBLOCKING;
    };

  private:
    // A row's curves lie side by side, so that a moving row is one stretch of memory.
    std::size_t at(int row, int lane) const TM_NONBLOCKING {
        return static_cast<std::size_t>(row * kFields * width_ + lane);
    }
    std::size_t at_cell(int row, int lane) const TM_NONBLOCKING { return static_cast<std::size_t>(row * width_ + lane); }
    Curve curve(int row) const TM_NONBLOCKING;
    void stop(int row) TM_NONBLOCKING;
    template <class F> void each_moving(F f) const TM_NONBLOCKING;
    void mark(int row, std::int64_t end) TM_NONBLOCKING;

    struct Row {
        Rate rate = Rate::grid;
        bool logarithmic = false;
        int smoothing = 0;    // frames
        std::int64_t end = 0; // sample at which the last of its lanes arrives
    };
    int rows_, width_, sample_rows_ = 0, moving_count_ = 0, grid_count_ = 0;
    std::unique_ptr<Row[]> row_;
    Memory<std::byte> memory_;
    float* cell_;                            // [row * width + lane]: what kernels read at grid points lies together
    float *value_, *start_, *slope_, *delta_; // [row * kFields * width + lane]
    std::int32_t *begin_, *length_;                   // likewise, in the same memory
    std::uint64_t moving_[kMaxRows / 64] = {}, stepped_[kMaxRows / 64] = {}; // a bit per row
    std::int64_t soonest_ = 0;            // nothing arrives before
    Kernels kernels_;
};

} // namespace ton::engine
