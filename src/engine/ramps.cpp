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

// v(t) = start + t (slope + t (square + t cube)), t = elapsed / length; square and cube follow from v(1) = start + delta,
// v'(1) = 0; where slope equals delta both are 0, and the way is straight. The target itself from t = 1 on. A lane that has arrived has length 0. Elapsed frames are taken modulo 2^32
// and compared as unsigned numbers.
template <class D> struct LaneCurve {
    using V = hn::Vec<D>;
    using I = hn::Vec<hn::RebindToSigned<D>>;
    V value, start, slope, square, cube, inverse;
    I begin, length;

    HWY_INLINE LaneCurve(D d, const Ramps::Curve& c, int lane) {
        const hn::RebindToSigned<D> di;
        const V delta = hn::LoadU(d, c.delta + lane);
        value = hn::LoadU(d, c.value + lane);
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
        return hn::IfThenElse(hn::RebindMask(d, on_its_way(d, elapsed)), v, value);
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
    static void point(const Ramps::Curve& c, float* out, std::int32_t then) TM_NONBLOCKING {
        const D d;
        const hn::RebindToSigned<D> di;
        const int step = static_cast<int>(hn::Lanes(d));
        for (int lane = 0; lane < W; lane += step) {
            const LaneCurve<D> curve(d, c, lane);
            hn::StoreU(c.logarithmic ? curve.template at<true>(d, then) : curve.template at<false>(d, then), d, out + lane);
            // Lane by lane, never by what the neighbours do: a strip's bits must not depend on its group.
            const auto moves = hn::RebindMask(di, curve.on_its_way(d, hn::Set(di, then) - curve.begin));
            hn::StoreU(hn::IfThenElseZero(moves, curve.length), di, c.length + lane);
        }
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
      row_(std::make_unique<Row[]>(static_cast<std::size_t>(rows_ > 0 ? rows_ : 1))),
      kernels_(HWY_DYNAMIC_DISPATCH(RampTable)().widths[std::bit_width(static_cast<unsigned>(width)) - 1]) {
    if (rows_ > kMaxRows) throw std::length_error("a module has more parameters than Ramps::kMaxRows");
    static_assert(sizeof(float) == sizeof(std::int32_t));
    const auto cells = static_cast<std::size_t>(rows_ * width_ + 15) / 16 * 16;
    const std::size_t count = cells + static_cast<std::size_t>(rows_ * kFields * width_) + 16;
    memory_ = allocate<std::byte>(count * sizeof(float));
    cell_ = reinterpret_cast<float*>(memory_.get());
    auto* const floats = cell_ + cells;
    float** const fields[] = {&value_, &start_, &slope_, &delta_};
    for (int f = 0; f < 4; ++f) *fields[f] = floats + f * width_;
    auto* const ints = reinterpret_cast<std::int32_t*>(memory_.get()) + cells;
    begin_ = ints + 4 * width_;
    length_ = ints + 5 * width_;
    for (int r = 0; r < rows_; ++r) {
        const auto& p = rows[static_cast<std::size_t>(r)];
        row_[r] = {p.rate, p.scale == Scale::logarithmic && p.kind == Kind::number,
                   static_cast<int>(std::lround(static_cast<double>(p.smoothing) * sample_rate / 1000.0))};
        if (p.rate == Rate::sample) ++sample_rows_;
        for (int lane = 0; lane < width_; ++lane) jump(r, lane, to_kernel(p, p.initial));
    }
    std::fill(std::begin(moving_), std::end(moving_), std::uint64_t{0});
    moving_count_ = grid_count_ = 0;
}

Ramps::Curve Ramps::curve(int row) const TM_NONBLOCKING {
    const auto o = at(row, 0);
    return {value_ + o, start_ + o, slope_ + o, delta_ + o, begin_ + o, length_ + o, row_[row].logarithmic};
}

void Ramps::mark(int row, std::int64_t end) TM_NONBLOCKING {
    row_[row].end = std::max(row_[row].end, end);
    soonest_ = std::min(soonest_, end);
    if (moving(row)) return;
    if (moving_count_ == 0) soonest_ = end;
    moving_[row / 64] |= std::uint64_t{1} << (row % 64);
    ++moving_count_;
    if (row_[row].rate == Rate::grid) ++grid_count_;
}

void Ramps::stop(int row) TM_NONBLOCKING {
    moving_[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    row_[row].end = 0;
    --moving_count_;
    if (row_[row].rate == Rate::grid) --grid_count_;
}

/// In order. `f` may stop the row that it is given.
template <class F> void Ramps::each_moving(F f) const TM_NONBLOCKING {
    for (int word = 0; word < kMaxRows / 64; ++word)
        for (auto bits = moving_[word]; bits != 0; bits &= bits - 1) f(word * 64 + std::countr_zero(bits));
}

void Ramps::jump(int row, int lane, float value) TM_NONBLOCKING {
    const auto i = at(row, lane);
    value_[i] = cell_[at_cell(row, lane)] = value;
    length_[i] = 0;
    mark(row, 0);
}

void Ramps::aim(int row, int lane, float target, std::int64_t fade, std::int64_t now, Way way) TM_NONBLOCKING {
    const auto i = at(row, lane);
    const bool logarithmic = row_[row].logarithmic;
    const int frames = fade < 0 ? row_[row].smoothing : static_cast<int>(std::min(fade, kLongestFade));
    if (frames <= 0) return jump(row, lane, target);
    float from = logarithmic ? std::log2(value_[i]) : value_[i];
    float slope = 0.0F; // per frame
    const auto elapsed = static_cast<std::uint32_t>(now) - static_cast<std::uint32_t>(begin_[i]);
    if (elapsed < static_cast<std::uint32_t>(length_[i])) {
        const float inverse = 1.0F / static_cast<float>(length_[i]), t = static_cast<float>(elapsed) * inverse;
        const bool straight = slope_[i] == delta_[i];
        const float square = straight ? 0.0F : 3.0F * delta_[i] - 2.0F * slope_[i], cube = straight ? 0.0F : slope_[i] - 2.0F * delta_[i];
        from = start_[i] + t * (slope_[i] + t * (square + t * cube));
        slope = (slope_[i] + t * (2.0F * square + 3.0F * t * cube)) * inverse;
    }
    const float delta = (logarithmic ? std::log2(target) : target) - from;
    // As much of the present slope as leaves the way monotone (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980): without
    // this bound a long fade would carry a short one's speed far beyond both ends.
    const float wish = slope * static_cast<float>(frames);
    const float m = wish * delta <= 0.0F ? 0.0F : delta > 0.0F ? std::min(wish, 3.0F * delta) : std::max(wish, 3.0F * delta);
    start_[i] = from;
    // Equal numbers mean straight; a curve that happens to leave at just that speed is kept off it by one bit.
    slope_[i] = way == Way::linear ? delta : m == delta ? std::nextafter(m, 0.0F) : m;
    delta_[i] = delta;
    value_[i] = target;
    begin_[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(now));
    length_[i] = frames;
    mark(row, now + frames);
}

const float* Ramps::at_cell_end(std::int64_t now) TM_NONBLOCKING {
    std::memset(stepped_, 0, sizeof stepped_);
    each_moving([&](int r) {
        if (row_[r].rate != Rate::grid) return;
        stepped_[r / 64] |= std::uint64_t{1} << (r % 64);
        kernels_.point(curve(r), cell_ + at_cell(r, 0), static_cast<std::int32_t>(static_cast<std::uint32_t>(now + kGrid)));
        if (row_[r].end <= now + kGrid) stop(r);
    });
    return cell_;
}

void Ramps::controls(Control* controls, float* scratch, std::int64_t now, int frames) TM_NONBLOCKING {
    if (moving_count_ == grid_count_) return;
    each_moving([&](int r) {
        if (row_[r].rate != Rate::sample) return;
        kernels_.fill(curve(r), scratch, static_cast<std::int32_t>(static_cast<std::uint32_t>(now)), frames);
        controls[r] = {scratch, width_};
        scratch += static_cast<std::ptrdiff_t>(kSegment) * width_;
    });
}

void Ramps::rest(Control* controls) const TM_NONBLOCKING {
    for (int r = 0; r < rows_; ++r) controls[r] = {row_[r].rate == Rate::grid ? cell_ + at_cell(r, 0) : value_ + at(r, 0), 0};
}

void Ramps::settle(std::int64_t now, Control* controls) TM_NONBLOCKING {
    if (moving_count_ == 0 || now < soonest_) return;
    soonest_ = std::numeric_limits<std::int64_t>::max();
    each_moving([&](int r) {
        if (row_[r].rate == Rate::sample && row_[r].end <= now) {
            for (int lane = 0; lane < width_; ++lane) length_[at(r, lane)] = 0;
            controls[r] = {value_ + at(r, 0), 0};
            stop(r);
        } else {
            soonest_ = std::min(soonest_, row_[r].end);
        }
    });
}

void Ramps::prefetch() const TM_NONBLOCKING {
    each_moving([&](int r) {
        for (int field = 0; field < kFields; ++field)
            __builtin_prefetch(value_ + at(r, 0) + static_cast<std::ptrdiff_t>(field) * width_);
    });
}

void Ramps::copy_lane(int lane, const Ramps& from, int from_lane) TM_NONBLOCKING {
    for (int r = 0; r < rows_; ++r) {
        const auto i = at(r, lane), j = from.at(r, from_lane);
        start_[i] = from.start_[j], slope_[i] = from.slope_[j], delta_[i] = from.delta_[j], value_[i] = from.value_[j];
        cell_[at_cell(r, lane)] = from.cell_[from.at_cell(r, from_lane)];
        begin_[i] = from.begin_[j], length_[i] = from.length_[j];
        if (from.moving(r)) mark(r, from.row_[r].end);
    }
}

} // namespace ton::engine
#endif
