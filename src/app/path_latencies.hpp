// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "backend/backend.hpp"
#include "graph/compile.hpp"

#include <vector>

namespace ton::app {

/// What lies between a desk's ports. The way out to an insert and back is part of the strips' own latency: sound begins at strips'
/// inputs and ends at their outputs only. Control thread.
std::vector<backend::PathLatency> path_latencies(const graph::Compiled& compiled);

} // namespace ton::app
