// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"

#include <array>

namespace ton::engine {

/// One module's kernel for one lane width on one instruction set. The state is `rows` rows of `row_stride` floats;
/// lane l of every row belongs to strip l, so a strip moves to another lane or group by copying a column.
struct LaneKernel {
    int width = 1;
    int row_stride = 1; ///< floats; wider than `width` only for width 1 (a vector register's size)
    int (*rows)(const Setup&) = nullptr;
    /// At a grid point: new coefficients for the cell that begins. Called until nothing moves, then once more.
    void (*update)(float* state, const Setup&, const Update&) TM_NONBLOCKING = nullptr;
    void (*run)(float* state, const Setup&, const Block&) TM_NONBLOCKING = nullptr;
    /// Forgets the signal (filter memory, envelopes) but keeps the coefficients.
    void (*silence)(float* state, const Setup&) TM_NONBLOCKING = nullptr;
};

/// All widths that one instruction set offers, narrowest first; entry 0 is the scalar one (width 1).
struct LaneKernels {
    const char* instruction_set = "";
    int count = 0;
    std::array<LaneKernel, 4> widths{};
};

} // namespace ton::engine
