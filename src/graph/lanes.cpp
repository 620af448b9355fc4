// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/lanes.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace ton::graph {

int LaneGroup::any() const {
    return *std::ranges::find_if(nodes, [](int n) { return n >= 0; });
}

void LaneAssignment::add(int node, const engine::Section* section, int lane) { members_.push_back({node, section, lane}); }

std::vector<LaneGroup> LaneAssignment::groups(const LaneWidths& kernels) const {
    std::vector<LaneGroup> out;
    std::map<std::pair<int, std::string>, std::vector<Member>> alike; // by level and signature
    for (const auto& m : members_) {
        const auto& node = layout_.nodes[static_cast<std::size_t>(m.node)];
        if (node.lanes) alike[{node.level, node.signature}].push_back(m);
        else out.push_back({{m.node}, m.section});
    }
    for (auto& [_, members] : alike) place(members, kernels(members.front().node), out);
    return out;
}

void LaneAssignment::place(std::vector<Member> members, const engine::LaneKernels& kernels, std::vector<LaneGroup>& out) const {
    const auto first = out.size();
    std::vector<int> newcomers;
    std::map<const engine::Section*, std::size_t> groups;
    for (const auto& m : members) {
        if (!m.section || (limit_ > 0 && m.section->width() > limit_)) {
            newcomers.push_back(m.node);
            continue;
        }
        const auto [it, fresh] = groups.emplace(m.section, out.size());
        if (fresh) out.push_back({std::vector<int>(static_cast<std::size_t>(m.section->width()), -1), m.section});
        out[it->second].nodes[static_cast<std::size_t>(m.lane)] = m.node;
    }
    auto next = newcomers.begin();
    for (auto g = first; g < out.size(); ++g)
        for (auto& lane : out[g].nodes)
            if (lane < 0 && next != newcomers.end()) lane = *next++;
    while (next != newcomers.end()) {
        const int width = width_for(kernels, static_cast<int>(newcomers.end() - next));
        LaneGroup group{std::vector<int>(static_cast<std::size_t>(width), -1), nullptr};
        for (auto& lane : group.nodes)
            if (next != newcomers.end()) lane = *next++;
        out.push_back(std::move(group));
    }
}

/// The widest there is while it fills, then the narrowest that takes the rest. A lone strip takes 4 lanes, not 1: a
/// vector of four costs what a scalar does.
int LaneAssignment::width_for(const engine::LaneKernels& kernels, int nodes) const {
    int best = kernels.widths[0].width;
    for (int i = 0; i < kernels.count; ++i) {
        const int width = kernels.widths[static_cast<std::size_t>(i)].width;
        if (limit_ > 0 && width > limit_) break;
        if (best > 1 && best >= nodes) break;
        best = width;
    }
    return best;
}

} // namespace ton::graph
