// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/cycles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

using namespace ton::config;

namespace {

/// Warshall's transitive closure: nothing in common with the code under test.
bool has_cycle(const Successors& graph) {
    const std::size_t count = graph.size();
    std::vector<std::vector<bool>> reaches(count, std::vector<bool>(count, false));
    for (std::size_t from = 0; from < count; ++from) {
        for (const auto to : graph[from]) reaches[from][to] = true;
    }
    for (std::size_t via = 0; via < count; ++via) {
        for (std::size_t from = 0; from < count; ++from) {
            for (std::size_t to = 0; to < count; ++to) {
                if (reaches[from][via] && reaches[via][to]) reaches[from][to] = true;
            }
        }
    }
    for (std::size_t node = 0; node < count; ++node) {
        if (reaches[node][node]) return true;
    }
    return false;
}

bool leads(const Successors& graph, std::size_t from, std::size_t to) {
    return std::find(graph[from].begin(), graph[from].end(), to) != graph[from].end();
}

} // namespace

TEST_CASE("cycles are found on random graphs whenever there are any, and each is one") {
    std::mt19937 random(7);
    int cyclic = 0;
    for (int round = 0; round < 2000; ++round) {
        Successors graph(2 + random() % 12);
        for (auto edges = random() % (graph.size() * 2); edges > 0; --edges) {
            const auto from = random() % graph.size();
            const auto to = random() % graph.size();
            if (from != to && !leads(graph, from, to)) graph[from].push_back(to);
        }
        const auto cycles = find_cycles(graph);
        CHECK(cycles.empty() == !has_cycle(graph));
        cyclic += cycles.empty() ? 0 : 1;
        std::set<std::size_t> seen;
        for (const auto& cycle : cycles) {
            REQUIRE(cycle.size() >= 2);
            CHECK(cycle.front() == *std::min_element(cycle.begin(), cycle.end()));
            for (std::size_t i = 0; i < cycle.size(); ++i) {
                CHECK(leads(graph, cycle[i], cycle[(i + 1) % cycle.size()]));
                CHECK(seen.insert(cycle[i]).second); // shares no node
            }
        }
        for (const auto node : seen) graph[node].clear();
        CHECK_FALSE(has_cycle(graph)); // what shares no node with them has none left
    }
    CHECK(cyclic > 500);
    CHECK(cyclic < 1900);
}

TEST_CASE("a million strips in a row need no stack") {
    Successors graph(1'000'000);
    for (std::size_t node = 0; node + 1 < graph.size(); ++node) graph[node].push_back(node + 1);
    CHECK(find_cycles(graph).empty());
    graph.back().push_back(0);
    const auto cycles = find_cycles(graph);
    REQUIRE(cycles.size() == 1);
    CHECK(cycles[0].size() == graph.size());
}
