// SPDX-License-Identifier: GPL-3.0-or-later
// Stereo links: two strips that are moved as one.
#include "graph/desk.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ton::graph {

namespace {
constexpr std::array<std::string_view, 11> kLinked{"compressor", "ducker", "eq", "fader", "gate", "highpass", "limiter", "lowpass", "mute", "pan", "send"};
} // namespace

std::vector<int> partners_of(const Desk& desk) {
    std::vector<int> partners(desk.strips.size(), -1);
    for (int left = 0; left < static_cast<int>(desk.strips.size()); ++left) {
        const auto& link = desk.strips[static_cast<std::size_t>(left)].link;
        const int right = link.empty() ? -1 : desk.index(link);
        if (right < 0) continue;
        partners[static_cast<std::size_t>(left)] = right;
        partners[static_cast<std::size_t>(right)] = left;
    }
    return partners;
}

bool is_linked(const Module& module, const engine::Parameter& row) {
    return engine::is_control(row) && is_setting(module, row) && std::ranges::find(kLinked, module.type->name) != kLinked.end();
}

float on_other_side(const Module& module, const engine::Parameter& row, float value) {
    const bool side = (module.type->name == "pan" && row.name == "position") || (module.type->send && row.name == "pan");
    return side ? -value : value;
}

const Module* linked_key(const Module& module, const Strip& partner) {
    const auto listens = [](const Module& m) {
        if (m.type->hears_partner) return true;
        const int row = m.row("sidechain");
        return row >= 0 && m.texts[static_cast<std::size_t>(row)].empty();
    };
    const auto* other = partner.find(module.name);
    return other && other->type == module.type && listens(module) && listens(*other) ? other : nullptr;
}

void join_links(Desk& desk) {
    for (const auto& left : desk.strips) {
        const int index = left.link.empty() ? -1 : desk.index(left.link);
        if (index < 0) continue;
        auto& right = desk.strips[static_cast<std::size_t>(index)];
        right.mute = left.mute;
        right.solo = left.solo;
        for (const auto& module : left.chain) {
            auto* other = right.find(module.name);
            if (!other || other->type != module.type) continue;
            for (std::size_t r = 0; r < module.values.size(); ++r)
                if (const auto& row = module.type->parameters[r]; is_linked(module, row)) other->values[r] = on_other_side(module, row, module.values[r]);
        }
    }
}

} // namespace ton::graph
