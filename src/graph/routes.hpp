// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <vector>

namespace ton::graph {

/// Which strips the modules of a strip name: one entry a module of the chain, -1 where it names none.
struct Targets {
    std::vector<int> sends, listens;
};

/// Finds what sends and side-chains name, per strip, and checks what only the modules' texts can tell: unknown
/// strips, sends against the order of the stages, circles that a send closes. (What `to` alone does wrong is the
/// config's to say.) Runs on a desk with other errors, too, so that all are told at once. Control thread.
std::vector<Targets> find_targets(const Desk& desk, config::Diagnostics& errors);

} // namespace ton::graph
