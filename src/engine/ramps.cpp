// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ramps.cpp"
#include <hwy/foreach_target.h>

#include "dsp/lane_math-inl.h"
#include "engine/module.hpp"
#include "engine/ramps.hpp"

#include <hwy/highway.h>

#ifndef TON_ENGINE_RAMPS_TYPES
#define TON_ENGINE_RAMPS_TYPES
namespace ton::engine {
struct RampKernels {
    Ramps::Kernels widths[5]; // of 1, 2 (unused), 4, 8, 16 lanes: index log2 of the width
};
} // namespace ton::engine
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Travel<float>::at(), t = elapsed / length, and the target itself from t = 1 on. A lane that has arrived has length 0.
// Elapsed frames are taken modulo 2^32 and compared as unsigned numbers.
template <class D> struct LaneCurve {
    using V = hn::Vec<D>;
    using I = hn::Vec<hn::RebindToSigned<D>>;
    V start, slope, square, cube, inverse;
    const float* target;
    I begin, length;

    HWY_INLINE LaneCurve(D d, const Ramps::Curve& c, int lane) {
        const hn::RebindToSigned<D> di;
        const V delta = hn::LoadU(d, c.delta + lane);
        target = c.target + lane;
        start = hn::LoadU(d, c.start + lane);
        slope = hn::LoadU(d, c.slope + lane);
        const auto straight = slope == delta;
        square = hn::IfThenZeroElse(straight, hn::Set(d, 3.0F) * delta - hn::Set(d, 2.0F) * slope);
        cube = hn::IfThenZeroElse(straight, slope - hn::Set(d, 2.0F) * delta);
        begin = hn::LoadU(di, c.begin + lane);
        length = hn::LoadU(di, c.length + lane);
        inverse = hn::Set(d, 1.0F) / hn::ConvertTo(d, hn::Max(length, hn::Set(di, 1)));
    }
    HWY_INLINE auto on_its_way(D, I elapsed) const {
        const hn::RebindToUnsigned<D> du;
        return hn::BitCast(du, elapsed) < hn::BitCast(du, length);
    }
    template <bool kLogarithmic> HWY_INLINE V at(D d, std::int32_t now) const {
        const hn::RebindToSigned<D> di;
        const auto elapsed = hn::Set(di, now) - begin;
        const V t = hn::ConvertTo(d, elapsed) * inverse;
        V v = t * cube + square; // not fused: see lane_math-inl.h
        v = t * v + slope;
        v = t * v + start;
        if constexpr (kLogarithmic) v = dsp::HWY_NAMESPACE::exp2(d, v);
        const auto moves = hn::RebindMask(d, on_its_way(d, elapsed));
        return hn::AllTrue(d, moves) ? v : hn::IfThenElse(moves, v, hn::LoadU(d, target));
    }
};

/// The clock goes round: modulo 2^32 it is a number without overflow.
constexpr std::int32_t later(std::int32_t now, int frames) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(now) + static_cast<std::uint32_t>(frames));
}

// W lanes in steps of the widest vector that this instruction set has.
template <int W> struct RampKernel {
    using D = hn::CappedTag<float, W>;
    template <bool kLogarithmic> static HWY_INLINE void fill_lanes(const Ramps::Curve& c, float* out, std::int32_t now, int frames) {
        const D d;
        const hn::RebindToSigned<D> di;
        const int step = static_cast<int>(hn::Lanes(d));
        for (int lane = 0; lane < W; lane += step) {
            const LaneCurve<D> curve(d, c, lane);
            for (int i = 0; i < frames; ++i) hn::StoreU(curve.template at<kLogarithmic>(d, later(now, i)), d, out + i * W + lane);
            // A lane that has arrived must not set out again when the clock comes round (24.8 h at 48 kHz) while its neighbours
            // keep the row moving.
            const auto moves = hn::RebindMask(di, curve.on_its_way(d, hn::Set(di, later(now, frames)) - curve.begin));
            hn::StoreU(hn::IfThenElseZero(moves, curve.length), di, c.length + lane);
        }
    }
    static void fill(const Ramps::Curve& c, float* out, std::int32_t now, int frames) TM_NONBLOCKING {
        if (c.logarithmic) fill_lanes<true>(c, out, now, frames);
        else fill_lanes<false>(c, out, now, frames);
    }
    static bool point(const Ramps::Curve& c, float* out, std::int32_t then) TM_NONBLOCKING {
        const D d;
        const hn::RebindToSigned<D> di;
        const int step = static_cast<int>(hn::Lanes(d));
        bool any = false;
        for (int lane = 0; lane < W; lane += step) {
            const LaneCurve<D> curve(d, c, lane);
            hn::StoreU(c.logarithmic ? curve.template at<true>(d, then) : curve.template at<false>(d, then), d, out + lane);
            // Lane by lane, never by what the neighbours do: a strip's bits must not depend on its group.
            const auto moves = hn::RebindMask(di, curve.on_its_way(d, hn::Set(di, then) - curve.begin));
            any = any || !hn::AllFalse(di, moves);
            const auto left = hn::IfThenElseZero(moves, curve.length);
            if (!hn::AllTrue(di, left == curve.length)) hn::StoreU(left, di, c.length + lane); // what isn't written need not go back to memory
        }
        return any;
    }
    static constexpr Ramps::Kernels kernels() { return {fill, point}; }
};

static const RampKernels& RampTable() {
    static constexpr RampKernels table{{RampKernel<1>::kernels(), RampKernel<1>::kernels(), RampKernel<4>::kernels(),
                                        RampKernel<8>::kernels(), RampKernel<16>::kernels()}};
    return table;
}

} // namespace ton::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace ton::engine {

HWY_EXPORT(RampTable);

namespace {
constexpr std::int64_t kLongestFade = std::int64_t{1} << 30; // frames: six hours at 48 kHz
} // namespace

Ramps::Ramps(std::span<const Parameter> rows, int width, double sample_rate)
    : rows_(first_meter(rows)), width_(width),
      kernels_(&HWY_DYNAMIC_DISPATCH(RampTable)().widths[std::bit_width(static_cast<unsigned>(width)) - 1]),
      memories_(std::make_unique<Memories>()) {
    if (rows_ > kMaxRows) throw std::length_error("a module has more parameters than Ramps::kMaxRows");
    static_assert(sizeof(float) == sizeof(std::int32_t));
    const std::size_t floats = whole_lines(rows_ * kFields * width_) + 2 * whole_lines(rows_ * width_);
    memories_->rows = std::make_unique<Row[]>(static_cast<std::size_t>(rows_));
    memories_->floats = allocate<std::byte>(floats * sizeof(float) + static_cast<std::size_t>(rows_) * sizeof(Control));
    memory_ = reinterpret_cast<float*>(memories_->floats.get());
    for (int r = 0; r < rows_; ++r) {
        const auto& p = rows[static_cast<std::size_t>(r)];
        memories_->rows[static_cast<std::size_t>(r)].smoothing = static_cast<int>(std::lround(static_cast<double>(p.smoothing) * sample_rate / 1000.0));
        if (p.rate == Rate::grid) grid_ |= bit(r);
        if (p.scale == Scale::logarithmic && p.kind == Kind::number) logarithmic_ |= bit(r);
        for (int lane = 0; lane < width_; ++lane) jump(r, lane, to_kernel(p, p.initial));
        rest(r);
    }
    moving_ = 0;
}

int Ramps::sample_rows() const TM_NONBLOCKING { return rows_ - std::popcount(grid_); }

Ramps::Curve Ramps::curve(int row) const TM_NONBLOCKING {
    const float* const floats = memory_ + at(row, 0);
    return {targets(row), floats + kStart * width_, floats + kSlope * width_, floats + kDelta * width_,
            frames(row, 0, kBegin), frames(row, 0, kLength), (logarithmic_ & bit(row)) != 0};
}

void Ramps::mark(int row, std::int64_t end) TM_NONBLOCKING {
    if ((grid_ & bit(row)) == 0) {
        Row& own = memories_->rows[row];
        own.end = moving(row) ? std::max(own.end, end) : end;
        soonest_ = (moving_ & ~grid_) == 0 ? end : std::min(soonest_, end);
    }
    moving_ |= bit(row);
}

void Ramps::rest(int row) TM_NONBLOCKING { all_controls()[row] = {(grid_ & bit(row)) != 0 ? cells_of(row) : targets(row), 0}; }

namespace {
/// In order. `f` may stop the row that it is given.
template <class F> void each(std::uint64_t rows, F f) TM_NONBLOCKING {
    for (; rows != 0; rows &= rows - 1) f(std::countr_zero(rows));
}
} // namespace

void Ramps::jump(int row, int lane, float value) TM_NONBLOCKING {
    targets(row)[lane] = cells_of(row)[lane] = value;
    *frames(row, lane, kLength) = 0;
    mark(row, 0);
}

void Ramps::aim(int row, int lane, float target, std::int64_t fade, std::int64_t now, Way way) TM_NONBLOCKING {
    const bool logarithmic = (logarithmic_ & bit(row)) != 0;
    const int length = fade < 0 ? memories_->rows[row].smoothing : static_cast<int>(std::min(fade, kLongestFade));
    if (length <= 0) return jump(row, lane, target);
    float* const curve = memory_ + at(row, lane);
    float &value = targets(row)[lane], &start = curve[kStart * width_], &slope = curve[kSlope * width_], &delta = curve[kDelta * width_];
    const std::int32_t was_begun = *frames(row, lane, kBegin), was_length = *frames(row, lane, kLength);
    float from = logarithmic ? std::log2(value) : value;
    float speed = 0.0F; // over the whole way to come
    const auto elapsed = static_cast<std::uint32_t>(now) - static_cast<std::uint32_t>(was_begun);
    if (elapsed < static_cast<std::uint32_t>(was_length)) {
        const float inverse = 1.0F / static_cast<float>(was_length), t = static_cast<float>(elapsed) * inverse;
        const Travel<float> was{start, slope, delta};
        from = was.at(t);
        speed = was.speed(t) * inverse * static_cast<float>(length);
    }
    const auto next = Travel<float>::between(from, logarithmic ? std::log2(target) : target, speed, way);
    start = next.start;
    slope = next.slope;
    delta = next.delta;
    value = target;
    *frames(row, lane, kBegin) = static_cast<std::int32_t>(static_cast<std::uint32_t>(now));
    *frames(row, lane, kLength) = length;
    mark(row, now + length);
}

Update Ramps::at_cell_end(std::int64_t now) TM_NONBLOCKING {
    const std::uint64_t stepped = moving_ & grid_;
    each(stepped, [&](int r) TM_NONBLOCKING {
        if (!kernels_->point(curve(r), cells_of(r), static_cast<std::int32_t>(static_cast<std::uint32_t>(now + kGrid)))) stop(r);
    });
    return {cells_of(0), width_, stepped};
}

void Ramps::render(float* scratch, std::int64_t now, int count) TM_NONBLOCKING {
    each(moving_ & ~grid_, [&](int r) TM_NONBLOCKING {
        kernels_->fill(curve(r), scratch, static_cast<std::int32_t>(static_cast<std::uint32_t>(now)), count);
        all_controls()[r] = {scratch, width_};
        scratch += static_cast<std::ptrdiff_t>(kSegment) * width_;
    });
}

void Ramps::settle(std::int64_t now) TM_NONBLOCKING {
    const std::uint64_t moving = moving_ & ~grid_;
    if (moving == 0 || now < soonest_) return;
    soonest_ = std::numeric_limits<std::int64_t>::max();
    each(moving, [&](int r) TM_NONBLOCKING {
        if (memories_->rows[r].end > now) {
            soonest_ = std::min(soonest_, memories_->rows[r].end);
            return;
        }
        for (int lane = 0; lane < width_; ++lane) *frames(r, lane, kLength) = 0;
        rest(r);
        stop(r);
    });
}

void Ramps::prefetch() const TM_NONBLOCKING {
    constexpr int kLine = 64 / sizeof(float);
    each(moving_, [&](int r) TM_NONBLOCKING {
        for (int i = 0; i < kFields * width_; i += kLine) __builtin_prefetch(memory_ + at(r, 0) + i);
    });
}

void Ramps::copy_lane(int lane, const Ramps& from, int from_lane) TM_NONBLOCKING {
    for (int r = 0; r < rows_; ++r) {
        for (int field = 0; field < kFields; ++field)
            std::memcpy(memory_ + at(r, lane, field), from.memory_ + from.at(r, from_lane, field), sizeof(float)); // integers, too
        targets(r)[lane] = from.targets(r)[from_lane], cells_of(r)[lane] = from.cells_of(r)[from_lane];
        if (from.moving(r)) mark(r, from.memories_->rows[r].end);
    }
}

} // namespace ton::engine
#endif
