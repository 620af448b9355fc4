// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/lane_kernel.hpp"

namespace ton::modules {

/// Kernels of y[n] = v[n] x[n] on all channels, v the value of the module's first row, at sample rate. Control thread.
const engine::LaneKernels& scale_lanes();

} // namespace ton::modules
