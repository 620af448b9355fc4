// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"
#include "engine/memory.hpp"
#include "engine/parameter.hpp"
#include "engine/travel.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace ton::engine {

/// The moving parameters of one module for `width` strips side by side.
///
/// A new target is approached on a cubic that starts with the present value and slope and arrives after exactly the
/// row's smoothing time (or the fade time that was asked for) with slope zero. So a hand that goes on in one direction
/// moves without a kink, and every way is monotone: no value ever leaves the span between the present one and its target.
/// (A hand that turns round, or stops much shorter than it moved, loses the slope that would overshoot.) Values depend on the absolute sample clock only, never on how it is cut into blocks.
class Ramps {
  public:
    static constexpr int kMaxRows = 64;

    /// Control thread. Rows from the first meter on are left out; texts take a place but never move.
    Ramps(std::span<const Parameter> rows, int width, double sample_rate);

    int rows() const TM_NONBLOCKING { return rows_; }
    int width() const TM_NONBLOCKING { return width_; }

    /// Either thread (whoever owns the state): a value in kernel units, without a ramp.
    void jump(int row, int lane, float value) TM_NONBLOCKING;
    /// Audio thread: a target in kernel units, from the absolute sample `now` on. `fade` in frames, or negative for the
    /// row's smoothing.
    void aim(int row, int lane, float target, std::int64_t fade, std::int64_t now, Way way = Way::smooth) TM_NONBLOCKING;

    bool any_moving() const TM_NONBLOCKING { return moving_ != 0; }
    bool grid_moving() const TM_NONBLOCKING { return (moving_ & grid_) != 0; }
    bool moving(int row) const TM_NONBLOCKING { return (moving_ & bit(row)) != 0; }

    /// At the grid point `now`: the grid-rate rows' values for the end of the cell that begins (others' are of no meaning).
    Update at_cell_end(std::int64_t now) TM_NONBLOCKING;
    /// What the last at_cell_end() left, or jump().
    const float* cells() const TM_NONBLOCKING { return cells_of(0); }
    /// One per row, kept by render() and settle().
    const Control* controls() const TM_NONBLOCKING { return all_controls(); }
    /// The `frames` values from `now` on of the sample-rate rows that move: written to `scratch`, one stretch of
    /// kSegment * width after another, and their controls refer to them.
    void render(float* scratch, std::int64_t now, int frames) TM_NONBLOCKING;
    /// Sample-rate rows that have arrived by `now` stop moving; their controls rest.
    void settle(std::int64_t now) TM_NONBLOCKING;

    /// Where the value is heading, in kernel units.
    float target(int row, int lane) const TM_NONBLOCKING { return targets(row)[lane]; }
    int sample_rows() const TM_NONBLOCKING;

    /// Asks for the memory of what moves, ahead of its use.
    void prefetch() const TM_NONBLOCKING;

    /// Takes over another strip's whole parameter state, ramps included. Same rows; owner thread.
    void copy_lane(int lane, const Ramps& from, int from_lane) TM_NONBLOCKING;

    /// One row's curves, `width` of each. Only what the cubic needs is kept: a big desk's ramps should fit the cache.
    struct Curve {
        const float* target;                 ///< read where a lane has arrived, and kept aside for that
        const float *start, *slope, *delta;  ///< at the beginning; the whole way. In log2 where logarithmic
        const std::int32_t* begin;           ///< the sample at which it began, modulo 2^32
        std::int32_t* length;                ///< frames; 0: arrived
        bool logarithmic;
    };
    struct Kernels { ///< per lane width, on the instruction set of this machine
        /// The values from `now` on; lanes that have arrived behind them are marked so.
        void (*fill)(const Curve&, float* out, std::int32_t now, int frames) TM_NONBLOCKING;
        /// The values at `then`; lanes that have arrived by then are marked so. Whether any has not.
        bool (*point)(const Curve&, float* out, std::int32_t then) TM_NONBLOCKING;
    };

  private:
    enum Field { kStart, kSlope, kDelta, kBegin, kLength, kFields }; // as in Curve
    // A row's curves lie side by side, so that a moving row is one stretch of memory: [field * width + lane].
    std::size_t at(int row, int lane, int field = kStart) const TM_NONBLOCKING {
        return static_cast<std::size_t>((row * kFields + field) * width_ + lane);
    }
    static constexpr std::size_t whole_lines(int floats) TM_NONBLOCKING { return (static_cast<std::size_t>(floats) + 15) / 16 * 16; }
    float* targets(int row) const TM_NONBLOCKING { return memory_ + whole_lines(rows_ * kFields * width_) + row * width_; }
    float* cells_of(int row) const TM_NONBLOCKING { return targets(row) + whole_lines(rows_ * width_); }
    Control* all_controls() const TM_NONBLOCKING { return reinterpret_cast<Control*>(cells_of(0) + whole_lines(rows_ * width_)); }
    static constexpr std::uint64_t bit(int row) TM_NONBLOCKING { return std::uint64_t{1} << row; }
    Curve curve(int row) const TM_NONBLOCKING;
    std::int32_t* frames(int row, int lane, Field field) const TM_NONBLOCKING { return reinterpret_cast<std::int32_t*>(memory_) + at(row, lane, field); }
    void stop(int row) TM_NONBLOCKING { moving_ &= ~bit(row); }
    void rest(int row) TM_NONBLOCKING;
    void mark(int row, std::int64_t end) TM_NONBLOCKING;

    struct Row {
        int smoothing = 0;    // frames
        std::int64_t end = 0; // of a sample-rate row: the sample at which the last of its lanes arrives
    };
    struct Memories {
        std::unique_ptr<Row[]> rows;
        Memory<std::byte> floats;
    };
    // What every segment touches is one cache line: a big desk has some ten thousand of these.
    int rows_, width_;
    std::uint64_t moving_ = 0, grid_ = 0, logarithmic_ = 0; // a bit per row
    float* memory_; // curves: see at(); behind them targets and cells, [row * width + lane]; then a Control per row
    const Kernels* kernels_;
    std::int64_t soonest_ = 0; // no sample-rate row arrives before
    std::unique_ptr<Memories> memories_;
};
static_assert(sizeof(Ramps) <= 64);

} // namespace ton::engine
