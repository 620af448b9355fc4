// SPDX-License-Identifier: GPL-3.0-or-later
// The difference between what runs and what is wanted.
#include "graph/compiler.hpp"

#include <fmt/format.h>

namespace ton::graph {

namespace {
constexpr int kMostCrossfades = 4; // of one edge at a time, by edits that follow each other faster than they end
} // namespace

const Compiled::NodeState* Compiler::before(const std::string& identity) const {
    if (!running_) return nullptr;
    const auto it = running_->nodes.find(identity);
    return it == running_->nodes.end() ? nullptr : &it->second;
}

/// An edge into the mix `to`. What is new fades in where it meets something that plays already: the edge into a mix that
/// ran before, or into ports. (Inside a strip that is new itself a second fade would only colour the first.)
std::shared_ptr<engine::Edge> Compiler::edge(const std::string& to, const std::string& name, const std::shared_ptr<Signal>& source, int channels, int delay) {
    const auto key = fmt::format("{}|{}|{}", to, name, channels);
    const auto old = running_ ? running_->edges.find(key) : out_->edges.end();
    if (running_ && old != running_->edges.end() && old->second->source() == source) {
        const int crossfades = old->second->crossfades();
        if (old->second->delay() == delay) return out_->edges[key] = old->second;
        if (crossfades < kMostCrossfades) return out_->edges[key] = std::make_shared<Edge>(old->second, delay, fade_frames_);
    }
    const bool fade = running_ && (to.ends_with(kPortsOut) || running_->signals.contains(to));
    return out_->edges[key] = std::make_shared<Edge>(source, channels, delay, fade, fade_frames_);
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

void Compiler::collect_leaving() {
    if (!running_) return;
    for (const auto& [key, e] : running_->edges) {
        const auto now = out_->edges.find(key);
        if (now != out_->edges.end() && (now->second == e || now->second->replaces(*e))) continue;
        const auto to = key.substr(0, key.find('|'));
        if (to.ends_with(kPortsOut) || out_->signals.contains(to)) transaction_->leaving.push_back(e.get());
    }
}

} // namespace ton::graph
