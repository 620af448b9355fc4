// SPDX-License-Identifier: GPL-3.0-or-later
// Sections in lanes: which strips share kernels, and the module instances in them.
#include "graph/compiler.hpp"
#include "graph/expand.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace ton::graph {

namespace {

bool same(const engine::Setup& a, const engine::Setup& b) {
    return a.sample_rate == b.sample_rate && a.channels_in == b.channels_in && a.channels_out == b.channels_out &&
           a.sidechain_channels == b.sidechain_channels && a.tap_channels == b.tap_channels && a.half == b.half && a.latency == b.latency;
}

const engine::LaneKernel& kernel_of(const engine::ModuleType& type, int width) {
    const auto& kernels = type.lanes();
    for (int i = 0; i < kernels.count; ++i)
        if (kernels.widths[i].width == width) return kernels.widths[i];
    return kernels.widths[0];
}

} // namespace

void Compiler::make_sections() {
    for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) make_inputs(n);
    LaneAssignment assignment(layout(), options_.lane_width);
    for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) {
        const auto* old = before(node(n).identity);
        assignment.add(n, old ? old->section.get() : nullptr, old ? old->lane : 0);
    }
    for (const auto& group : assignment.groups(lane_kernels())) make_section(group);
}

LaneWidths Compiler::lane_kernels() {
    return [this](int n) -> const engine::LaneKernels& {
        const auto& first = strip(node(n).strip).chain[at(node(n).first)];
        return first.type->lanes();
    };
}

/// The signals a node reads: its head mix or the section before it, and what its first module listens to.
void Compiler::make_inputs(int n) {
    const auto& me = node(n);
    const auto& own = layout().strips[at(me.strip)].nodes;
    const bool head = own.front() == n;
    auto& inputs = state(n).inputs;
    inputs.push_back(signal(head ? head_name(me.strip) : me.identity + "/in", me.channels_in));
    for (std::size_t i = 0; i < me.listens.size(); ++i)
        inputs.push_back(signal(sidechain_name(me, i), layout().listened_width(laid(), me, i)));
}

void Compiler::make_section(const LaneGroup& group) {
    if (group.kept && group.kept->lanes().size() == group.nodes.size() && unchanged(group)) {
        adopt(group, before(node(group.any()).identity)->section); // what its stages play is in no other group
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
            lane.probes = s.probes;
            lane.strip = node(n).strip;
        }
        lanes.push_back(std::move(lane));
    }
    adopt(group, std::make_shared<Section>(model.channels_in, model.channels_out, std::move(stages), std::move(lanes)));
}

void Compiler::adopt(const LaneGroup& group, const std::shared_ptr<Section>& section) {
    for (std::size_t l = 0; l < group.nodes.size(); ++l) {
        if (group.nodes[l] < 0) continue;
        auto& s = state(group.nodes[l]);
        s.section = section;
        s.lane = static_cast<int>(l);
    }
    plan_->sections.push_back(section);
}

std::string Compiler::key_of(int n, int m) {
    const auto& s = strip(node(n).strip);
    const auto& mod = s.chain[at(node(n).first + m)];
    return fmt::format("{}/{}:{}", s.key(), mod.name, mod.type->name);
}

std::shared_ptr<engine::Stage> Compiler::make_stage(const LaneGroup& group, int m) {
    const int any = group.any();
    const auto& setup = node(any).setups[at(m)];
    const auto& mod = strip(node(any).strip).chain[at(node(any).first + m)];
    if (!mod.type->lanes) return make_planar(any, m);
    if (auto running = running_stage(group, m)) return running;
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

/// The one that plays these lanes now, each in its place: it goes on as it is, and nothing need be copied while the plans
/// change. Null where there is none, or where another section of this plan has it.
std::shared_ptr<engine::Stage> Compiler::running_stage(const LaneGroup& group, int m) {
    const Instance* found = nullptr;
    for (int l = 0; l < static_cast<int>(group.nodes.size()); ++l) {
        if (group.nodes[at(l)] < 0) continue;
        const auto* old = running_instance(key_of(group.nodes[at(l)], m));
        if (!old || old->lane != l || (found && old->stage != found->stage)) return nullptr;
        found = old;
    }
    const int any = group.any();
    const auto& stage = found->stage;
    if (stage->width() != static_cast<int>(group.nodes.size()) || &stage->type() != strip(node(any).strip).chain[at(node(any).first + m)].type) return nullptr;
    if (!same(stage->setup(), node(any).setups[at(m)]) || !stages_taken_.insert(stage.get()).second) return nullptr;
    return stage;
}

std::shared_ptr<engine::Stage> Compiler::make_planar(int n, int m) {
    const auto& setup = node(n).setups[at(m)];
    const auto& mod = strip(node(n).strip).chain[at(node(n).first + m)];
    if (const auto* old = running_instance(key_of(n, m)); old && before(node(n).identity)) return old->stage;
    const auto texts = resolved_texts(mod, options_.conditions.directory);
    try {
        const engine::ProcessorContext context{setup, {mod.type->parameters, mod.values, texts}, options_.disk, options_.offline, running_ != nullptr};
        auto stage = std::make_shared<Stage>(*mod.type, setup, nullptr, mod.type->make(context));
        stage->set(0, mod.values);
        const int on = mod.type->source ? engine::find_parameter(mod.type->parameters, "on") : -1;
        if (running_ && on >= 0 && mod.values[at(on)] != 0.0F) {
            transaction_->births.push_back({stage.get(), on, mod.values[at(on)]});
            stage->hold(on);
        }
        stage->prime();
        return stage;
    } catch (const std::exception& e) { // a file that can't be read, say: the module's own words
        errors_.add(mod.position, mod.path, e.what());
        return nullptr;
    }
}

std::uint32_t Compiler::take_slot() {
    if (out_->free_slots.empty()) return out_->next_slot++;
    const auto slot = out_->free_slots.back();
    out_->free_slots.pop_back();
    return slot;
}

/// Values go to both halves of a module that shares; its read-outs are the second's.
void Compiler::join_halves(Instance& first) {
    const auto& s = strip(first.strip);
    const auto& module = s.chain[at(first.module)];
    if (module.half != 1) return;
    const auto& second = out_->instances.at(fmt::format("{}/{}:{}", s.key(), second_half(module.name), module.type->name));
    first.readout = second.readout;
    first.stride = second.stride;
    plan_->places[first.slot].second = second.stage.get();
    plan_->places[first.slot].second_lane = second.lane;
}

void Compiler::collect_instances() {
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
    for (auto& [_, inst] : out_->instances) join_halves(inst);
    if (running_)
        for (const auto& [key, old] : running_->instances)
            if (!out_->instances.contains(key)) out_->free_slots.push_back(old.slot);
}

} // namespace ton::graph
