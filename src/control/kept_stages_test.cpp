// SPDX-License-Identifier: GPL-3.0-or-later
// What a transaction takes over as it is, and what it has to copy while the plans change.
#include "config/config.hpp"
#include "graph/compile.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

using namespace ton;

namespace {

constexpr int kStrips = 40; // more than two groups of the widest lanes

std::string text(const std::string& more = "", int first = 0) {
    std::string strips;
    for (int i = first; i < kStrips; ++i)
        strips += fmt::format(R"("s{}": {{ "channels": 1, "chain": [ {{ "eq": {{}} }}, {{ "compressor": {{}} }}, {{ "fader": {{}} }}, {{ "pan": {{}} }} ], "to": "mix" }}, )", i);
    return fmt::format(R"({{ "version": 1, "strips": {{ {}{} "mix": {{ "channels": 2, "chain": [ {{ "fader": {{}} }} ] }} }} }})", strips, more);
}

graph::Compilation compile(const std::string& json, const graph::Compiled* running, int lane_width) {
    auto reading = config::read_text(json, "test");
    const auto desk = graph::resolve(reading.config, reading.errors);
    graph::CompileOptions options;
    options.lane_width = lane_width;
    options.offline = true;
    auto compilation = graph::compile(desk, running, options, reading.errors);
    REQUIRE(config::format(reading.errors.take()) == "");
    return compilation;
}

/// The stages that play in both, and that no section of the new plan shares with another.
int kept(const graph::Compilation& before, const graph::Compilation& after) {
    int count = 0;
    for (const auto& [key, old] : before.compiled->instances)
        if (const auto now = after.compiled->instances.find(key); now != after.compiled->instances.end()) count += now->second.stage == old.stage ? 1 : 0;
    std::set<const engine::Stage*> seen;
    for (const auto& section : after.transaction->plan->sections)
        for (const auto& stage : section->stages()) CHECK(seen.insert(stage.get()).second);
    return count;
}

} // namespace

TEST_CASE("a first monitor gives every section a new place to be heard at, and copies no strip's memory for it") {
    for (const int lane_width : {1, 4, 16}) {
        const auto before = compile(text(), nullptr, lane_width);
        const auto after = compile(text(R"("room": { "channels": 2, "chain": [ { "monitor": { "source/1/from": "mix" } } ] }, )"), before.compiled.get(), lane_width);
        CHECK(after.transaction->moves.empty());
        CHECK(kept(before, after) == static_cast<int>(before.compiled->instances.size()));
    }
}

TEST_CASE("where strips have to change lanes each column is copied, and no stage is played twice") {
    for (const int lane_width : {1, 4, 16}) {
        const auto before = compile(text(), nullptr, lane_width);
        const auto after = compile(text("", 3), before.compiled.get(), lane_width);
        std::size_t copied = 0;
        for (const auto& [key, now] : after.compiled->instances) {
            const auto& old = before.compiled->instances.at(key);
            const bool moved = std::ranges::any_of(after.transaction->moves, [&](const auto& m) {
                return m.to == now.stage.get() && m.lane == now.lane && m.from == old.stage.get() && m.from_lane == old.lane;
            });
            const bool stays = now.stage == old.stage && now.lane == old.lane;
            CHECK(moved != stays);
            copied += moved ? 1 : 0;
        }
        CHECK(copied == after.transaction->moves.size());
        kept(before, after);
    }
}
