// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/expand.hpp"

#include "engine/solo_bus.hpp"
#include "modules/registry.hpp"

#include <algorithm>

namespace ton::graph {

namespace {

/// A module that passes every bit; `member` is whom it is told by where something is wrong.
Module make_wire(const std::string& name, const Module& member) {
    const auto* type = modules::find("gain");
    Module wire{.name = name, .type = type, .values = {}, .texts = {}, .at = {}, .position = member.position, .path = member.path};
    for (const auto& row : type->parameters) {
        wire.values.push_back(row.initial);
        wire.texts.emplace_back();
        wire.at.push_back(member.position);
    }
    return wire;
}

Strip make_sum(const std::string& name, int channels, const Module& member) {
    Strip strip;
    strip.name = name;
    strip.stage = config::Stage::master; // so that every stage's strips may share
    strip.channels = channels;
    strip.position = member.position;
    strip.chain.push_back(make_wire("sum", member));
    return strip;
}

void split(Strip& strip, std::vector<Strip>& groups) {
    std::vector<Module> chain;
    for (auto& module : strip.chain) {
        chain.push_back(std::move(module));
        if (!chain.back().type->shares) continue;
        chain.back().half = 1;
        const auto name = group_strip(chain.back());
        if (std::ranges::find(groups, name, &Strip::name) == groups.end()) groups.push_back(make_sum(name, 1, chain.back()));
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

std::string solo_strip(int bus) { return bus == engine::kPfl ? "solo:pfl" : "solo:afl"; }

std::string second_half(const std::string& module) { return module + "~"; }

bool is_hidden(std::string_view strip) { return strip.find(':') != std::string_view::npos; }

/// Linked dynamics hear both strips before themselves: what begins a chain gets something to be behind.
void add_heads(Desk& desk) {
    const auto partners = partners_of(desk);
    for (std::size_t s = 0; s < desk.strips.size(); ++s) {
        auto& chain = desk.strips[s].chain;
        if (partners[s] < 0) continue;
        if (chain.front().type->hears_partner || chain.front().row("sidechain") >= 0) chain.insert(chain.begin(), make_wire("~", chain.front()));
    }
}

std::optional<Desk> expand(const Desk& desk) {
    bool shares = false;
    const Module* listener = nullptr; // to solos
    for (const auto& strip : desk.strips)
        for (const auto& module : strip.chain) {
            shares = shares || module.type->shares;
            if (module.type->hears_solo) listener = &module;
        }
    const bool links = std::ranges::any_of(desk.strips, [](const Strip& s) { return !s.link.empty(); });
    if (!shares && !listener && !links) return {};
    Desk laid = desk;
    add_heads(laid);
    std::vector<Strip> sums;
    for (auto& strip : laid.strips) split(strip, sums);
    for (int bus = 0; listener && bus < engine::kSoloBuses; ++bus) {
        sums.push_back(make_sum(solo_strip(bus), 2, *listener));
        sums.back().bus = bus;
    }
    std::ranges::move(sums, std::back_inserter(laid.strips));
    return laid;
}

} // namespace ton::graph
