// SPDX-License-Identifier: GPL-3.0-or-later
// The difference between what runs and what is wanted.
#include "graph/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::graph {

const Compiled::NodeState* Compiler::before(const std::string& identity) const {
    if (!running_) return nullptr;
    const auto it = running_->nodes.find(identity);
    return it == running_->nodes.end() ? nullptr : &it->second;
}

/// An edge into the mix `to`. What is new fades in where it meets something that plays already, at either end, or where its
/// strip did: modules there may have taken memory over. (In and between new strips it would only colour the fade behind them.)
std::shared_ptr<engine::Edge> Compiler::edge(const std::string& to, const std::string& name, const std::shared_ptr<Signal>& source, int channels, int delay, int fill) {
    const auto key = fmt::format("{}|{}|{}", to, name, channels);
    const auto old = running_ ? running_->edges.find(key) : out_->edges.end();
    if (running_ && old != running_->edges.end() && old->second->source() == source) {
        const int crossfades = old->second->crossfades();
        if (old->second->delay() == delay) return out_->edges[key] = old->second;
        if (crossfades < kMostCrossfades) return out_->edges[key] = std::make_shared<Edge>(old->second, delay, fade_frames_);
    }
    const bool fade = running_ && (to.ends_with(kPortsOut) || ran_.contains(strip_of(to)) || played_.contains(source.get()));
    return out_->edges[key] = std::make_shared<Edge>(source, channels, delay, fade, fade_frames_, fill);
}

/// The running section has exactly these nodes in these lanes, reading the same signals.
bool Compiler::unchanged(const LaneGroup& group) {
    for (std::size_t l = 0; l < group.nodes.size(); ++l) {
        const auto& lane = group.kept->lanes()[l];
        if (group.nodes[l] < 0) {
            if (lane.input) return false;
            continue;
        }
        const auto* old = before(node(group.nodes[l]).identity);
        if (!old || old->section.get() != group.kept || old->lane != static_cast<int>(l) ||
            old->inputs != state(group.nodes[l]).inputs || old->probes != state(group.nodes[l]).probes)
            return false;
    }
    return true;
}

const Instance* Compiler::running_instance(const std::string& key) const {
    if (!running_) return nullptr;
    const auto it = running_->instances.find(key);
    return it == running_->instances.end() ? nullptr : &it->second;
}

/// How long a node is silent at first, because its modules look ahead. (What they hear may begin with a step, where a module
/// before them kept its memory: its output is not to be faded in before that is over.)
int Compiler::fill(int n) {
    const auto& nodes = layout().strips[at(node(n).strip)].nodes;
    int frames = 0;
    for (auto it = std::ranges::find(nodes, n); !before(node(*it).identity); --it) { // all that is new in a row
        frames += node(*it).latency_out - node(*it).latency_in;
        if (it == nodes.begin()) break;
    }
    return frames;
}

/// What is made anew, or hears another mix than before, hears the edges that stay dip to silence while the plans change.
void Compiler::collect_leaving() {
    if (!running_) return;
    std::set<const Edge*> running;
    std::set<std::string, std::less<>> strips; // that stay
    for (int s = 0; s < static_cast<int>(laid().strips.size()); ++s)
        if (at(s) < out_->desk.strips.size() || strip(s).bus >= 0) strips.insert(strip_of(head_name(s)));
    for (const auto& [key, e] : running_->edges) {
        running.insert(e.get());
        const auto now = out_->edges.find(key);
        const bool stays = now != out_->edges.end() && (now->second == e || now->second->replaces(*e));
        const bool heard = strips.contains(strip_of(key)) || key.substr(0, key.find('|')).ends_with(kPortsOut);
        if (!stays && heard) transaction_->leaving.push_back(e.get());
    }
    for (int n = 0; n < static_cast<int>(layout().nodes.size()); ++n) {
        const auto* old_node = before(node(n).identity);
        for (const auto index : sums_of_[at(n)]) {
            if (old_node && std::ranges::find(old_node->inputs, sums_[index].signal) != old_node->inputs.end()) continue;
            for (const auto& e : sums_[index].edges) {
                if (running.contains(e.get())) transaction_->dipping.push_back(e.get());
                if (Edge* const old = e->before(); old && running.contains(old)) transaction_->leaving.push_back(old);
            }
        }
    }
}

} // namespace ton::graph
