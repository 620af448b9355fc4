// SPDX-License-Identifier: GPL-3.0-or-later
// What a transaction takes over as it is, and what it has to copy while the plans change.
#include "config/config.hpp"
#include "control/test_desk.hpp"
#include "graph/compile.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

using namespace ton;

namespace {

constexpr int kStrips = 40; // more than two groups of the widest lanes

/// Strips `first` to 39, of which those below `longer` have a module more; and `more`.
std::string text(const std::string& more = "", int first = 0, int longer = 0) {
    std::string strips;
    for (int i = first; i < kStrips; ++i)
        strips += fmt::format(R"("s{}": {{ "channels": 1, "chain": [ {{ "eq": {{}} }}, {{ "compressor": {{}} }}, {{ "fader": {{}} }}, {}{{ "pan": {{}} }} ], "to": "mix" }}, )", i,
                              i < longer ? R"({ "gain": {} }, )" : "");
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

/// Each instance that was there plays on where it was, or its column is copied to where it is now.
void check_columns(const graph::Compilation& before, const graph::Compilation& after) {
    std::size_t copied = 0;
    for (const auto& [key, now] : after.compiled->instances) {
        const auto old = before.compiled->instances.find(key);
        if (old == before.compiled->instances.end()) continue;
        const bool moved = std::ranges::any_of(after.transaction->moves, [&](const auto& m) {
            return m.to == now.stage.get() && m.lane == now.lane && m.from == old->second.stage.get() && m.from_lane == old->second.lane;
        });
        const bool stays = now.stage == old->second.stage && now.lane == old->second.lane;
        CHECK(moved != stays);
        copied += moved ? 1 : 0;
    }
    CHECK(copied == after.transaction->moves.size());
    kept(before, after);
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
        check_columns(before, compile(text("", 3), before.compiled.get(), lane_width));
    }
}

TEST_CASE("where strips of one stage part and all are in their lanes, some play on in it and the others are copied") {
    for (const auto& [lane_width, longer] : {std::pair{4, 2}, {16, 10}}) {
        const auto before = compile(text(), nullptr, lane_width);
        const auto after = compile(text("", 0, longer), before.compiled.get(), lane_width);
        for (const auto& [key, old] : before.compiled->instances) CHECK(after.compiled->instances.at(key).lane == old.lane);
        CHECK_FALSE(after.transaction->moves.empty());
        check_columns(before, after);
    }
}

TEST_CASE("a reload of other values alone makes no plan: they are a hand's moves, to the bit") {
    const auto desk = [](double level, double gain, bool mute, double group, int lookahead = 2) {
        return fmt::format(R"({{ "version": 1, "strips": {{
            "a": {{ "channels": 1, "chain": [ {{ "eq": {{ "band/1/gain": {} }} }}, {{ "compressor": {{ "lookahead": {} }} }}, {{ "fader": {{ "level": {} }} }} ], "to": "mix" }},
            "b": {{ "channels": 1, "chain": [ {{ "fader": {{}} }} ], "to": "mix", "mute": {} }}, "mix": {{ "channels": 2, "chain": [] }} }},
            "groups": {{ "g": {{ "members": ["a"], "level": {} }} }} }})", gain, lookahead, level, mute, group);
    };
    const auto sound = test::noise(1, 12000, 3);
    const auto run = [&](auto&& change) {
        test::TestDesk played(desk(-3, 0, false, 0), {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"mix"}});
        played.play(2000, {{"a", sound}, {"b", sound}});
        played.set("/a/fader/level", -20, 0.5); // on its way, and its goal is nobody's but the hand's
        played.play(2000, {{"a", sound}, {"b", sound}});
        change(played);
        return played.play(8000, {{"a", sound}, {"b", sound}}).at("mix");
    };
    const auto reloaded = run([&](test::TestDesk& played) {
        const auto* const plan = played.console().compiled();
        int made = 0;
        played.console().on_plan = [&](const graph::Compiled&) { ++made; };
        played.reload(desk(-3, 9, true, -6));
        CHECK(played.console().compiled() == plan);
        CHECK(made == 0);
        played.console().on_plan = nullptr;
    });
    const auto by_hand = run([](test::TestDesk& played) {
        played.console().begin();
        played.set("/a/eq/band/1/gain", 9);
        played.set("/b/mute", 1);
        played.set("/groups/g/level", -6);
        played.console().commit();
    });
    CHECK(reloaded == by_hand);
    CHECK(reloaded != run([](test::TestDesk&) {}));
    // What a plan is needed for makes one.
    test::TestDesk played(desk(-3, 0, false, 0), {.lane_width = 0, .inputs = {}, .outputs = {"mix"}});
    played.reload(desk(-3, 0, false, 0, 5));
    CHECK(played.latency("a") == 240);
}
