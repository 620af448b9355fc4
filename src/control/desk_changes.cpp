// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/desk_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace ton::control {

namespace {

using graph::Module;
using graph::Strip;

bool same_type(const Module& one, const Module& other) { return one.name == other.name && one.type == other.type; }

bool same_shape(const Strip& one, const Strip& other) {
    const auto of = [](const Strip& s) { return std::tie(s.display_name, s.stage, s.channels, s.inputs, s.outputs, s.to, s.solo_safe, s.link, s.members); };
    return of(one) == of(other) && std::ranges::equal(one.chain, other.chain, same_type);
}

std::size_t moved(const Module& before, const Module& after) {
    std::size_t count = 0;
    for (std::size_t r = 0; r < after.values.size(); ++r) {
        const auto& row = after.type->parameters[r];
        if (row.kind == engine::Kind::meter || !graph::is_setting(after, row)) continue;
        count += before.values[r] != after.values[r] || before.texts[r] != after.texts[r] ? 1 : 0;
    }
    return count;
}

std::size_t moved(const Strip& before, const Strip& after) {
    std::size_t count = before.solo != after.solo ? 1 : 0;
    for (const auto& module : after.chain)
        if (const auto* was = before.find(module.name); was && was->type == module.type) count += moved(*was, module);
    return count;
}

struct Counts {
    std::size_t fresh = 0, gone = 0, changed = 0;
};

/// The first of several says of what it speaks.
void tell(std::vector<std::string>& parts, const Counts& counts, std::string_view noun) {
    bool named = false;
    for (const auto& [count, what] : {std::pair{counts.fresh, "new"}, {counts.gone, "gone"}, {counts.changed, "changed"}}) {
        if (count == 0) continue;
        parts.push_back(named ? fmt::format("{} {}", count, what) : fmt::format("{} {}", config::counted(count, noun), what));
        named = true;
    }
}

} // namespace

std::string changes_between(const graph::Desk& before, const graph::Desk& after) {
    std::unordered_map<std::string_view, const Strip*> left;
    for (const auto& strip : before.strips) left.emplace(strip.name, &strip);
    Counts strips, groups;
    std::size_t parameters = 0;
    const auto of = [&](const Strip& strip) -> Counts& { return strip.members ? groups : strips; };
    for (const auto& strip : after.strips) {
        const auto was = left.find(strip.name);
        if (was == left.end()) {
            ++of(strip).fresh;
            continue;
        }
        if (!same_shape(*was->second, strip)) ++of(strip).changed;
        parameters += moved(*was->second, strip);
        left.erase(was);
    }
    for (const auto& [name, strip] : left) ++of(*strip).gone;
    std::vector<std::string> parts;
    tell(parts, strips, "strip");
    tell(parts, groups, "group");
    if (parameters > 0) parts.push_back(config::counted(parameters, "parameter"));
    if (parts.empty()) return "no strip and no parameter";
    return config::join(std::vector<std::string_view>(parts.begin(), parts.end()), ", ");
}

} // namespace ton::control
