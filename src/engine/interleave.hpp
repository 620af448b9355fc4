// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

namespace ton::engine {

/// Moves between planar buffers and lanes, on this machine's instruction set. `width` is 1, 4, 8 or 16.
struct Interleave {
    /// to[i * width + l] = from[l][i]
    void (*gather)(const float* const* from, float* to, int width, int frames) TM_NONBLOCKING;
    /// to[l][i] = from[i * width + l]
    void (*scatter)(const float* from, float* const* to, int width, int frames) TM_NONBLOCKING;
    /// True where every value is finite and below 1e12 in magnitude (+240 dBFS: nothing that is audio).
    bool (*sane)(const float* x, int count) TM_NONBLOCKING;
    /// Adds x[0][i] to sum[i], then x[1][i] and so on, in this order; `afresh`: starts with x[0][i] instead. At least one signal.
    void (*mix)(float* sum, const float* const* x, int signals, bool afresh, int frames) TM_NONBLOCKING;
};

/// The choice, made once at start-up; readable from any thread.
const Interleave& interleave() TM_NONBLOCKING;

/// The bound that `sane` checks.
inline bool is_sane(float x) TM_NONBLOCKING { return x > -1e12F && x < 1e12F; }

} // namespace ton::engine
