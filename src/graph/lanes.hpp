// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/section.hpp"
#include "graph/layout.hpp"

#include <functional>
#include <vector>

namespace ton::graph {

/// Nodes that run side by side: one per lane, -1 where a lane is free.
struct LaneGroup {
    std::vector<int> nodes;
    const engine::Section* kept = nullptr; ///< the running section most of them come from, or null

    int any() const; ///< the first node
};

using LaneWidths = std::function<const engine::LaneKernels&(int node)>;

/// Decides which nodes share lanes. Nodes that already run together stay together and keep their lanes; newcomers
/// fill the holes, then new groups as wide as the machine.
class LaneAssignment {
  public:
    LaneAssignment(const Layout& layout, int width_limit) : layout_(layout), limit_(width_limit) {}
    void add(int node, const engine::Section* section, int lane);
    std::vector<LaneGroup> groups(const LaneWidths& kernels) const;

  private:
    struct Member {
        int node;
        const engine::Section* section;
        int lane;
    };
    void place(std::vector<Member> members, const engine::LaneKernels& kernels, std::vector<LaneGroup>& out) const;
    int width_for(const engine::LaneKernels& kernels, int nodes) const;

    const Layout& layout_;
    int limit_;
    std::vector<Member> members_;
};

} // namespace ton::graph
