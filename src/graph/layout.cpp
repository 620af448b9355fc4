// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/layout.hpp"

#include "graph/expand.hpp"
#include "graph/layout_builder.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace ton::graph {

namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
} // namespace

LayoutBuilder::LayoutBuilder(const Desk& desk, const Conditions& conditions, config::Diagnostics& errors)
    : desk_(desk), conditions_(conditions), errors_(errors) {
    layout_.strips.resize(desk.strips.size());
    head_widths_.resize(desk.strips.size());
    source_widths_.resize(desk.strips.size());
    for (std::size_t i = 0; i < desk.strips.size(); ++i) index_.emplace(desk.strips[i].name, static_cast<int>(i));
}

Layout LayoutBuilder::build() {
    // These two are told together with whatever was wrong before; the rest would only repeat it in other words.
    read_sources();
    targets_ = find_targets(desk_, errors_);
    if (!errors_.empty()) return std::move(layout_);
    collect_feeds();
    const auto order = order_strips();
    for (const int s : order) size_strip(s);
    check_links();
    if (!errors_.empty()) return std::move(layout_);
    for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) cut_sections(s);
    for (std::size_t n = 0; n < layout_.nodes.size(); ++n) place_probes(static_cast<int>(n));
    if (!errors_.empty()) return std::move(layout_);
    connect_nodes();
    order_nodes();
    if (errors_.empty()) {
        compensate();
        collect_heard(order);
    }
    return std::move(layout_);
}

void LayoutBuilder::compensate() {
    for (const int n : layout_.order) {
        auto& node = layout_.nodes[at(n)];
        const auto& own = layout_.strips[at(node.strip)];
        if (own.nodes.front() == n) {
            for (const auto& feed : own.feeds)
                if (feed.from != Feed::From::ports)
                    node.latency_in = std::max(node.latency_in, feed.from == Feed::From::strip ? layout_.latency_of(feed.strip)
                                                                                              : layout_.latency_at(feed.strip, feed.module));
        } else {
            const auto before = std::ranges::find(own.nodes, n) - 1;
            node.latency_in = layout_.nodes[at(*before)].latency_out;
        }
        for (const auto& point : node.listens)
            if (point.strip >= 0) node.latency_in = std::max(node.latency_in, layout_.latency_behind(point));
        node.latency_out = node.latency_in;
        for (const auto& setup : node.setups) node.latency_out += setup.latency;
    }
}

void LayoutBuilder::collect_heard(const std::vector<int>& order) {
    std::vector<int> seen(desk_.strips.size(), -1);
    for (const int s : order) {
        auto& hears = layout_.strips[at(s)].hears;
        const auto add = [&](int h) {
            if (strip(h).bus < 0 && std::exchange(seen[at(h)], s) != s) hears.push_back(h);
        };
        add(s);
        for (const auto& feed : layout_.strips[at(s)].feeds)
            if (feed.from == Feed::From::strip || feed.from == Feed::From::send) std::ranges::for_each(layout_.strips[at(feed.strip)].hears, add);
        layout_.strips[at(s)].sources = sources(s);
        for (const auto& point : layout_.strips[at(s)].sources) std::ranges::for_each(layout_.strips[at(point.strip)].hears, add);
    }
}

std::vector<char> Layout::reached(int strip, int module) const {
    std::vector<char> takes(strips.size(), 0), found(strips.size(), 0); // at once; sooner or later
    for (std::size_t s = 0; s < strips.size(); ++s) {
        const auto feeds = [&](const Feed& f) { return f.strip == strip && (f.from == Feed::From::strip || (f.from == Feed::From::send && f.module > module)); };
        const auto is_source = [&](const Point& p) { return p.strip == strip && (p.module < 0 || p.module >= module); };
        takes[s] = std::ranges::any_of(strips[s].feeds, feeds) || std::ranges::any_of(strips[s].sources, is_source) ? 1 : 0;
    }
    for (std::size_t s = 0; s < strips.size(); ++s)
        found[s] = static_cast<int>(s) == strip || std::ranges::any_of(strips[s].hears, [&](int h) { return takes[at(h)] != 0; }) ? 1 : 0;
    return found;
}

int Layout::listened_width(const Desk& desk, const Node& node, std::size_t i) const {
    const auto& listener = *desk.strips[at(node.strip)].chain[at(node.first)].type;
    if (listener.sources || listener.insert) return node.channels_in;
    const auto& source = strips[at(node.listens[i].strip)];
    return node.listens[i].module < 0 ? source.channels_out : source.widths[at(node.listens[i].module + 1)];
}

int Layout::node_of(int strip, int module) const {
    const auto& own = strips[at(strip)].nodes;
    if (module < 0) return own.back();
    return *std::ranges::find_if(own, [&](int n) { return module < nodes[at(n)].first + nodes[at(n)].count; });
}

int Layout::latency_at(int strip, int module) const {
    const auto& node = nodes[at(node_of(strip, module))];
    int latency = node.latency_in;
    for (int m = node.first; m < module; ++m) latency += node.setups[at(m - node.first)].latency;
    return latency;
}

int Layout::latency_behind(const Point& point) const {
    if (point.module < 0) return latency_of(point.strip);
    const auto& node = nodes[at(node_of(point.strip, point.module))];
    return latency_at(point.strip, point.module) + node.setups[at(point.module - node.first)].latency;
}

std::vector<std::string> resolved_texts(const Module& module, const std::string& directory) {
    auto texts = module.texts;
    for (std::size_t r = 0; r < texts.size(); ++r)
        if (module.type->parameters[r].name == "file" && !texts[r].empty())
            texts[r] = (std::filesystem::path(directory) / texts[r]).string(); // an absolute name stays as it is
    return texts;
}

Layout make_layout(const Desk& desk, const Conditions& conditions, config::Diagnostics& errors) {
    const auto laid = expand(desk);
    return LayoutBuilder(laid ? *laid : desk, conditions, errors).build();
}

} // namespace ton::graph
