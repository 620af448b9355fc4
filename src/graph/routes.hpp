// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <vector>

namespace ton::graph {

/// A place in the desk where a signal can be heard: behind a module of a strip's chain, or at the strip's end.
struct Point {
    int strip = -1;  ///< -1: nowhere
    int module = -1; ///< of its chain; -1: the strip's output
    int row = -1;    ///< of the listening module's table, that names it
    bool operator==(const Point&) const = default;
};

/// What the modules of a strip name: one entry a module of the chain.
struct Targets {
    std::vector<int> sends;                  ///< strip, -1 where it feeds none
    std::vector<std::vector<Point>> listens; ///< side-chains that are named; of a module with sources all its points; of an
                                             ///< insert one point nowhere: its ports
};

/// Finds what sends and side-chains name, per strip, and checks what only the modules' texts can tell: unknown
/// strips and modules, sends and sources against the order of the stages, circles that these close. (What `to` alone
/// does wrong is the config's to say.) Runs on a desk with other errors, too, so that all are told at once. Control thread.
std::vector<Targets> find_targets(const Desk& desk, config::Diagnostics& errors);

} // namespace ton::graph
