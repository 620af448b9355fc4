// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/layout.hpp"

#include <string>

namespace ton::app {

/// `tonmeister graph`: the desk as a Graphviz graph on stdout, or all errors on stderr. Returns the exit code.
int print_graph(const std::string& config);

/// The same as text. Strips are boxes in the cluster of their stage, with their chains; what feeds a strip is a
/// solid edge, a send dashed, a side-chain dotted; an edge's label has the delay that makes its path arrive with
/// the latest one. `layout` is make_layout()'s for this desk at `sample_rate` (Hz). Any thread.
std::string dot(const graph::Desk& desk, const graph::Layout& layout, double sample_rate);

} // namespace ton::app
