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

// v(t) = start + t (slope + t (square + t cube)), t = elapsed / length; the target itself from t = 1 on. A lane that has
// arrived has length 0. Elapsed frames are taken modulo 2^32 and compared as unsigned numbers.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ramp_value(D d, const Ramps::Curve& c, int lane, std::int32_t now) {
    const hn::RebindToSigned<D> di;
    const hn::RebindToUnsigned<D> du;
    const auto elapsed = hn::Set(di, now) - hn::LoadU(di, c.begin + lane);
    const V t = hn::ConvertTo(d, elapsed) * hn::LoadU(d, c.inverse + lane);
    V v = t * hn::LoadU(d, c.cube + lane) + hn::LoadU(d, c.square + lane); // not fused: see lane_math-inl.h
    v = t * v + hn::LoadU(d, c.slope + lane);
    v = t * v + hn::LoadU(d, c.start + lane);
    if (c.logarithmic) v = dsp::HWY_NAMESPACE::exp2(d, v);
    const auto length = hn::LoadU(di, c.length + lane);
    const auto still = hn::RebindMask(d, hn::BitCast(du, elapsed) < hn::BitCast(du, length));
    return hn::IfThenElse(still, v, hn::LoadU(d, c.value + lane));
}

// W lanes in steps of the widest vector that this instruction set has.
template <int W> struct RampKernel {
    using D = hn::CappedTag<float, W>;
    static void fill(const Ramps::Curve& c, float* out, std::int32_t now, int frames) TM_NONBLOCKING {
        const D d;
        const int step = static_cast<int>(hn::Lanes(d));
        for (int i = 0; i < frames; ++i, out += W)
            for (int lane = 0; lane < W; lane += step) hn::StoreU(ramp_value(d, c, lane, now + i), d, out + lane);
    }
    static void point(const Ramps::Curve& c, float* out, std::int32_t then) TM_NONBLOCKING {
        const D d;
        const hn::RebindToSigned<D> di;
        const hn::RebindToUnsigned<D> du;
        const int step = static_cast<int>(hn::Lanes(d));
        for (int lane = 0; lane < W; lane += step) {
            hn::StoreU(ramp_value(d, c, lane, then), d, out + lane);
            // Lane by lane, never by what the neighbours do: a strip's bits must not depend on its group.
            const auto elapsed = hn::BitCast(du, hn::Set(di, then) - hn::LoadU(di, c.begin + lane));
            const auto length = hn::LoadU(di, c.length + lane);
            hn::StoreU(hn::IfThenElseZero(hn::RebindMask(di, elapsed < hn::BitCast(du, length)), length), di, c.length + lane);
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
    const std::size_t count = static_cast<std::size_t>(rows_) * static_cast<std::size_t>(stride()) + 16;
    floats_ = hwy::AllocateAligned<float>(count);
    ints_ = hwy::AllocateAligned<std::int32_t>(count);
    std::fill_n(floats_.get(), count, 0.0F);
    std::fill_n(ints_.get(), count, 0);
    float** const fields[kFields] = {&cell_, &value_, &start_, &slope_, &square_, &cube_, &inverse_};
    for (int f = 0; f < kFields; ++f) *fields[f] = floats_.get() + static_cast<std::ptrdiff_t>(f) * width_;
    begin_ = ints_.get();
    length_ = ints_.get() + width_;
    for (int r = 0; r < rows_; ++r) {
        const auto& p = rows[static_cast<std::size_t>(r)];
        row_[r] = {p.rate, p.scale == Scale::logarithmic && p.kind == Kind::number,
                   static_cast<int>(std::lround(static_cast<double>(p.smoothing) * sample_rate / 1000.0))};
        if (p.rate == Rate::sample) ++sample_rows_;
        for (int lane = 0; lane < width_; ++lane) jump(r, lane, to_kernel(p, p.initial));
    }
    moving_.reset();
    moving_count_ = grid_count_ = 0;
}

Ramps::Curve Ramps::curve(int row) const TM_NONBLOCKING {
    const auto o = at(row, 0);
    return {start_ + o, slope_ + o, square_ + o, cube_ + o, inverse_ + o, value_ + o, begin_ + o, length_ + o, row_[row].logarithmic};
}

void Ramps::mark(int row, std::int64_t end) TM_NONBLOCKING {
    row_[row].end = std::max(row_[row].end, end);
    soonest_ = std::min(soonest_, end);
    if (moving_[static_cast<std::size_t>(row)]) return;
    if (moving_count_ == 0) soonest_ = end;
    moving_[static_cast<std::size_t>(row)] = true;
    ++moving_count_;
    if (row_[row].rate == Rate::grid) ++grid_count_;
}

void Ramps::stop(int row) TM_NONBLOCKING {
    moving_[static_cast<std::size_t>(row)] = false;
    row_[row].end = 0;
    --moving_count_;
    if (row_[row].rate == Rate::grid) --grid_count_;
}

void Ramps::jump(int row, int lane, float value) TM_NONBLOCKING {
    const auto i = at(row, lane);
    value_[i] = cell_[i] = value;
    length_[i] = 0;
    mark(row, 0);
}

void Ramps::aim(int row, int lane, float target, std::int64_t fade, std::int64_t now) TM_NONBLOCKING {
    const auto i = at(row, lane);
    const bool logarithmic = row_[row].logarithmic;
    const int frames = fade < 0 ? row_[row].smoothing : static_cast<int>(std::min(fade, kLongestFade));
    if (frames <= 0) return jump(row, lane, target);
    float from = logarithmic ? std::log2(value_[i]) : value_[i];
    float slope = 0.0F; // per frame
    const auto elapsed = static_cast<std::uint32_t>(now) - static_cast<std::uint32_t>(begin_[i]);
    if (elapsed < static_cast<std::uint32_t>(length_[i])) {
        const float t = static_cast<float>(elapsed) * inverse_[i];
        from = start_[i] + t * (slope_[i] + t * (square_[i] + t * cube_[i]));
        slope = (slope_[i] + t * (2.0F * square_[i] + 3.0F * t * cube_[i])) * inverse_[i];
    }
    const float delta = (logarithmic ? std::log2(target) : target) - from;
    // As much of the present slope as leaves the way monotone (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980): without
    // this bound a long fade would carry a short one's speed far beyond both ends.
    const float wish = slope * static_cast<float>(frames);
    const float m = wish * delta <= 0.0F ? 0.0F : delta > 0.0F ? std::min(wish, 3.0F * delta) : std::max(wish, 3.0F * delta);
    start_[i] = from;
    slope_[i] = m;
    square_[i] = 3.0F * delta - 2.0F * m;
    cube_[i] = m - 2.0F * delta;
    inverse_[i] = 1.0F / static_cast<float>(frames);
    value_[i] = target;
    begin_[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(now));
    length_[i] = frames;
    mark(row, now + frames);
}

const float* Ramps::at_cell_end(std::int64_t now) TM_NONBLOCKING {
    for (int r = 0; grid_count_ > 0 && r < rows_; ++r) {
        if (!moving(r) || row_[r].rate != Rate::grid) continue;
        kernels_.point(curve(r), cell_ + at(r, 0), static_cast<std::int32_t>(static_cast<std::uint32_t>(now + kGrid)));
        if (row_[r].end <= now + kGrid) stop(r);
    }
    return cell_;
}

void Ramps::controls(Control* controls, float* scratch, std::int64_t now, int frames) TM_NONBLOCKING {
    for (int r = 0, left = moving_count_ - grid_count_; left > 0; ++r) {
        if (!moving(r) || row_[r].rate != Rate::sample) continue;
        --left;
        kernels_.fill(curve(r), scratch, static_cast<std::int32_t>(static_cast<std::uint32_t>(now)), frames);
        controls[r] = {scratch, width_};
        scratch += static_cast<std::ptrdiff_t>(kSegment) * width_;
    }
}

void Ramps::rest(Control* controls) const TM_NONBLOCKING {
    for (int r = 0; r < rows_; ++r) controls[r] = {value_ + at(r, 0), 0};
}

void Ramps::settle(std::int64_t now, Control* controls) TM_NONBLOCKING {
    if (moving_count_ == 0 || now < soonest_) return;
    soonest_ = std::numeric_limits<std::int64_t>::max();
    for (int r = 0; r < rows_; ++r) {
        if (!moving(r)) continue;
        if (row_[r].rate == Rate::sample && row_[r].end <= now) {
            for (int lane = 0; lane < width_; ++lane) length_[at(r, lane)] = 0;
            controls[r] = {value_ + at(r, 0), 0};
            stop(r);
        } else {
            soonest_ = std::min(soonest_, row_[r].end);
        }
    }
}

void Ramps::prefetch() const TM_NONBLOCKING {
    for (int r = 0, left = moving_count_; left > 0; ++r) {
        if (!moving(r)) continue;
        --left;
        const auto first = at(r, 0);
        for (int field = 0; field < kFields; ++field) __builtin_prefetch(cell_ + first + static_cast<std::ptrdiff_t>(field) * width_);
        __builtin_prefetch(begin_ + first);
        __builtin_prefetch(length_ + first);
    }
}

void Ramps::copy_lane(int lane, const Ramps& from, int from_lane) TM_NONBLOCKING {
    for (int r = 0; r < rows_; ++r) {
        const auto i = at(r, lane), j = from.at(r, from_lane);
        start_[i] = from.start_[j], slope_[i] = from.slope_[j], square_[i] = from.square_[j];
        cube_[i] = from.cube_[j], inverse_[i] = from.inverse_[j], value_[i] = from.value_[j];
        cell_[i] = from.cell_[j], begin_[i] = from.begin_[j], length_[i] = from.length_[j];
        if (from.moving(r)) mark(r, from.row_[r].end);
    }
}

} // namespace ton::engine
#endif
