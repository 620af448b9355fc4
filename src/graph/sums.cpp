// SPDX-License-Identifier: GPL-3.0-or-later
// Who feeds whom: a sum for every input of a section and for every port, with its edges in the order of the desk.
#include "graph/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ton::graph {

std::string Compiler::sidechain_name(const Node& me, std::size_t i) { return fmt::format("{}/sidechain{}", me.identity, i); }

std::string Compiler::probe_name(const Point& point) {
    return fmt::format("{}/{}/probe@{}", strip(point.strip).key(), strip(point.strip).chain[at(point.module)].name, node(layout().node_of(point.strip, point.module)).identity);
}

std::shared_ptr<engine::Signal> Compiler::port_signal(int s, bool input) {
    const auto& sl = layout().strips[at(s)];
    return signal(strip(s).key() + (input ? "/ports_in" : std::string(kPortsOut)), input ? sl.input_ports : sl.output_ports);
}

std::string Compiler::insert_name(int s, int m) const { return fmt::format("{}/{}", strip(s).key(), strip(s).chain[at(m)].name); }

std::shared_ptr<engine::Signal> Compiler::insert_signal(int s, int m, bool input) {
    return signal(insert_name(s, m) + (input ? "/ports_in" : std::string(kPortsOut)), layout().strips[at(s)].widths[at(m)]);
}

/// `sources` are the nodes behind the edges, -1 for ports; `node` reads the sum, as its main input or not.
void Compiler::add_sum(std::shared_ptr<Signal> signal, std::vector<std::shared_ptr<Edge>> edges, std::vector<int> sources, int node, bool main, int bus) {
    const auto index = sums_.size();
    if (node >= 0) sums_of_[at(node)].push_back(index);
    for (const int source : sources)
        if (source >= 0 && (fed_by_[at(source)].empty() || fed_by_[at(source)].back() != index)) fed_by_[at(source)].push_back(index);
    sums_.push_back({std::move(signal), std::move(edges), std::move(sources), main ? node : -1, bus});
}

void Compiler::add_mixes(int n) {
    const auto& me = node(n);
    const auto& sl = layout().strips[at(me.strip)];
    const auto& inputs = state(n).inputs;
    std::vector<std::shared_ptr<Edge>> edges;
    std::vector<int> sources;
    if (strip(me.strip).bus >= 0) return add_sum(inputs.front(), {}, {}, n, true, strip(me.strip).bus);
    if (sl.nodes.front() == n) {
        for (const auto& feed : sl.feeds) {
            edges.push_back(feed_edge(me, feed));
            sources.push_back(feed_node(feed));
        }
    } else {
        const int previous = *(std::ranges::find(sl.nodes, n) - 1);
        edges.push_back(edge(me.identity + "/in", node(previous).identity, state(previous).output, me.channels_in,
                             me.latency_in - node(previous).latency_out, fill(previous)));
        sources.push_back(previous);
    }
    add_sum(inputs.front(), std::move(edges), std::move(sources), n, true);
    for (std::size_t i = 0; i < me.listens.size(); ++i) add_listened(n, i);
}

/// What a node's first module hears from elsewhere: a section's output, or its signal behind one of its modules.
void Compiler::add_listened(int n, std::size_t i) {
    const auto& point = node(n).listens[i];
    const auto& sum = state(n).inputs[i + 1];
    const auto& me = node(n);
    if (strip(me.strip).chain[at(me.first)].type->insert)
        return add_sum(sum, {edge(sidechain_name(me, i), "ports", insert_signal(me.strip, me.first, true), sum->channels(), 0, 0)}, {-1}, n, false);
    if (point.strip < 0) return add_sum(sum, {}, {}, n, false); // silence
    const int source = layout().node_of(point.strip, point.module);
    const bool inside = std::ranges::find(node(source).probes, point.module) != node(source).probes.end();
    const auto from = inside ? signal(probe_name(point), 0) : state(source).output;
    const int delay = node(n).latency_in - layout().latency_behind(point);
    add_sum(sum, {edge(sidechain_name(node(n), i), inside ? probe_name(point) : node(source).identity, from, sum->channels(), delay, fill(source))}, {source}, n, false);
}

int Compiler::feed_node(const Feed& feed) {
    if (feed.from == Feed::From::ports) return -1;
    const auto& nodes = layout().strips[at(feed.strip)].nodes;
    if (feed.from == Feed::From::strip) return nodes.back();
    return *std::ranges::find_if(nodes, [&](int n) { return feed.module < node(n).first + node(n).count; });
}

std::shared_ptr<engine::Edge> Compiler::feed_edge(const Node& me, const Feed& feed) {
    const auto to = head_name(me.strip);
    switch (feed.from) {
    case Feed::From::ports:
        return edge(to, "ports", port_signal(me.strip, true), me.channels_in, me.latency_in, 0);
    case Feed::From::strip: {
        const int source = layout().strips[at(feed.strip)].nodes.back();
        return edge(to, node(source).identity, state(source).output, me.channels_in, me.latency_in - node(source).latency_out, fill(source));
    }
    case Feed::From::tap: // of a solo bus, see solo.cpp
    case Feed::From::send:
        break;
    }
    const auto& from = strip(feed.strip);
    for (const int n : layout().strips[at(feed.strip)].nodes)
        for (std::size_t t = 0; t < node(n).sends.size(); ++t)
            if (node(n).sends[t] == feed.module)
                return edge(to, from.chain[at(feed.module)].name + "@" + node(n).identity, state(n).taps[t],
                            me.channels_in, me.latency_in - layout().latency_at(feed.strip, feed.module), fill(n));
    throw std::logic_error("a send without a tap");
}

void Compiler::add_output(int s) {
    const auto& sl = layout().strips[at(s)];
    if (sl.output_ports == 0) return;
    const auto to = port_signal(s, false);
    const int last = sl.nodes.back();
    add_sum(to, {edge(strip(s).key() + std::string(kPortsOut), node(last).identity, state(last).output, sl.output_ports, 0, fill(last))}, {last}, -1, false);
    feed_ports(*to, s, -1);
}

/// What an insert sends goes out as it is taken: the way back begins there.
void Compiler::add_insert(int n) {
    const auto& me = node(n);
    if (!strip(me.strip).chain[at(me.first)].type->insert) return;
    const auto to = insert_signal(me.strip, me.first, false);
    add_sum(to, {edge(insert_name(me.strip, me.first) + std::string(kPortsOut), me.identity, state(n).taps.front(), to->channels(), 0, 0)}, {n}, -1, false);
    feed_ports(*to, me.strip, me.first);
}

/// Of that strip's module, or of the strip itself (-1).
void Compiler::feed_ports(Signal& signal, int s, int m) {
    for (const auto& port : out_->ports) {
        if (port.input || port.strip != s || port.module != m) continue;
        plan_->outputs.push_back({port.slot, &signal, port.channel});
        if (plan_->fed.size() <= at(port.slot)) plan_->fed.resize(at(port.slot) + 1);
        plan_->fed[at(port.slot)] = 1;
    }
}

} // namespace ton::graph
