// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/interpolator.hpp"
#include "dsp/nonblocking.hpp"

namespace ton::dsp {

/// What a chunk of samples can lead to, without interpolating it.
struct ChunkScan {
    float peak;  // max |x|
    float bend;  // max |x[n-2] - 2 x[n-1] + x[n]|, two samples before the chunk included
    bool finite; // else peak and bend mean nothing
};

/// The inner loops of true_peak.cpp, compiled for every instruction set; they run along time. All pointers
/// may be unaligned; x points at the first base sample, so x[-19] is read and 20 samples after the last base.
struct TruePeakKernels {
    static constexpr int chunk = 64; // samples per call of scan and peak, a multiple of every vector's lanes
    static constexpr int lanes_max = 16;

    ChunkScan (*scan)(const float* x) TM_NONBLOCKING;

    /// The largest magnitude of the interpolated points (4 per sample, the samples themselves excluded).
    float (*peak)(const float* x, const Interpolator& filter) TM_NONBLOCKING;

    /// out[n], n < count rounded up to lanes_max: the largest of |x[n]| and the 7 points after it.
    void (*envelope)(const float* x, const Interpolator& filter, float* out, int count) TM_NONBLOCKING;
};

/// The best kernels for this machine (or for the targets a test allows). Control thread.
const TruePeakKernels& true_peak_kernels();

} // namespace ton::dsp
