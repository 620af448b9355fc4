// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/desk.hpp"

#include <algorithm>
#include <fnmatch.h>

namespace ton::graph {

bool is_member(const std::string& strip, const std::vector<std::string>& members) {
    return std::ranges::any_of(members, [&](const std::string& member) {
        return config::is_pattern(member) ? fnmatch(member.c_str(), strip.c_str(), 0) == 0 : member == strip;
    });
}

bool is_setting(const Module& module, const engine::Parameter& row) { return !row.follows && (module.name != kMute || row.name == kMute); }

GroupsOfStrips groups_of(const Desk& desk) {
    GroupsOfStrips groups(desk.strips.size());
    for (std::size_t g = 0; g < desk.strips.size(); ++g) {
        if (!desk.strips[g].members) continue;
        for (std::size_t s = 0; s < desk.strips.size(); ++s)
            if (!desk.strips[s].members && is_member(desk.strips[s].name, *desk.strips[g].members)) groups[s].push_back(static_cast<int>(g));
    }
    return groups;
}

void join_groups(Desk& desk) { join_groups(desk, groups_of(desk)); }

void join_groups(Desk& desk, const GroupsOfStrips& groups) {
    for (std::size_t s = 0; s < desk.strips.size(); ++s) {
        auto* mute = desk.strips[s].find(kMute);
        const auto row = static_cast<std::size_t>(mute->row(kGroupLevel));
        const auto& limits = mute->type->parameters[row];
        float level = 0.0F; // dB
        for (const int g : groups[s]) {
            const auto* fader = desk.strips[static_cast<std::size_t>(g)].find("fader");
            const float own = fader->values[static_cast<std::size_t>(fader->row("level"))];
            level = own <= limits.minimum ? limits.minimum : level + own;
            if (own <= limits.minimum) break; // silence, whatever the others add
        }
        mute->values[row] = std::clamp(level, limits.minimum, limits.maximum);
    }
}

} // namespace ton::graph
