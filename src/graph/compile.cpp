// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/compiler.hpp"
#include "graph/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ton::graph {

Compiler::Compiler(const Compiled* running, const CompileOptions& options, config::Diagnostics& errors)
    : running_(running), options_(options), errors_(errors), out_(std::make_unique<Compiled>()),
      plan_(std::make_unique<engine::Plan>()), transaction_(std::make_unique<engine::Transaction>()),
      fade_frames_(static_cast<int>(std::lround(options.fade_ms * options.conditions.sample_rate / 1000.0))) {
    if (!running) return;
    for (const auto& [name, s] : running->signals) {
        played_.insert(s.get());
        ran_.insert(strip_of(name));
    }
    for (const auto& [_, n] : running->nodes) {
        played_.insert(n.output.get());
        for (const auto& tap : n.taps) played_.insert(tap.get());
    }
}

Compilation Compiler::run(const Desk& desk, Layout layout) {
    out_->desk = desk;
    laid_ = expand(desk);
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
    make_solo_buses();
    collect_leaving();
    make_scratch();
    transaction_->fade_frames = fade_frames_;
    transaction_->plan = plan_.release();
    return {std::move(out_), std::move(transaction_)};
}

/// A named signal of that width: the running one if there is one.
std::shared_ptr<engine::Signal> Compiler::signal(const std::string& name, int channels) {
    auto& mine = out_->signals[name];
    if (mine) return mine;
    if (running_)
        if (const auto it = running_->signals.find(name); it != running_->signals.end() && it->second->channels() == channels)
            return mine = it->second;
    return mine = std::make_shared<Signal>(channels);
}

void Compiler::make_signals() {
    for (auto& n : layout().nodes) {
        auto& s = out_->nodes[n.identity];
        const auto* old = before(n.identity);
        s.output = old ? old->output : std::make_shared<Signal>(n.channels_out);
        for (std::size_t t = 0; t < n.sends.size(); ++t) {
            const int channels = n.setups[at(n.sends[t] - n.first)].tap_channels;
            s.taps.push_back(old ? old->taps.at(t) : std::make_shared<Signal>(channels));
        }
        for (const int m : n.probes)
            s.probes.push_back({m - n.first + 1, signal(probe_name({n.strip, m}), n.setups[at(m - n.first)].channels_out)});
        add_tap_probes(n, s.probes);
    }
}

int Compiler::port_slot(const std::string& name, bool input) {
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

void Compiler::make_ports() {
    for (int s = 0; s < static_cast<int>(out_->desk.strips.size()); ++s) {
        const auto& sl = layout().strips[at(s)];
        const auto make = [&](bool input, int count, const auto& wishes) {
            for (int c = 0; c < count; ++c) {
                const auto end = fmt::format("/{}_{}", input ? "in" : "out", c + 1);
                Port port{strip(s).name + end, input, port_slot(strip(s).key() + end, input), s, c, {}, strip(s).key()};
                if (wishes && at(c) < wishes->size()) port.connect.push_back((*wishes)[at(c)]);
                out_->ports.push_back(std::move(port));
            }
        };
        make(true, sl.input_ports, strip(s).inputs);
        make(false, sl.output_ports, strip(s).outputs);
        for (int m = 0; m < static_cast<int>(strip(s).chain.size()); ++m)
            if (strip(s).chain[at(m)].type->insert) make_insert_ports(s, m);
    }
}

void Compiler::make_insert_ports(int s, int m) {
    const auto& mod = strip(s).chain[at(m)];
    for (const bool input : {false, true}) {
        const auto wishes = lines_of(mod.texts[at(mod.row(input ? "return" : "send"))]);
        for (int c = 0; c < layout().strips[at(s)].widths[at(m)]; ++c) {
            const auto end = fmt::format("/{}/{}_{}", mod.name, input ? "return" : "send", c + 1);
            Port port{strip(s).name + end, input, port_slot(strip(s).key() + end, input), s, c, {}, strip(s).key(), m, fmt::format("{}/{}:{}", strip(s).key(), mod.name, mod.type->name)};
            if (at(c) < wishes.size()) port.connect.push_back(wishes[at(c)]);
            out_->ports.push_back(std::move(port));
        }
    }
}

void Compiler::make_scratch() {
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

Compilation compile(const Desk& desk, const Compiled* running, const CompileOptions& options, config::Diagnostics& errors) {
    auto layout = make_layout(desk, options.conditions, errors);
    if (!errors.empty()) return {};
    return Compiler(running, options, errors).run(desk, std::move(layout));
}

} // namespace ton::graph
