// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: one compilation, in several files.
#pragma once

#include "graph/compile.hpp"
#include "graph/lanes.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ton::graph {

inline constexpr std::string_view kPortsOut = "/ports_out";
inline constexpr int kMostCrossfades = 4; // of one edge at a time, by edits that follow each other faster than they end

/// One compilation: from a layout to a plan, keeping what runs. Control thread.
class Compiler {
  public:
    Compiler(const Compiled* running, const CompileOptions& options, config::Diagnostics& errors);
    /// Once. Empty where there were errors.
    Compilation run(const Desk& desk, Layout layout);

  private:
    using Signal = engine::Signal;
    using Edge = engine::Edge;
    using Section = engine::Section;
    using Stage = engine::Stage;

    /// A sum under construction: its edges in the order of the desk, and how many of them are in the steps already.
    struct Sum {
        std::shared_ptr<Signal> signal;
        std::vector<std::shared_ptr<Edge>> edges;
        std::vector<int> sources; // nodes; -1: ports
        int reader = -1;          // node whose main input this is
        int bus = -1;             // of a solo bus, which has its edges elsewhere
        std::size_t next = 0;
        bool begun = false;
    };

    static std::size_t at(int i) { return static_cast<std::size_t>(i); }
    Layout& layout() { return out_->layout; }
    const Desk& laid() const { return laid_ ? *laid_ : out_->desk; } ///< what the layout speaks of
    const Strip& strip(int s) const { return laid().strips[at(s)]; }
    Node& node(int n) { return layout().nodes[at(n)]; }
    Compiled::NodeState& state(int n) { return out_->nodes[node(n).identity]; }
    std::string head_name(int s) const { return strip(s).key() + "/head"; }
    /// Whose a mix, a port signal or a section's input is, by its name.
    static std::string strip_of(const std::string& to) { return to.substr(0, to.find_first_of("/#")); }
    static std::string sidechain_name(const Node& me, std::size_t i);
    std::string probe_name(const Point& point);

    // compile.cpp: what signals live in, and the desk's ports
    std::shared_ptr<Signal> signal(const std::string& name, int channels);
    void make_signals();
    int port_slot(const std::string& name, bool input);
    void make_ports();
    void make_insert_ports(int s, int m);
    void make_scratch();

    // instances.cpp: sections in lanes, module instances and their slots
    void make_sections();
    LaneWidths lane_kernels();
    void make_inputs(int n);
    void make_section(const LaneGroup& group);
    void adopt(const LaneGroup& group, const std::shared_ptr<Section>& section);
    std::string key_of(int n, int m);
    std::shared_ptr<Stage> make_stage(const LaneGroup& group, int m);
    std::shared_ptr<Stage> running_stage(const LaneGroup& group, int m);
    std::shared_ptr<Stage> make_planar(int n, int m);
    std::uint32_t take_slot();
    void join_halves(Instance& first);
    void collect_instances();

    // sums.cpp: who feeds whom, through which edges
    std::shared_ptr<Signal> port_signal(int s, bool input);
    std::string insert_name(int s, int m) const;
    std::shared_ptr<Signal> insert_signal(int s, int m, bool input);
    void add_sum(std::shared_ptr<Signal> signal, std::vector<std::shared_ptr<Edge>> edges, std::vector<int> sources, int node, bool main, int bus = -1);
    void add_mixes(int n);
    void add_listened(int n, std::size_t i);
    int feed_node(const Feed& feed);
    std::shared_ptr<Edge> feed_edge(const Node& me, const Feed& feed);
    void add_output(int s);
    void add_insert(int n);
    void feed_ports(Signal& signal, int s, int m);

    // solo.cpp: what is soloed
    std::string tap_name(int s, int bus) const;
    std::string tap_signal(const Node& n, int bus) const; ///< that of the section in which the bus hears it
    void add_tap_probes(const Node& n, std::vector<Section::Probe>& probes);
    void make_solo_buses();
    std::shared_ptr<Edge> tap_edge(int bus_strip, const Feed& feed, bool soloed);

    // steps.cpp: the flat list that the audio thread runs
    void make_steps();
    void look_ahead();
    void house(int n);
    void add_what_is_ready(Sum& sum);
    void add_part(Sum& sum, std::size_t last);

    // diff.cpp: what is kept of the running plan, and what leaves it
    const Compiled::NodeState* before(const std::string& identity) const;
    const Instance* running_instance(const std::string& key) const;
    std::shared_ptr<Edge> edge(const std::string& to, const std::string& name, const std::shared_ptr<Signal>& source, int channels, int delay, int fill);
    int fill(int n);
    bool unchanged(const LaneGroup& group);
    void collect_leaving();

    const Compiled* running_;
    const CompileOptions& options_;
    config::Diagnostics& errors_;
    std::unique_ptr<Compiled> out_;
    std::optional<Desk> laid_;
    std::unique_ptr<engine::Plan> plan_;
    std::unique_ptr<engine::Transaction> transaction_;
    int fade_frames_;
    std::set<int> used_inputs_, used_outputs_;
    std::map<const Signal*, int> port_at_; // in Plan::inputs
    std::vector<Sum> sums_;
    std::vector<std::vector<std::size_t>> sums_of_, fed_by_; // by node: what it reads, what it feeds
    std::vector<char> finished_;                             // nodes whose section is in the steps already
    const std::map<std::string, int> empty_;
    std::set<const Stage*> stages_taken_; // the running plan's that play on in this one
    std::set<const Signal*> played_; // the running plan's
    std::set<std::string> ran_;      // its strips
};

} // namespace ton::graph
