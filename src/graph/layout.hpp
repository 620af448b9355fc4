// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"
#include "engine/solo_bus.hpp"
#include "graph/desk.hpp"
#include "graph/routes.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace ton::graph {

/// What a layout is made for, beside the desk.
struct Conditions {
    double sample_rate = 48000;
    int period = 0;                      ///< frames of the audio server's cycle, by which inserts come back later; 0: none runs
    std::string directory;               ///< of the config: file names are relative to it
    std::map<std::string, int> injected; ///< strips (by key) that are fed from outside (render --input): channels
    std::vector<std::string> captured;   ///< strips (by key) whose output is wanted (render --output), ports or not
};

/// What feeds a strip's head, in the order in which it is summed.
struct Feed {
    enum class From { ports, strip, send, tap };
    From from;
    int strip = -1;  ///< the one that feeds
    int module = -1; ///< of a send: its place in that strip's chain; of a solo bus's tap: what it is heard before
};

/// A section of one strip: consecutive modules that run without waiting for another strip in between.
struct Node {
    int strip = 0;
    int first = 0, count = 0;            ///< modules of the strip's chain
    bool lanes = true;                   ///< else one planar module
    int channels_in = 1, channels_out = 1;
    std::vector<engine::Setup> setups;   ///< per module
    std::vector<Point> listens;          ///< of its first module: one set of planes each, silence where nowhere
    std::vector<int> probes;             ///< modules before the last behind which others listen
    std::vector<int> sends;              ///< modules of the chain that send, in order
    std::string identity;                ///< equal in two layouts: the same thing, with the same memory
    std::string signature;               ///< equal in two nodes: they can share lanes
    std::vector<int> waits_for;          ///< nodes
    int level = 0;                       ///< nodes of one level never wait for each other
    int latency_in = 0, latency_out = 0; ///< frames since the ports
};

struct StripLayout {
    int channels_in = 1, channels_out = 1;
    int input_ports = 0, output_ports = 0;
    std::vector<Feed> feeds;
    std::vector<int> nodes;     ///< in the order of the chain
    std::vector<int> widths;    ///< before each module, and after the last
    std::vector<int> hears;     ///< strips whose ports reach this one, itself included; not by solos
    std::vector<Point> sources; ///< what its modules take in beside what feeds it
    /// Modules before which the solo buses hear it, or -1: a strip that a solo would feed back to, and a group.
    int taps[engine::kSoloBuses] = {-1, -1};
};

struct Layout {
    std::vector<StripLayout> strips;
    std::vector<Node> nodes;
    std::vector<int> order; ///< nodes, so that nobody waits for a later one

    /// Channels that a solo bus hears of a strip: more than two are folded down.
    static int tap_width(int channels) { return std::min(channels, 2); }
    int latency_of(int strip) const { return nodes[static_cast<std::size_t>(strips[static_cast<std::size_t>(strip)].nodes.back())].latency_out; }
    /// Frames since the ports before a module, and behind it; of module -1 behind the strip.
    int latency_at(int strip, int module) const;
    int latency_behind(const Point& point) const;
    /// By strip, 1 where its end is reached by what leaves that module of a strip; not by solos.
    std::vector<char> reached(int strip, int module) const;
    /// Channels of what a node's first module hears through its point `i`.
    int listened_width(const Desk& desk, const Node& node, std::size_t i) const;
    /// The node that a strip's module belongs to; of module -1 the last one.
    int node_of(int strip, int module) const;
};

/// Widths, sections, order and latencies; every error with its place. Use the layout only if none was added. It is that
/// of expand(desk): strips have the numbers that they have in `desk`, groups of modules that share follow them.
Layout make_layout(const Desk& desk, const Conditions& conditions, config::Diagnostics& errors);

/// A module's texts with file names made absolute.
std::vector<std::string> resolved_texts(const Module& module, const std::string& directory);

} // namespace ton::graph
