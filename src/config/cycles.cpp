// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/cycles.hpp"

#include <algorithm>

namespace ton::config {

namespace {

/// Takes away nodes that lead nowhere until each one left leads to one that is left: a walk must then close.
class Peeler {
  public:
    explicit Peeler(const Successors& successors)
        : successors_(successors), sources_(successors.size()), left_to_(successors.size()),
          gone_(successors.size(), false), next_edge_(successors.size(), 0) {
        for (std::size_t from = 0; from < successors.size(); ++from) {
            left_to_[from] = successors[from].size();
            for (const auto to : successors[from]) sources_[to].push_back(from);
        }
        for (std::size_t node = 0; node < successors.size(); ++node) {
            if (left_to_[node] == 0 && !gone_[node]) remove(node);
        }
    }

    bool gone(std::size_t node) const { return gone_[node]; }

    void remove(std::size_t node) {
        std::vector<std::size_t> pending{node};
        gone_[node] = true;
        while (!pending.empty()) {
            const auto taken = pending.back();
            pending.pop_back();
            for (const auto source : sources_[taken]) {
                if (--left_to_[source] > 0 || gone_[source]) continue;
                gone_[source] = true;
                pending.push_back(source);
            }
        }
    }

    /// The first successor that is left. Nodes never come back, so each edge is passed over once.
    std::size_t next(std::size_t node) {
        auto& edge = next_edge_[node];
        while (gone_[successors_[node][edge]]) ++edge;
        return successors_[node][edge];
    }

  private:
    const Successors& successors_;
    Successors sources_;
    std::vector<std::size_t> left_to_;
    std::vector<bool> gone_;
    std::vector<std::size_t> next_edge_;
};

} // namespace

std::vector<std::vector<std::size_t>> find_cycles(const Successors& successors) {
    Peeler peeler(successors);
    std::vector<std::vector<std::size_t>> cycles;
    std::vector<std::size_t> trail;
    std::vector<bool> on_trail(successors.size(), false);
    for (std::size_t start = 0; start < successors.size(); ++start) {
        while (!peeler.gone(start)) {
            std::size_t node = start;
            for (trail.clear(); !on_trail[node]; node = peeler.next(node)) {
                on_trail[node] = true;
                trail.push_back(node);
            }
            for (const auto passed : trail) on_trail[passed] = false;
            std::vector<std::size_t> cycle(std::find(trail.begin(), trail.end(), node), trail.end());
            for (const auto member : cycle) {
                if (!peeler.gone(member)) peeler.remove(member);
            }
            std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
            cycles.push_back(std::move(cycle));
        }
    }
    return cycles;
}

} // namespace ton::config
