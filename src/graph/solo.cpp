// SPDX-License-Identifier: GPL-3.0-or-later
// Solo buses: every strip has a tap on each, which costs nothing until it is soloed.
#include "graph/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::graph {

std::string Compiler::tap_name(int s, int bus) const { return fmt::format("{}/{}", strip(s).key(), bus == engine::kPfl ? "pfl" : "afl"); }

/// A section that is made anew is heard anew.
std::string Compiler::tap_signal(const Node& n, int bus) const { return tap_name(n.strip, bus) + "@" + n.identity; }

void Compiler::add_tap_probes(const Node& n, std::vector<Section::Probe>& probes) {
    const auto& sl = layout().strips[at(n.strip)];
    for (int bus = 0; bus < engine::kSoloBuses; ++bus) {
        const int m = sl.taps[bus];
        if (m < n.first || m >= n.first + n.count) continue;
        probes.push_back({m - n.first, signal(tap_signal(n, bus), sl.widths[at(m)]), true});
    }
}

/// A new one is silent; one that may be heard crosses over to another delay.
std::shared_ptr<engine::Edge> Compiler::tap_edge(int bus_strip, const Feed& feed, bool soloed) {
    const auto& sum = node(layout().strips[at(bus_strip)].nodes.front());
    const int n = layout().node_of(feed.strip, feed.module);
    const auto source = signal(tap_signal(node(n), strip(bus_strip).bus), 0);
    const int delay = sum.latency_in - layout().latency_at(feed.strip, feed.module);
    const auto key = fmt::format("{}|{}", head_name(bus_strip), tap_name(feed.strip, strip(bus_strip).bus));
    const auto silent = [&](std::shared_ptr<Edge> edge) { // until the bus says otherwise
        edge->fade(0.0F, 0);
        return out_->edges[key] = std::move(edge);
    };
    if (running_)
        if (const auto old = running_->edges.find(key); old != running_->edges.end() && old->second->source() == source) {
            if (old->second->delay() == delay) return out_->edges[key] = old->second;
            if (soloed && old->second->crossfades() < kMostCrossfades) return silent(std::make_shared<Edge>(old->second, delay, fade_frames_));
        }
    return silent(std::make_shared<Edge>(source, sum.channels_in, delay, true, fade_frames_, fill(n)));
}

void Compiler::make_solo_buses() {
    if (std::ranges::none_of(laid().strips, [](const Strip& s) { return s.bus >= 0; })) return;
    const auto groups = groups_of(out_->desk);
    const auto soloed = [&](int s) {
        return strip(s).solo || std::ranges::any_of(groups[at(s)], [&](int g) { return strip(g).solo; });
    };
    for (int b = 0; b < static_cast<int>(laid().strips.size()); ++b) {
        const int bus = strip(b).bus;
        if (bus < 0) continue;
        for (const auto& feed : layout().strips[at(b)].feeds) {
            const auto edge = tap_edge(b, feed, soloed(feed.strip));
            const int n = layout().node_of(feed.strip, feed.module);
            const auto& mute = out_->instances.at(fmt::format("{0}/{1}:{1}", strip(feed.strip).key(), kMute));
            plan_->places[mute.slot].tap = plan_->solo[bus].taps();
            plan_->solo[bus].add({edge.get(), state(n).section.get(), state(n).lane, feed.module - node(n).first, mute.slot});
            plan_->edge_owners.push_back(edge);
        }
    }
}

} // namespace ton::graph
