// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <vector>

namespace ton::config {

/// For every node of a directed graph the nodes it leads to. No node leads to itself.
using Successors = std::vector<std::vector<std::size_t>>;

/// Cycles that share no node, each as its nodes in order, beginning with the lowest; empty only when the
/// graph has no cycle. Breaking these may leave others through the same nodes, which is how many a person
/// wants to read at once. O(nodes + edges), without recursion.
std::vector<std::vector<std::size_t>> find_cycles(const Successors& successors);

} // namespace ton::config
