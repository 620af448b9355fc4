// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

namespace ton::modules::matrix {

/// The matrix's inner loop along time, compiled for every instruction set; all find the same bits. Pointers may be unaligned.
struct Sums {
    /// y[i] = y[i] + gain[0] x[0][i], then + gain[1] x[1][i] and so on, in this order.
    void (*add)(float* y, const float* const* x, const float* gain, int signals, int frames) TM_NONBLOCKING;
};

/// The best of this machine. Control thread.
const Sums& sums();

} // namespace ton::modules::matrix
