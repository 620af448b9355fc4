// SPDX-License-Identifier: GPL-3.0-or-later
// The flat list of steps: parts of sums as soon as their sources have run, and sections.
#include "graph/compiler.hpp"

#include <algorithm>
#include <utility>

namespace ton::graph {

void Compiler::make_steps() {
    for (const auto& port : out_->ports)
        if (port.input) {
            auto* const signal = (port.module < 0 ? port_signal(port.strip, true) : insert_signal(port.strip, port.module, true)).get();
            port_at_.try_emplace(signal, static_cast<int>(plan_->inputs.size()));
            plan_->add_input(port.slot, signal, port.channel);
        }
    sums_of_.resize(layout().nodes.size());
    fed_by_.resize(layout().nodes.size());
    finished_.assign(layout().nodes.size(), 0);
    for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) add_mixes(n);
    for (int s = 0; s < static_cast<int>(out_->desk.strips.size()); ++s) add_output(s);
    for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) add_insert(n);
    std::map<const Section*, std::vector<int>> lanes;
    for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) lanes[state(n).section.get()].push_back(n);
    for (const int n : layout().order) {
        auto* section = state(n).section.get();
        auto& group = lanes[section];
        for (const int member : group)
            for (const auto sum : sums_of_[at(member)]) add_part(sums_[sum], sums_[sum].edges.size());
        if (!group.empty()) plan_->steps.push_back({.section = section});
        for (const int member : group) finished_[at(member)] = 1;
        for (const int member : group)
            for (const auto sum : fed_by_[at(member)]) add_what_is_ready(sums_[sum]);
        for (const int member : group) house(member);
        group.clear(); // once only
    }
    look_ahead();
    for (auto& sum : sums_) {
        add_part(sum, sum.edges.size());
        for (auto& e : sum.edges) plan_->edge_owners.push_back(e);
    }
}

/// A signal that nobody will read any more shares its memory with all others of that kind.
void Compiler::house(int n) {
    const auto& s = state(n);
    bool read = true;
    for (const auto index : fed_by_[at(n)])
        for (std::size_t e = sums_[index].next; e < sums_[index].edges.size(); ++e) read = read && sums_[index].sources[e] != n;
    float* shared = out_->shared_memory.get() + s.lane * s.section->channels_out() * engine::kSegment;
    transaction_->housing.push_back({s.output.get(), s.section.get(), s.lane, read ? shared : s.output->plane(0), s.inputs.front().get()});
}

/// What each section's step asks the memory of.
void Compiler::look_ahead() {
    struct Section {
        engine::Section* section = nullptr;
        std::uint32_t first = 0, last = 0; // into Plan::stages
    } next, far;
    for (auto step = plan_->steps.rbegin(); step != plan_->steps.rend(); ++step) {
        if (!step->section) continue;
        step->next = next.section;
        step->far = far.section, step->far_first = far.first, step->far_last = far.last;
        const auto first = static_cast<std::uint32_t>(plan_->stages.size());
        for (const auto& stage : step->section->stages()) plan_->stages.push_back(stage.get());
        far = std::exchange(next, {step->section, first, static_cast<std::uint32_t>(plan_->stages.size())});
    }
}

/// The sum's next edges whose sources have run. A lone edge waits for its reader, which may read through it.
void Compiler::add_what_is_ready(Sum& sum) {
    if (sum.edges.size() < 2) return;
    auto last = sum.next;
    while (last < sum.edges.size() && (sum.sources[last] < 0 || finished_[at(sum.sources[last])])) ++last;
    if (last > sum.next) add_part(sum, last);
}

void Compiler::add_part(Sum& sum, std::size_t last) {
    if (sum.begun && sum.next == last) return;
    engine::MixPart part{.sum = sum.signal.get(), .first = static_cast<std::uint32_t>(plan_->edges.size()), .last = 0, .begins = !sum.begun};
    if (sum.bus >= 0) part.bus = &plan_->solo[sum.bus];
    for (; sum.next < last; ++sum.next) plan_->edges.push_back({.edge = sum.edges[sum.next].get(), .steady = sum.sources[sum.next] >= 0});
    part.last = static_cast<std::uint32_t>(plan_->edges.size());
    if (sum.edges.size() == 1 && sum.reader >= 0 && sum.edges.front()->wire()) {
        part.reader = state(sum.reader).section.get();
        part.lane = state(sum.reader).lane;
        if (sum.sources.front() < 0) part.port = port_at_.at(sum.edges.front()->source().get());
    }
    sum.begun = true;
    plan_->add_part(part);
}

} // namespace ton::graph
