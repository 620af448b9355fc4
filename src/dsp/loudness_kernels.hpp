// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

namespace ton::dsp {

/// Two channels' K-weighting filters side by side (lane 0 and 1). Both stages are scaled so that their first
/// coefficient is 1; `gain` squared goes into the power instead.
struct KPair {
    double shelf_b1, shelf_b2, shelf_a1, shelf_a2; // y = x + b1 x1 + b2 x2 - a1 y1 - a2 y2
    double high_a1, high_a2;                       // z = y - 2 y1 + y2 - a1 z1 - a2 z2
    double x1[2], x2[2], y1[2], y2[2], z1[2], z2[2];
    double energy[2]; // sum of z^2 since it was last taken
};

/// The inner loop of loudness.cpp, compiled for every instruction set. The filter recurs in time, so the
/// lanes are the channels.
struct KWeightingKernels {
    /// Runs both channels over `frames` samples each; a and b may be the same.
    void (*weigh)(KPair& pair, const float* a, const float* b, int frames) TM_NONBLOCKING;
};

/// The best kernels for this machine (or for the targets a test allows). Control thread.
const KWeightingKernels& k_weighting_kernels();

} // namespace ton::dsp
