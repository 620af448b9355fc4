// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/carry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace ton::control {

namespace {

/// Strips by name, so that a desk of thousands is compared in one go.
class Names {
  public:
    explicit Names(const graph::Desk& desk) {
        for (const auto& strip : desk.strips) strips_.emplace(strip.name, &strip);
    }
    const graph::Strip* find(std::string_view name) const {
        const auto it = strips_.find(name);
        return it == strips_.end() ? nullptr : it->second;
    }
    const graph::Strip* before(const std::string& name, const Origins& origins) const {
        const auto it = origins.find(name);
        return find(it == origins.end() ? std::string_view(name) : it->second);
    }

  private:
    std::unordered_map<std::string_view, const graph::Strip*> strips_;
};

void carry_strip(graph::Strip& strip, const graph::Strip& was, const graph::Strip& now) {
    if (strip.solo == was.solo) strip.solo = now.solo;
    for (auto& module : strip.chain) {
        const auto* before = was.find(module.name);
        const auto* current = now.find(module.name);
        if (!before || !current || before->type != module.type || current->type != module.type) continue;
        for (std::size_t r = 0; r < module.values.size(); ++r) {
            if (module.values[r] == before->values[r]) module.values[r] = current->values[r];
            if (module.texts[r] == before->texts[r]) module.texts[r] = current->texts[r];
        }
    }
    if (const auto* mute = strip.find(graph::kMute)) strip.mute = mute->values[static_cast<std::size_t>(mute->row("mute"))] != 0.0F;
}

/// What was a right side, and is none any more, stays as it is heard.
void keep_released(graph::Desk& next, const graph::Desk& live, const Names& now, const Origins& origins) {
    const auto were = right_sides(live), are = right_sides(next);
    for (auto& strip : next.strips) {
        const auto* current = were.empty() ? nullptr : now.before(strip.name, origins);
        if (!current || !were.contains(current->name) || are.contains(strip.name)) continue;
        strip.mute = current->mute;
        strip.solo = current->solo;
        for (auto& module : strip.chain) {
            const auto* was = current->find(module.name);
            if (!was || was->type != module.type) continue;
            for (std::size_t r = 0; r < module.values.size(); ++r)
                if (graph::is_linked(module, module.type->parameters[r])) module.values[r] = was->values[r];
        }
    }
}

bool same_module(const graph::Module& one, const graph::Module& other) {
    if (one.name != other.name || one.type != other.type || one.texts != other.texts) return false;
    for (std::size_t r = 0; r < one.values.size(); ++r)
        if (one.type->parameters[r].structural && one.values[r] != other.values[r]) return false;
    return true;
}

bool same_strip(const graph::Strip& one, const graph::Strip& other) {
    const auto of = [](const graph::Strip& s) { return std::tie(s.name, s.display_name, s.stage, s.channels, s.inputs, s.outputs, s.to, s.solo_safe, s.link, s.members); };
    return of(one) == of(other) && std::ranges::equal(one.chain, other.chain, same_module);
}

} // namespace

bool same_graph(const graph::Desk& one, const graph::Desk& other) { return std::ranges::equal(one.strips, other.strips, same_strip); }

std::set<std::string> right_sides(const graph::Desk& desk) {
    std::set<std::string> names;
    for (const auto& strip : desk.strips)
        if (!strip.link.empty()) names.insert(strip.link);
    return names;
}

std::string_view strip_of(std::string_view address) {
    address.remove_prefix(1);
    return address.substr(0, address.find('/', address.starts_with(graph::kGroups) ? graph::kGroups.size() : 0));
}

std::string renamed_address(const std::string& address, const Origins& names) {
    const auto strip = strip_of(address);
    const auto it = names.find(strip);
    return it == names.end() || it->second.empty() ? address : "/" + it->second + address.substr(1 + strip.size());
}

bool is_gone(std::string_view address, const Origins& names) {
    const auto it = names.find(strip_of(address));
    return it != names.end() && it->second.empty();
}

const graph::Strip* strip_before(const graph::Desk& before, std::string_view name, const Origins& origins) {
    const auto it = origins.find(name);
    const int s = before.index(it == origins.end() ? name : std::string_view(it->second));
    return s < 0 ? nullptr : &before.strips[static_cast<std::size_t>(s)];
}

Origins inverse(const Origins& origins, const graph::Desk& before, const graph::Desk& next) {
    const Names names(before);
    Origins back;
    std::unordered_set<const graph::Strip*> live_on;
    for (const auto& strip : next.strips) {
        const auto* was = names.before(strip.name, origins);
        if (!was) continue;
        live_on.insert(was);
        if (was->name != strip.name) back[was->name] = strip.name;
    }
    for (const auto& strip : before.strips)
        if (!live_on.contains(&strip)) back[strip.name] = ""; // also where another has its name now
    return back;
}

void carry_settings(graph::Desk& next, const graph::Desk& loaded, const graph::Desk& live, const Origins& origins) {
    const Names was(loaded), now(live);
    for (auto& strip : next.strips) {
        const auto* before = was.before(strip.name, origins);
        const auto* current = now.before(strip.name, origins);
        if (before && current) carry_strip(strip, *before, *current);
    }
    keep_released(next, live, now, origins);
    graph::join_links(next);
}

void carry_keys(graph::Desk& next, const graph::Desk& live, const Origins& origins) {
    const Names now(live);
    std::unordered_set<std::string> taken; // of strips that leave, too: they still fade out
    for (const auto& strip : live.strips) taken.insert(strip.key());
    for (auto& strip : next.strips) {
        const auto* current = now.before(strip.name, origins);
        if (current) strip.lineage = current->key();
    }
    for (auto& strip : next.strips) {
        if (now.before(strip.name, origins)) continue;
        std::string key = strip.name;
        for (int n = 2; !taken.insert(key).second; ++n) key = fmt::format("{}~{}", strip.name, n); // no name has a ~
        strip.lineage = key == strip.name ? "" : key;
    }
}

} // namespace ton::control
