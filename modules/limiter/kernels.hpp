// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"
#include "modules/limiter/interpolation.hpp"

namespace ton::modules::limiter {

/// What interpolated points can reach, without computing them.
struct Extent {
    float peak; ///< max |x|, one sample before and one after included
    float bend; ///< max |x[n-1] - 2 x[n] + x[n+1]|
};

/// The limiter's inner loops along time, compiled for every instruction set. Pointers may be unaligned. Where
/// a count is rounded up to kLanes, what lies beyond is written too (and must be allocated).
struct Kernels {
    static constexpr int kLanes = 16;

    /// out = x gain, where the product is finite, else 0; `stride` is 0 for one gain or 1 for one per sample.
    /// Returns whether all were finite. Exact count.
    bool (*condition)(const float* x, const float* gain, int stride, float* out, int count) TM_NONBLOCKING;

    /// Of x[0…count); reads x[-1] and x[count].
    Extent (*extent)(const float* x, int count) TM_NONBLOCKING;

    /// out[n] = max(out[n], |x[n]|). Exact count.
    void (*sample_peaks)(const float* x, float* out, int count) TM_NONBLOCKING;

    /// out[n] = max(out[n], the largest magnitude of the 7 points between x[n] and x[n+1]); count rounded up.
    /// Reads from x[1 - kHalf] to x[kHalf - 1] beyond the last.
    void (*true_peaks)(const float* x, const Interpolation& filter, float* out, int count) TM_NONBLOCKING;

    /// gain[n] = 1 where peak <= ceiling, else (1 - 2^-22) ceiling / peak. Exact count; returns whether all
    /// are 1.
    bool (*requests)(const float* peak, const float* ceiling, float* gain, int count) TM_NONBLOCKING;

    /// out[n] = min(x[n], x[n - back]). Exact count; out must not be x.
    void (*minima)(const float* x, int back, float* out, int count) TM_NONBLOCKING;

    /// out[n] = x[n] gain[n]. Exact count.
    void (*multiply)(const float* x, const float* gain, float* out, int count) TM_NONBLOCKING;
};

/// The best kernels of this machine (or of the targets a test allows). Control thread.
const Kernels& kernels();

} // namespace ton::modules::limiter
