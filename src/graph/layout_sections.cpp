// SPDX-License-Identifier: GPL-3.0-or-later
// Chains are cut into sections, which wait for each other but never in their middle, and put into order.
#include "graph/layout_builder.hpp"

#include <algorithm>

namespace ton::graph {

engine::Setup LayoutBuilder::setup_of(int s, int m) {
    const auto& mod = module(s, m);
    const auto& layout = layout_.strips[at(s)];
    engine::Setup setup;
    setup.sample_rate = conditions_.sample_rate;
    setup.channels_in = layout.widths[at(m)];
    setup.channels_out = layout.widths[at(m + 1)];
    setup.latency = mod.type->latency ? mod.type->latency(mod.settings(), conditions_.sample_rate) : 0;
    if (mod.type->insert) {
        setup.latency += conditions_.period;
        setup.tap_channels = setup.sidechain_channels = setup.channels_in;
        check_insert(mod, setup.channels_in);
        return setup;
    }
    if (const int t = targets_[at(s)].sends[at(m)]; t >= 0) setup.tap_channels = mod.half == 1 ? 1 : tap_width(setup.channels_in, layout_.strips[at(t)].channels_in);
    setup.half = mod.half;
    for (const auto& point : targets_[at(s)].listens[at(m)])
        setup.sidechain_channels += mod.type->sources ? setup.channels_in : width_behind(point);
    if (setup.sidechain_channels > engine::kMaxChannels)
        errors_.add(mod.position, mod.path, fmt::format("{} hears {} channels beside its own, expected at most {}", mod.name, setup.sidechain_channels, engine::kMaxChannels));
    return setup;
}

void LayoutBuilder::cut_sections(int s) {
    const int count = static_cast<int>(strip(s).chain.size());
    for (int m = 0; m < count; ++m) {
        const auto& mod = module(s, m);
        const bool lanes = mod.type->lanes != nullptr;
        auto& own = layout_.strips[at(s)].nodes;
        // A module that listens elsewhere begins a section: what is before it need not wait.
        const bool fresh = own.empty() || !lanes || !layout_.nodes[at(own.back())].lanes || !targets_[at(s)].listens[at(m)].empty();
        if (fresh) {
            own.push_back(static_cast<int>(layout_.nodes.size()));
            layout_.nodes.push_back({.strip = s, .first = m, .count = 0, .lanes = lanes, .setups = {}, .listens = targets_[at(s)].listens[at(m)], .probes = {}, .sends = {},
                                     .identity = strip(s).key() + "#", .signature = lanes ? "" : strip(s).key() + "#", .waits_for = {}});
            layout_.nodes.back().channels_in = layout_.strips[at(s)].widths[at(m)];
        }
        add_to_section(layout_.nodes[at(own.back())], s, m);
    }
}

void LayoutBuilder::add_to_section(Node& node, int s, int m) {
    const auto& mod = module(s, m);
    const auto setup = setup_of(s, m);
    ++node.count;
    node.channels_out = setup.channels_out;
    node.setups.push_back(setup);
    if (targets_[at(s)].sends[at(m)] >= 0 || mod.type->insert) node.sends.push_back(m);
    const auto shape = fmt::format("{}({}>{},s{},t{},l{})", mod.type->name, setup.channels_in, setup.channels_out,
                                   setup.sidechain_channels, setup.tap_channels, setup.latency);
    node.signature += shape + ";";
    node.identity += mod.name + ":" + shape;
    if (const int t = targets_[at(s)].sends[at(m)]; t >= 0) node.identity += ">" + strip(t).key();
    if (!mod.type->lanes) // another file or structure is another thing; what is listened to only comes by other edges
        for (std::size_t r = 0; r < mod.values.size(); ++r)
            if (const auto& row = mod.type->parameters[r]; row.structural && !row.point && !row.ports) node.identity += fmt::format(",{}{}", mod.values[r], mod.texts[r]);
    node.identity += ";";
}

void LayoutBuilder::place_probes(int n) {
    for (const auto& point : layout_.nodes[at(n)].listens) {
        if (point.strip < 0) continue;
        auto& source = layout_.nodes[at(layout_.node_of(point.strip, point.module))];
        if (point.module < 0 || point.module == source.first + source.count - 1) continue;
        if (std::ranges::find(source.probes, point.module) == source.probes.end()) source.probes.push_back(point.module);
    }
}

void LayoutBuilder::connect_nodes() {
    for (std::size_t s = 0; s < layout_.strips.size(); ++s) {
        const auto& own = layout_.strips[s].nodes;
        auto& head = layout_.nodes[at(own.front())];
        for (const auto& feed : layout_.strips[s].feeds) {
            if (feed.from == Feed::From::strip) head.waits_for.push_back(layout_.strips[at(feed.strip)].nodes.back());
            if (feed.from == Feed::From::send || feed.from == Feed::From::tap) head.waits_for.push_back(layout_.node_of(feed.strip, feed.module));
        }
        for (std::size_t i = 0; i < own.size(); ++i) {
            auto& node = layout_.nodes[at(own[i])];
            if (i > 0) node.waits_for.push_back(own[i - 1]);
            for (const auto& point : node.listens)
                if (point.strip >= 0) node.waits_for.push_back(layout_.node_of(point.strip, point.module));
        }
    }
}

void LayoutBuilder::order_nodes() {
    const auto n = layout_.nodes.size();
    std::vector<int> missing(n), ready;
    std::vector<std::vector<int>> followers(n);
    for (std::size_t i = 0; i < n; ++i) {
        missing[i] = static_cast<int>(layout_.nodes[i].waits_for.size());
        for (const int w : layout_.nodes[i].waits_for) followers[at(w)].push_back(static_cast<int>(i));
        if (missing[i] == 0) ready.push_back(static_cast<int>(i));
    }
    for (std::size_t i = 0; i < ready.size(); ++i)
        for (const int f : followers[at(ready[i])]) {
            auto& level = layout_.nodes[at(f)].level;
            level = std::max(level, layout_.nodes[at(ready[i])].level + 1);
            if (--missing[at(f)] == 0) ready.push_back(f);
        }
    layout_.order = ready;
    std::ranges::stable_sort(layout_.order, {}, [&](int i) { return layout_.nodes[at(i)].level; });
    if (ready.size() < n) report_listening_cycle(missing);
}

void LayoutBuilder::report_listening_cycle(const std::vector<int>& missing) {
    int node = 0;
    while (missing[at(node)] == 0) ++node;
    std::vector<int> trail;
    while (std::ranges::find(trail, node) == trail.end()) {
        trail.push_back(node);
        for (const int w : layout_.nodes[at(node)].waits_for)
            if (missing[at(w)] > 0) {
                node = w;
                break;
            }
    }
    std::string text = strip(layout_.nodes[at(node)].strip).name, last = text;
    for (auto it = trail.rbegin(); it != trail.rend(); ++it) {
        const auto& name = strip(layout_.nodes[at(*it)].strip).name;
        if (name != last || *it == node) text += " -> " + name;
        last = name;
        if (*it == node) break;
    }
    report_listener(trail, fmt::format("a side-chain makes the signal wait for itself ({}), expected one that does not hear this strip", text));
}

void LayoutBuilder::report_listener(const std::vector<int>& trail, const std::string& text) {
    for (const int n : trail) {
        const auto& node = layout_.nodes[at(n)];
        const auto named = std::ranges::find_if(node.listens, [](const Point& p) { return p.strip >= 0; });
        if (named == node.listens.end()) continue;
        const auto& listener = module(node.strip, node.first); // it began its section
        if (named->row < 0) return errors_.add(listener.position, listener.path, text);
        return errors_.add(listener.at[at(named->row)], config::child_path(listener.path, engine::parameter_path(listener.type->parameters[at(named->row)])), text);
    }
}

} // namespace ton::graph
