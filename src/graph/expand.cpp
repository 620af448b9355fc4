// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/expand.hpp"

#include "modules/registry.hpp"

#include <algorithm>

namespace ton::graph {

namespace {

/// One channel, one module that passes every bit.
Strip make_group(const std::string& name, const Module& member) {
    const auto* type = modules::find("gain");
    Module sum{.name = "sum", .type = type, .values = {}, .texts = {}, .at = {}, .position = member.position, .path = member.path};
    for (const auto& row : type->parameters) {
        sum.values.push_back(row.initial);
        sum.texts.emplace_back();
        sum.at.push_back(member.position);
    }
    Strip strip;
    strip.name = name;
    strip.stage = config::Stage::master; // so that every stage's strips may share
    strip.channels = 1;
    strip.position = member.position;
    strip.chain.push_back(std::move(sum));
    return strip;
}

void split(Strip& strip, std::vector<Strip>& groups) {
    std::vector<Module> chain;
    for (auto& module : strip.chain) {
        chain.push_back(std::move(module));
        if (!chain.back().type->shares) continue;
        chain.back().half = 1;
        const auto name = group_strip(chain.back());
        if (std::ranges::find(groups, name, &Strip::name) == groups.end()) groups.push_back(make_group(name, chain.back()));
        Module second = chain.back();
        second.half = 2;
        second.name = second_half(second.name);
        chain.push_back(std::move(second));
    }
    strip.chain = std::move(chain);
}

} // namespace

std::string group_strip(const Module& module) {
    return std::string(module.type->name) + ":" + module.texts[static_cast<std::size_t>(module.row("group"))];
}

std::string second_half(const std::string& module) { return module + "~"; }

bool is_hidden(std::string_view strip) { return strip.find(':') != std::string_view::npos; }

std::optional<Desk> expand(const Desk& desk) {
    const auto shares = [](const Module& module) { return module.type->shares; };
    if (std::ranges::none_of(desk.strips, [&](const Strip& s) { return std::ranges::any_of(s.chain, shares); })) return {};
    Desk laid = desk;
    std::vector<Strip> groups;
    for (auto& strip : laid.strips) split(strip, groups);
    std::ranges::move(groups, std::back_inserter(laid.strips));
    return laid;
}

} // namespace ton::graph
