// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/layout.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ton::graph {

/// Builds a layout step by step; each step adds its errors and the next runs only if there were none.
class LayoutBuilder {
  public:
    LayoutBuilder(const Desk& desk, const Conditions& conditions, config::Diagnostics& errors);
    Layout build();

  private:
    // layout_widths.cpp: who feeds whom, and how wide everything is
    /// Files that give a strip its width must be there, also where another width was written.
    void read_sources();
    int source_width(const Module& source);
    void collect_feeds();
    /// What the solo buses hear: every strip, except those that hear the buses themselves, in whatever way.
    void collect_taps();
    /// By strip, who hears it: is fed by it, or listens to it.
    std::vector<std::vector<int>> hearers() const;
    /// Feeders before the fed; there is no circle any more.
    std::vector<int> order_strips();
    void visit(int s, std::vector<char>& seen, std::vector<int>& order);
    /// What a strip hears through its modules.
    std::vector<Point> sources(int s) const;
    int width_behind(const Point& point) const;
    int width_of(const Feed& feed) const;
    int derived_width(int s);
    /// Told where the connection is written, which is where it can be changed.
    void report_misfit(const Feed& feed, int s, int width);
    /// The widths that a module takes, for a message: 1, 2 or any of those up to 8.
    static std::string taken_by(const Module& module);
    /// Sources come at the width that the signal has where they join it.
    void check_sources(int s, int m, int width);
    void size_strip(int s);
    void count_ports(int s);
    void check_insert(const Module& mod, int width);

    // layout_links.cpp
    /// Linked strips stand side by side: of one width, and neither in the other's way out.
    void check_links();
    /// The strips from one to another, both included, by all that passes sound on; empty where none lead there.
    std::vector<std::string_view> way(int from, int to) const;

    // layout_sections.cpp: what runs without waiting, and in which order
    engine::Setup setup_of(int s, int m);
    void cut_sections(int s);
    void add_to_section(Node& node, int s, int m);
    /// Where the middle of a section is listened to, it is heard there; at its end it has an output anyway.
    void place_probes(int n);
    void connect_nodes();
    void order_nodes();
    /// Strips feed each other without a circle, so a side-chain is part of this one.
    void report_listening_cycle(const std::vector<int>& missing);
    /// At the first side-chain of those nodes.
    void report_listener(const std::vector<int>& trail, const std::string& text);

    // layout.cpp
    void compensate();
    void collect_heard(const std::vector<int>& order);

    static std::size_t at(int i) { return static_cast<std::size_t>(i); }
    static std::string path_of(const Strip& s) { return "strips." + s.name; }
    static std::string channels(int n) { return fmt::format("{} channel{}", n, n == 1 ? "" : "s"); }
    static bool fits(int from, int to) { return from == to || (from == 1 && to == 2) || (from == 2 && to == 1); }
    static int tap_width(int from, int to) { return fits(from, to) ? to : from; }
    const Strip& strip(int s) const { return desk_.strips[at(s)]; }
    const Module& module(int s, int m) const { return strip(s).chain[at(m)]; }
    int index(std::string_view name) const {
        const auto it = index_.find(name);
        return it == index_.end() ? -1 : it->second;
    }

    const Desk& desk_;
    const Conditions& conditions_;
    config::Diagnostics& errors_;
    Layout layout_;
    std::vector<Targets> targets_;
    std::vector<int> head_widths_, source_widths_;    // of the file at a strip's head, and of the first that it plays, or 0
    std::unordered_map<std::string_view, int> index_; // strips by name
};

} // namespace ton::graph
