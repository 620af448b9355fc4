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

// v(t) = start + t (slope + t (square + t cube)), t = elapsed / length; the target itself from t = 1 on.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ramp_value(D d, const Ramps::Curve& c, int lane, int ahead) {
    const hn::RebindToSigned<D> di;
    const auto elapsed = hn::LoadU(di, c.elapsed + lane) + hn::Set(di, ahead);
    const V t = hn::ConvertTo(d, elapsed) * hn::LoadU(d, c.inverse + lane);
    V v = hn::MulAdd(t, hn::LoadU(d, c.cube + lane), hn::LoadU(d, c.square + lane));
    v = hn::MulAdd(t, v, hn::LoadU(d, c.slope + lane));
    v = hn::MulAdd(t, v, hn::LoadU(d, c.start + lane));
    if (c.logarithmic) v = dsp::HWY_NAMESPACE::exp2(d, v);
    const auto still = hn::RebindMask(d, elapsed < hn::LoadU(di, c.length + lane));
    return hn::IfThenElse(still, v, hn::LoadU(d, c.value + lane));
}

// W lanes in steps of the widest vector that this instruction set has.
template <int W> struct RampKernel {
    using D = hn::CappedTag<float, W>;
    static void fill(const Ramps::Curve& c, float* out, int frames) TM_NONBLOCKING {
        const D d;
        const int step = static_cast<int>(hn::Lanes(d));
        for (int i = 0; i < frames; ++i, out += W)
            for (int lane = 0; lane < W; lane += step) hn::StoreU(ramp_value(d, c, lane, i), d, out + lane);
    }
    static void point(const Ramps::Curve& c, float* out, int ahead) TM_NONBLOCKING {
        const D d;
        const int step = static_cast<int>(hn::Lanes(d));
        for (int lane = 0; lane < W; lane += step) hn::StoreU(ramp_value(d, c, lane, ahead), d, out + lane);
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

Ramps::Ramps(std::span<const Parameter> rows, int width, double sample_rate)
    : rows_(first_meter(rows)), width_(width),
      row_(std::make_unique<Row[]>(static_cast<std::size_t>(rows_ > 0 ? rows_ : 1))),
      kernels_(HWY_DYNAMIC_DISPATCH(RampTable)().widths[std::bit_width(static_cast<unsigned>(width)) - 1]) {
    if (rows_ > kMaxRows) throw std::length_error("a module has more parameters than Ramps::kMaxRows");
    const std::size_t n = static_cast<std::size_t>(rows_) * static_cast<std::size_t>(width_);
    const std::size_t padded = (n + 15) / 16 * 16 + 16;
    floats_ = hwy::AllocateAligned<float>(padded * 7);
    ints_ = hwy::AllocateAligned<int>(padded * 2);
    std::fill_n(floats_.get(), padded * 7, 0.0F);
    std::fill_n(ints_.get(), padded * 2, 0);
    float** const arrays[] = {&start_, &slope_, &square_, &cube_, &inverse_, &value_, &cell_};
    for (std::size_t i = 0; i < 7; ++i) *arrays[i] = floats_.get() + i * padded;
    elapsed_ = ints_.get();
    length_ = ints_.get() + padded;
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
    return {start_ + o, slope_ + o,   square_ + o, cube_ + o,   inverse_ + o,
            value_ + o, elapsed_ + o, length_ + o, row_[row].logarithmic};
}

void Ramps::mark(int row) TM_NONBLOCKING {
    if (moving_[static_cast<std::size_t>(row)]) return;
    moving_[static_cast<std::size_t>(row)] = true;
    ++moving_count_;
    if (row_[row].rate == Rate::grid) ++grid_count_;
}

void Ramps::settle(int row) TM_NONBLOCKING {
    moving_[static_cast<std::size_t>(row)] = false;
    --moving_count_;
    if (row_[row].rate == Rate::grid) --grid_count_;
}

void Ramps::jump(int row, int lane, float value) TM_NONBLOCKING {
    const auto i = at(row, lane);
    value_[i] = cell_[i] = value;
    elapsed_[i] = length_[i] = 0;
    mark(row);
}

void Ramps::aim(int row, int lane, float target, std::int64_t fade) TM_NONBLOCKING {
    const auto i = at(row, lane);
    const bool logarithmic = row_[row].logarithmic;
    const int frames = fade < 0 ? row_[row].smoothing
                                : static_cast<int>(std::min<std::int64_t>(fade, std::numeric_limits<int>::max() / 2));
    if (frames <= 0) return jump(row, lane, target);
    float from = logarithmic ? std::log2(value_[i]) : value_[i];
    float slope = 0.0F; // per frame
    if (elapsed_[i] < length_[i]) {
        const float t = static_cast<float>(elapsed_[i]) * inverse_[i];
        from = start_[i] + t * (slope_[i] + t * (square_[i] + t * cube_[i]));
        slope = (slope_[i] + t * (2.0F * square_[i] + 3.0F * t * cube_[i])) * inverse_[i];
    }
    const float delta = (logarithmic ? std::log2(target) : target) - from;
    const float m = slope * static_cast<float>(frames);
    start_[i] = from;
    slope_[i] = m;
    square_[i] = 3.0F * delta - 2.0F * m;
    cube_[i] = m - 2.0F * delta;
    inverse_[i] = 1.0F / static_cast<float>(frames);
    value_[i] = target;
    elapsed_[i] = 0;
    length_[i] = frames;
    mark(row);
}

bool Ramps::arrived(int row) const TM_NONBLOCKING {
    for (int lane = 0; lane < width_; ++lane)
        if (elapsed_[at(row, lane)] < length_[at(row, lane)]) return false;
    return true;
}

const float* Ramps::at_cell_end() TM_NONBLOCKING {
    for (int r = 0; grid_count_ > 0 && r < rows_; ++r) {
        if (!moving(r) || row_[r].rate != Rate::grid) continue;
        kernels_.point(curve(r), cell_ + at(r, 0), kGrid);
        bool all = true;
        for (int lane = 0; lane < width_; ++lane) {
            const auto i = at(r, lane);
            // Lane by lane, never by what the neighbours do: a strip's bits must not depend on its group.
            if (elapsed_[i] + kGrid >= length_[i]) elapsed_[i] = length_[i];
            else all = false;
        }
        if (all) settle(r);
    }
    return cell_;
}

void Ramps::controls(Control* controls, float* scratch, int frames) TM_NONBLOCKING {
    for (int r = 0; r < rows_; ++r) {
        if (moving(r) && row_[r].rate == Rate::sample) {
            kernels_.fill(curve(r), scratch, frames);
            controls[r] = {scratch, width_};
            scratch += static_cast<std::ptrdiff_t>(kSegment) * width_;
        } else {
            controls[r] = {value_ + at(r, 0), 0};
        }
    }
}

void Ramps::advance(int frames) TM_NONBLOCKING {
    if (moving_count_ == 0) return;
    for (int r = 0; r < rows_; ++r) {
        if (!moving(r)) continue;
        for (int lane = 0; lane < width_; ++lane) {
            const auto i = at(r, lane);
            elapsed_[i] = std::min(elapsed_[i] + frames, length_[i]);
        }
        if (row_[r].rate == Rate::sample && arrived(r)) settle(r);
    }
}

float Ramps::now(int row, int lane) const TM_NONBLOCKING {
    const auto i = at(row, lane);
    if (elapsed_[i] >= length_[i]) return value_[i];
    const float t = static_cast<float>(elapsed_[i]) * inverse_[i];
    const float v = start_[i] + t * (slope_[i] + t * (square_[i] + t * cube_[i]));
    return row_[row].logarithmic ? std::exp2(v) : v;
}

void Ramps::copy_lane(int lane, const Ramps& from, int from_lane) TM_NONBLOCKING {
    for (int r = 0; r < rows_; ++r) {
        const auto i = at(r, lane), j = from.at(r, from_lane);
        start_[i] = from.start_[j], slope_[i] = from.slope_[j], square_[i] = from.square_[j];
        cube_[i] = from.cube_[j], inverse_[i] = from.inverse_[j], value_[i] = from.value_[j];
        cell_[i] = from.cell_[j], elapsed_[i] = from.elapsed_[j], length_[i] = from.length_[j];
        if (from.moving(r)) mark(r);
    }
}

} // namespace ton::engine
#endif
