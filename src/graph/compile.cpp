// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/compile.hpp"

#include "graph/lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace ton::graph {

using engine::Edge;
using engine::MixPart;
using engine::Plan;
using engine::Section;
using engine::Signal;
using engine::Stage;

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

constexpr std::string_view kPortsOut = "/ports_out";

/// One compilation: from a layout to a plan, keeping what runs.
class Compiler {
  public:
    Compiler(const Compiled* running, const CompileOptions& options, config::Diagnostics& errors)
        : running_(running), options_(options), errors_(errors), out_(std::make_unique<Compiled>()),
          plan_(std::make_unique<Plan>()), transaction_(std::make_unique<engine::Transaction>()),
          fade_frames_(static_cast<int>(std::lround(options.fade_ms * options.conditions.sample_rate / 1000.0))) {}

    Compilation run(const Desk& desk, Layout layout) {
        out_->desk = desk;
        out_->layout = std::move(layout);
        if (running_) {
            out_->next_slot = running_->next_slot;
            out_->free_slots = running_->free_slots;
        }
        plan_->sample_rate = options_.conditions.sample_rate;
        constexpr std::size_t most = static_cast<std::size_t>(engine::kMaxLanes) * engine::kMaxChannels * engine::kSegment;
        out_->shared_memory = running_ ? running_->shared_memory : std::make_shared<float[]>(most);
        make_signals();
        make_ports();
        make_sections();
        if (!errors_.empty()) return {};
        make_steps();
        collect_instances();
        collect_leaving();
        make_scratch();
        transaction_->fade_frames = fade_frames_;
        transaction_->plan = plan_.release();
        return {std::move(out_), std::move(transaction_)};
    }

  private:
    Layout& layout() { return out_->layout; }
    const Strip& strip(int s) const { return out_->desk.strips[at(s)]; }
    Node& node(int n) { return layout().nodes[at(n)]; }
    Compiled::NodeState& state(int n) { return out_->nodes[node(n).identity]; }
    const Compiled::NodeState* before(const std::string& identity) const {
        if (!running_) return nullptr;
        const auto it = running_->nodes.find(identity);
        return it == running_->nodes.end() ? nullptr : &it->second;
    }

    /// A named signal of that width: the running one if there is one.
    std::shared_ptr<Signal> signal(const std::string& name, int channels) {
        auto& mine = out_->signals[name];
        if (mine) return mine;
        if (running_)
            if (const auto it = running_->signals.find(name); it != running_->signals.end() && it->second->channels() == channels)
                return mine = it->second;
        return mine = std::make_shared<Signal>(channels);
    }

    void make_signals() {
        for (auto& n : layout().nodes) {
            auto& s = out_->nodes[n.identity];
            const auto* old = before(n.identity);
            s.output = old ? old->output : std::make_shared<Signal>(n.channels_out);
            for (std::size_t t = 0; t < n.sends.size(); ++t) {
                const int channels = n.setups[at(n.sends[t] - n.first)].tap_channels;
                s.taps.push_back(old ? old->taps.at(t) : std::make_shared<Signal>(channels));
            }
        }
    }

    /// An edge into the mix `to`. What is new fades in where it meets something that plays already: the edge into a mix that
    /// ran before, or into ports. (Inside a strip that is new itself a second fade would only colour the first.)
    std::shared_ptr<Edge> edge(const std::string& to, const std::string& name, const std::shared_ptr<Signal>& source, int channels, int delay) {
        const auto key = fmt::format("{}|{}|{}|{}", to, name, channels, delay);
        if (running_)
            if (const auto it = running_->edges.find(key); it != running_->edges.end() && it->second->source() == source)
                return out_->edges[key] = it->second;
        const bool fade = running_ && (to.ends_with(kPortsOut) || running_->signals.contains(to));
        return out_->edges[key] = std::make_shared<Edge>(source, channels, delay, fade, fade_frames_);
    }

    // ------------------------------------------------------------------------------------------- ports

    int port_slot(const std::string& name, bool input) {
        const auto& old = input ? (running_ ? running_->input_slots : empty_) : (running_ ? running_->output_slots : empty_);
        auto& mine = input ? out_->input_slots : out_->output_slots;
        if (const auto it = old.find(name); it != old.end()) return mine[name] = it->second;
        auto& used = input ? used_inputs_ : used_outputs_;
        if (used.empty())
            for (const auto& [_, slot] : old) used.insert(slot);
        int slot = 0;
        while (!used.insert(slot).second) ++slot;
        return mine[name] = slot;
    }

    void make_ports() {
        for (int s = 0; s < static_cast<int>(out_->desk.strips.size()); ++s) {
            const auto& sl = layout().strips[at(s)];
            const auto make = [&](bool input, int count, const auto& wishes) {
                for (int c = 0; c < count; ++c) {
                    const auto name = fmt::format("{}/{}_{}", strip(s).name, input ? "in" : "out", c + 1);
                    Port port{name, input, port_slot(name, input), s, c, {}};
                    if (wishes && at(c) < wishes->size()) port.connect.push_back((*wishes)[at(c)]);
                    out_->ports.push_back(std::move(port));
                }
            };
            make(true, sl.input_ports, strip(s).inputs);
            make(false, sl.output_ports, strip(s).outputs);
        }
    }

    // ---------------------------------------------------------------------------------------- sections

    void make_sections() {
        for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) make_inputs(n);
        LaneAssignment assignment(layout(), options_.lane_width);
        for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) {
            const auto* old = before(node(n).identity);
            assignment.add(n, old ? old->section.get() : nullptr, old ? old->lane : 0);
        }
        for (const auto& group : assignment.groups(lane_kernels())) make_section(group);
    }

    LaneWidths lane_kernels() {
        return [this](int n) -> const engine::LaneKernels& {
            const auto& first = strip(node(n).strip).chain[at(node(n).first)];
            return first.type->lanes();
        };
    }

    /// The signals a node reads: its head mix or the section before it, and its side-chains.
    void make_inputs(int n) {
        const auto& me = node(n);
        const auto& own = layout().strips[at(me.strip)].nodes;
        const bool head = own.front() == n;
        auto& inputs = state(n).inputs;
        inputs.push_back(signal(head ? head_name(me.strip) : me.identity + "/in", me.channels_in));
        for (std::size_t i = 0; i < me.listens.size(); ++i)
            inputs.push_back(signal(sidechain_name(me, i), layout().strips[at(me.listens[i])].channels_out));
    }

    std::string head_name(int s) const { return strip(s).name + "/head"; }
    static std::string sidechain_name(const Node& me, std::size_t i) { return fmt::format("{}/sidechain{}", me.identity, i); }

    void make_section(const LaneGroup& group) {
        if (group.kept && group.kept->lanes().size() == group.nodes.size() && unchanged(group)) {
            const auto kept = before(node(group.any()).identity)->section;
            adopt(group, kept);
            return;
        }
        const auto& model = node(group.any());
        std::vector<std::shared_ptr<Stage>> stages;
        for (int m = 0; m < model.count; ++m) {
            auto stage = make_stage(group, m);
            if (!stage) return;
            stages.push_back(std::move(stage));
        }
        std::vector<Section::Lane> lanes;
        for (const int n : group.nodes) {
            Section::Lane lane;
            if (n >= 0) {
                const auto& s = state(n);
                lane.input = s.inputs.front();
                lane.output = s.output;
                lane.sidechains.assign(s.inputs.begin() + 1, s.inputs.end());
                lane.taps = s.taps;
                lane.strip = node(n).strip;
            }
            lanes.push_back(std::move(lane));
        }
        adopt(group, std::make_shared<Section>(model.channels_in, model.channels_out, std::move(stages), std::move(lanes)));
    }

    void adopt(const LaneGroup& group, const std::shared_ptr<Section>& section) {
        for (std::size_t l = 0; l < group.nodes.size(); ++l) {
            if (group.nodes[l] < 0) continue;
            auto& s = state(group.nodes[l]);
            s.section = section;
            s.lane = static_cast<int>(l);
        }
        plan_->sections.push_back(section);
    }

    /// The running section has exactly these nodes in these lanes, reading the same signals.
    bool unchanged(const LaneGroup& group) {
        for (std::size_t l = 0; l < group.nodes.size(); ++l) {
            const auto& lane = group.kept->lanes()[l];
            if (group.nodes[l] < 0) {
                if (lane.input) return false;
                continue;
            }
            const auto* old = before(node(group.nodes[l]).identity);
            if (!old || old->section.get() != group.kept || old->lane != static_cast<int>(l) ||
                old->inputs != state(group.nodes[l]).inputs)
                return false;
        }
        return true;
    }

    const Instance* running_instance(const std::string& key) const {
        if (!running_) return nullptr;
        const auto it = running_->instances.find(key);
        return it == running_->instances.end() ? nullptr : &it->second;
    }

    std::string key_of(int n, int m) {
        const auto& s = strip(node(n).strip);
        const auto& mod = s.chain[at(node(n).first + m)];
        return fmt::format("{}/{}:{}", s.name, mod.name, mod.type->name);
    }

    static bool same(const engine::Setup& a, const engine::Setup& b) {
        return a.sample_rate == b.sample_rate && a.channels_in == b.channels_in && a.channels_out == b.channels_out &&
               a.sidechain_channels == b.sidechain_channels && a.tap_channels == b.tap_channels && a.latency == b.latency;
    }

    std::shared_ptr<Stage> make_stage(const LaneGroup& group, int m) {
        const int any = group.any();
        const auto& setup = node(any).setups[at(m)];
        const auto& mod = strip(node(any).strip).chain[at(node(any).first + m)];
        if (!mod.type->lanes) return make_planar(any, m);
        auto stage = std::make_shared<Stage>(*mod.type, setup, &kernel_of(*mod.type, static_cast<int>(group.nodes.size())), nullptr);
        for (int l = 0; l < static_cast<int>(group.nodes.size()); ++l) {
            const int n = group.nodes[at(l)];
            if (n < 0) continue;
            stage->set(l, strip(node(n).strip).chain[at(node(n).first + m)].values);
            const auto* old = running_instance(key_of(n, m));
            if (old && same(old->stage->setup(), setup)) transaction_->moves.push_back({stage.get(), l, old->stage.get(), old->lane});
        }
        stage->prime();
        return stage;
    }

    std::shared_ptr<Stage> make_planar(int n, int m) {
        const auto& setup = node(n).setups[at(m)];
        const auto& mod = strip(node(n).strip).chain[at(node(n).first + m)];
        if (const auto* old = running_instance(key_of(n, m)); old && before(node(n).identity)) return old->stage;
        const auto texts = resolved_texts(mod, options_.conditions.directory);
        try {
            const engine::ProcessorContext context{setup, {mod.type->parameters, mod.values, texts}, options_.disk, options_.offline};
            auto stage = std::make_shared<Stage>(*mod.type, setup, nullptr, mod.type->make(context));
            stage->set(0, mod.values);
            stage->prime();
            return stage;
        } catch (const std::exception& e) { // a file that can't be read, say: the module's own words
            errors_.add(mod.position, mod.path, e.what());
            return nullptr;
        }
    }

    static const engine::LaneKernel& kernel_of(const engine::ModuleType& type, int width) {
        const auto& kernels = type.lanes();
        for (int i = 0; i < kernels.count; ++i)
            if (kernels.widths[at(i)].width == width) return kernels.widths[at(i)];
        return kernels.widths[0];
    }

    // ------------------------------------------------------------------------------------------- steps

    /// A sum under construction: its edges in the order of the desk, and how many of them are in the steps already.
    struct Sum {
        std::shared_ptr<Signal> signal;
        std::vector<std::shared_ptr<Edge>> edges;
        std::vector<int> sources; // nodes; -1: ports
        int reader = -1;          // node whose main input this is
        std::size_t next = 0;
        bool begun = false;
    };

    void make_steps() {
        for (const auto& port : out_->ports)
            if (port.input) plan_->inputs.push_back({port.slot, port_signal(port.strip, true).get(), port.channel});
        sums_of_.resize(layout().nodes.size());
        fed_by_.resize(layout().nodes.size());
        finished_.assign(layout().nodes.size(), 0);
        for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) add_mixes(n);
        for (int s = 0; s < static_cast<int>(out_->desk.strips.size()); ++s) add_output(s);
        std::map<const Section*, std::vector<int>> lanes;
        for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) lanes[state(n).section.get()].push_back(n);
        for (const int n : layout().order) {
            auto* section = state(n).section.get();
            auto& group = lanes[section];
            for (const int member : group)
                for (const auto sum : sums_of_[at(member)]) add_part(sums_[sum], sums_[sum].edges.size());
            if (!group.empty()) plan_->steps.push_back({section, 0, nullptr});
            for (const int member : group) finished_[at(member)] = 1;
            for (const int member : group)
                for (const auto sum : fed_by_[at(member)]) add_what_is_ready(sums_[sum]);
            for (const int member : group) house(member);
            group.clear(); // once only
        }
        Section* next = nullptr;
        for (auto step = plan_->steps.rbegin(); step != plan_->steps.rend(); ++step)
            if (step->section) step->next = std::exchange(next, step->section);
        for (auto& sum : sums_) {
            add_part(sum, sum.edges.size());
            for (auto& e : sum.edges) plan_->edge_owners.push_back(e);
        }
    }

    /// A signal that nobody will read any more shares its memory with all others of that kind.
    void house(int n) {
        const auto& s = state(n);
        bool read = true;
        for (const auto index : fed_by_[at(n)])
            for (std::size_t e = sums_[index].next; e < sums_[index].edges.size(); ++e) read = read && sums_[index].sources[e] != n;
        float* shared = out_->shared_memory.get() + s.lane * s.section->channels_out() * engine::kSegment;
        transaction_->housing.push_back({s.output.get(), s.section.get(), s.lane, read ? shared : s.output->plane(0), s.inputs.front().get()});
    }

    /// The sum's next edges whose sources have run. A lone edge waits for its reader, which may read through it.
    void add_what_is_ready(Sum& sum) {
        if (sum.edges.size() < 2) return;
        auto last = sum.next;
        while (last < sum.edges.size() && (sum.sources[last] < 0 || finished_[at(sum.sources[last])])) ++last;
        if (last > sum.next) add_part(sum, last);
    }

    void add_part(Sum& sum, std::size_t last) {
        if (sum.begun && sum.next == last) return;
        MixPart part{sum.signal.get(), static_cast<std::uint32_t>(plan_->edges.size()), 0, !sum.begun, nullptr, 0};
        for (; sum.next < last; ++sum.next) plan_->edges.push_back(sum.edges[sum.next].get());
        part.last = static_cast<std::uint32_t>(plan_->edges.size());
        if (sum.edges.size() == 1 && sum.reader >= 0 && sum.edges.front()->wire()) {
            part.reader = state(sum.reader).section.get();
            part.lane = state(sum.reader).lane;
        }
        sum.begun = true;
        plan_->steps.push_back({nullptr, static_cast<std::uint32_t>(plan_->parts.size()), nullptr});
        plan_->parts.push_back(part);
    }

    std::shared_ptr<Signal> port_signal(int s, bool input) {
        const auto& sl = layout().strips[at(s)];
        return signal(strip(s).name + (input ? "/ports_in" : std::string(kPortsOut)), input ? sl.input_ports : sl.output_ports);
    }

    /// `sources` are the nodes behind the edges, -1 for ports; `node` reads the sum, as its main input or not.
    void add_sum(std::shared_ptr<Signal> signal, std::vector<std::shared_ptr<Edge>> edges, std::vector<int> sources, int node, bool main) {
        const auto index = sums_.size();
        if (node >= 0) sums_of_[at(node)].push_back(index);
        for (const int source : sources)
            if (source >= 0 && (fed_by_[at(source)].empty() || fed_by_[at(source)].back() != index)) fed_by_[at(source)].push_back(index);
        sums_.push_back({std::move(signal), std::move(edges), std::move(sources), main ? node : -1});
    }

    void add_mixes(int n) {
        const auto& me = node(n);
        const auto& sl = layout().strips[at(me.strip)];
        const auto& inputs = state(n).inputs;
        std::vector<std::shared_ptr<Edge>> edges;
        std::vector<int> sources;
        if (sl.nodes.front() == n) {
            for (const auto& feed : sl.feeds) {
                edges.push_back(feed_edge(me, feed));
                sources.push_back(feed_node(feed));
            }
        } else {
            const int previous = *(std::ranges::find(sl.nodes, n) - 1);
            edges.push_back(edge(me.identity + "/in", node(previous).identity, state(previous).output, me.channels_in,
                                 me.latency_in - node(previous).latency_out));
            sources.push_back(previous);
        }
        add_sum(inputs.front(), std::move(edges), std::move(sources), n, true);
        for (std::size_t i = 0; i < me.listens.size(); ++i) {
            const int source = layout().strips[at(me.listens[i])].nodes.back();
            add_sum(inputs[i + 1], {edge(sidechain_name(me, i), node(source).identity, state(source).output, inputs[i + 1]->channels(),
                                         me.latency_in - node(source).latency_out)}, {source}, n, false);
        }
    }

    int feed_node(const Feed& feed) {
        if (feed.from == Feed::From::ports) return -1;
        const auto& nodes = layout().strips[at(feed.strip)].nodes;
        if (feed.from == Feed::From::strip) return nodes.back();
        return *std::ranges::find_if(nodes, [&](int n) { return feed.module < node(n).first + node(n).count; });
    }

    std::shared_ptr<Edge> feed_edge(const Node& me, const Feed& feed) {
        const auto to = head_name(me.strip);
        switch (feed.from) {
        case Feed::From::ports:
            return edge(to, "ports", port_signal(me.strip, true), me.channels_in, me.latency_in);
        case Feed::From::strip: {
            const int source = layout().strips[at(feed.strip)].nodes.back();
            return edge(to, node(source).identity, state(source).output, me.channels_in, me.latency_in - node(source).latency_out);
        }
        case Feed::From::send:
            break;
        }
        const auto& from = strip(feed.strip);
        for (const int n : layout().strips[at(feed.strip)].nodes)
            for (std::size_t t = 0; t < node(n).sends.size(); ++t)
                if (node(n).sends[t] == feed.module)
                    return edge(to, from.chain[at(feed.module)].name + "@" + node(n).identity, state(n).taps[t],
                                me.channels_in, me.latency_in - layout().latency_at(feed.strip, feed.module));
        throw std::logic_error("a send without a tap");
    }

    void add_output(int s) {
        const auto& sl = layout().strips[at(s)];
        if (sl.output_ports == 0) return;
        const auto to = port_signal(s, false);
        const int last = sl.nodes.back();
        add_sum(to, {edge(strip(s).name + std::string(kPortsOut), node(last).identity, state(last).output, sl.output_ports, 0)}, {last}, -1, false);
        for (const auto& port : out_->ports)
            if (!port.input && port.strip == s) {
                plan_->outputs.push_back({port.slot, to.get(), port.channel});
                if (plan_->fed.size() <= at(port.slot)) plan_->fed.resize(at(port.slot) + 1);
                plan_->fed[at(port.slot)] = 1;
            }
    }

    // --------------------------------------------------------------------------------------- instances

    std::uint32_t take_slot() {
        if (out_->free_slots.empty()) return out_->next_slot++;
        const auto slot = out_->free_slots.back();
        out_->free_slots.pop_back();
        return slot;
    }

    void collect_instances() {
        std::map<const Stage*, int> offsets;
        int total = 0;
        for (const auto& section : plan_->sections)
            for (const auto& stage : section->stages()) {
                if (stage->readouts() == 0) continue;
                offsets[stage.get()] = total;
                plan_->metered.push_back(stage.get());
                plan_->readout_offset.push_back(total);
                total += stage->readouts();
            }
        plan_->meter_values.resize(at(total));
        for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n)
            for (int m = 0; m < node(n).count; ++m) {
                const auto& s = state(n);
                Instance inst{.key = key_of(n, m), .slot = 0, .strip = node(n).strip, .module = node(n).first + m,
                              .stage = s.section->stages()[at(m)], .lane = s.lane, .readout = 0, .stride = 1};
                const auto* old = running_instance(inst.key);
                inst.slot = old ? old->slot : take_slot();
                inst.stride = inst.stage->width();
                if (const auto it = offsets.find(inst.stage.get()); it != offsets.end()) inst.readout = it->second + inst.lane;
                if (plan_->places.size() <= inst.slot) plan_->places.resize(inst.slot + 1);
                plan_->places[inst.slot] = {inst.stage.get(), inst.lane};
                out_->instances.emplace(inst.key, std::move(inst));
            }
        if (running_)
            for (const auto& [key, old] : running_->instances)
                if (!out_->instances.contains(key)) out_->free_slots.push_back(old.slot);
    }

    void collect_leaving() {
        if (!running_) return;
        std::set<const Edge*> kept;
        for (const auto& [_, e] : out_->edges) kept.insert(e.get());
        for (const auto& [key, e] : running_->edges) {
            const auto to = key.substr(0, key.find('|'));
            if (!kept.contains(e.get()) && (to.ends_with(kPortsOut) || out_->signals.contains(to))) transaction_->leaving.push_back(e.get());
        }
    }

    void make_scratch() {
        int sample_rows = 1;
        std::size_t floats = 0;
        for (const auto& section : plan_->sections)
            for (const auto& stage : section->stages()) {
                sample_rows = std::max(sample_rows, stage->ramps().sample_rows());
                floats = std::max(floats, stage->state_floats());
            }
        plan_->scratch = std::make_unique<engine::SectionScratch>(sample_rows, floats);
        for (const auto& [_, s] : out_->signals) plan_->signals.push_back(s);
        for (const auto& [_, s] : out_->nodes) {
            plan_->signals.push_back(s.output);
            for (const auto& t : s.taps) plan_->signals.push_back(t);
        }
    }

    const Compiled* running_;
    const CompileOptions& options_;
    config::Diagnostics& errors_;
    std::unique_ptr<Compiled> out_;
    std::unique_ptr<Plan> plan_;
    std::unique_ptr<engine::Transaction> transaction_;
    int fade_frames_;
    std::set<int> used_inputs_, used_outputs_;
    std::vector<Sum> sums_;
    std::vector<std::vector<std::size_t>> sums_of_, fed_by_; // by node: what it reads, what it feeds
    std::vector<char> finished_;                             // nodes whose section is in the steps already
    const std::map<std::string, int> empty_;
};

} // namespace

Compilation compile(const Desk& desk, const Compiled* running, const CompileOptions& options, config::Diagnostics& errors) {
    auto layout = make_layout(desk, options.conditions, errors);
    if (!errors.empty()) return {};
    return Compiler(running, options, errors).run(desk, std::move(layout));
}

} // namespace ton::graph
