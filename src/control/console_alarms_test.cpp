// SPDX-License-Identifier: GPL-3.0-or-later
// What a desk tells of by itself, while strips change their names, come and go.
#include "control/test_studio.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace ton::test;

namespace {
using Events = std::vector<std::pair<S, S>>; // address, and the first words of the sentence

constexpr const char* kDesk = R"({ "version": 1, "strips": {
    "a": { "channels": 1, "input": [], "output": [], "guard": { "on": true, "ceiling": -30 } },
    "b": { "channels": 1, "input": [], "output": [] } } })";
constexpr const char* kNoLonger = "the ceiling no longer holds the output down; at the most it was";
constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

struct Part {
    double seconds;
    float value;
};

/// What is told while that comes into the strip that was called `strip` at first, ten times a second.
Events hear(TestDesk& desk, const S& strip, const std::vector<Part>& parts) {
    Events events;
    for (const auto& part : parts)
        for (int i = 0; i < std::lround(part.seconds * 10); ++i) {
            desk.play(4800, {{strip, {std::vector<float>(4800, part.value)}}}, 480);
            for (const auto& [address, text] : desk.console().take_reports()) events.emplace_back(address, text.substr(0, text.find_first_of("0123456789-") - 1));
        }
    return events;
}

Events all(const S& name, bool begin) {
    const S guard = "/" + name + "/guard";
    if (begin) return {{guard, "the ceiling of"}, {guard, "DC of"}, {guard, "DC of"}, {"/" + name, "a NaN or infinity was silenced"}};
    return {{"/" + name, "no NaN or infinity any more"}, {guard, kNoLonger}, {guard, "the DC is gone"}};
}
} // namespace

TEST_CASE("alarms follow their strip to a new name without a word") {
    Studio s(kDesk);
    CHECK(hear(s.desk, "a", {{8, 0.05F}, {0.1, kNoNumber}}) == all("a", true));
    s.send("/tonmeister/strip/rename", {S("a"), S("anna")});
    REQUIRE(s.good());
    CHECK(hear(s.desk, "a", {{1.5, 0.05F}}) == Events{});
    s.send({{"/tonmeister/strip/rename", {S("anna"), S("c")}}, {"/tonmeister/strip/rename", {S("b"), S("a")}}}); // the old name is another's now
    REQUIRE(s.good());
    CHECK(hear(s.desk, "a", {{20, 0}}) == all("c", false));
}

TEST_CASE("the alarms of a strip that is removed go with it, and those of a guard with the strip's outputs") {
    Studio s(kDesk);
    hear(s.desk, "a", {{8, 0.05F}});
    s.send("/tonmeister/strip/remove", {S("a"), S("force")});
    REQUIRE(s.good());
    CHECK(hear(s.desk, "b", {{20, 0}}) == Events{});
    s.send("/tonmeister/undo");
    REQUIRE(s.good());
    CHECK(hear(s.desk, "a", {{8, 0.05F}, {0.1, kNoNumber}}) == all("a", true));
    std::vector<ton::config::Diagnostic> errors;
    std::vector<Unfit> unfit;
    REQUIRE(s.editor.reload(R"({ "version": 1, "strips": { "a": { "channels": 1, "input": [], "to": "b" }, "b": { "channels": 1, "output": [] } } })", errors, unfit) == Editor::Result::done);
    s.play(480);
    CHECK(hear(s.desk, "a", {{20, 0}}) == Events{{"/a", "no NaN or infinity any more"}});
}

TEST_CASE("a guard that is bypassed tells of DC that leaves, and of no ceiling that is not there") {
    S text = kDesk;
    text.insert(text.find(", \"ceiling\""), ", \"bypass\": true");
    const S guard = "/a/guard";
    const Events dc{{guard, "DC of"}}, ceiling{{guard, "the ceiling of"}};
    Studio s(text);
    CHECK(hear(s.desk, "a", {{8, 0.05F}}) == dc); // 4 dB above the ceiling; beyond 1 % within a second, where the ceiling would need two
    s.desk.set("/a/guard/bypass", 0);
    CHECK(hear(s.desk, "a", {{3, 0.05F}}) == ceiling);
    s.desk.set("/a/guard/bypass", 1);
    CHECK(hear(s.desk, "a", {{5, 0.05F}}) == Events{{guard, kNoLonger}});
    // A switch that is yet to be turned, on its sample, is not turned.
    auto& console = s.desk.console();
    const auto now = s.desk.engine().counters().frames.load();
    REQUIRE(console.set(*console.find("/a/guard/bypass"), {0.0}, -1, now + 40000).error.empty());
    CHECK(hear(s.desk, "a", {{0.8, 0.05F}}) == Events{});
    CHECK(hear(s.desk, "a", {{0.2, 0.05F}}) == ceiling);
}

TEST_CASE("an audio server with another rate ends no alarm") {
    Studio s(kDesk);
    hear(s.desk, "b", {{20, 0.05F}});
    for (const double rate : {8000.0, 96000.0}) { // 20 s at 48 kHz are 120 s of the one, 10 s of the other
        REQUIRE(s.desk.console().rebuild(rate).empty());
        s.desk.console().fade(1, 0);
        CHECK(hear(s.desk, "b", {{120, 0.05F}}) == Events{});
    }
    CHECK(hear(s.desk, "b", {{60, 0}}) == Events{{"/b/guard", "the DC is gone"}});
}

TEST_CASE("a NaN is told also where strips share lanes in a new way") {
    const S alone = R"({ "version": 1, "strips": { "a": { "channels": 1, "input": [], "chain": [ { "gain": {} } ], "to": "mix" }, "mix": { "channels": 1 } } })";
    TestDesk desk(alone, {.lane_width = 0, .inputs = {}, .outputs = {"mix"}});
    const Events once{{"/a", "a NaN or infinity was silenced"}, {"/a", "no NaN or infinity any more"}};
    CHECK(hear(desk, "a", {{0.5, kNoNumber}, {3, 0}}) == once);
    desk.reload(S(alone).insert(alone.find("\"mix\":"), R"("x": { "channels": 1, "input": [], "chain": [ { "gain": {} } ], "to": "mix" }, )"));
    hear(desk, "a", {{1, 0}});
    CHECK(hear(desk, "a", {{0.1, kNoNumber}, {3, 0}}) == once);
}

TEST_CASE("a NaN is told that comes shortly before a strip gets another plan, or while it does") {
    const S text = R"({ "version": 1, "strips": { "a": { "channels": 1, "input": [], "chain": [ { "gain": {} } ], "to": "mix" }, "mix": { "channels": 1 } } })";
    const S more = S(text).insert(text.find("{ \"gain\""), R"({ "eq": {} }, )");
    const Events once{{"/a", "a NaN or infinity was silenced"}, {"/a", "no NaN or infinity any more"}};
    for (const int before : {-1, 0, 64, 240, 480, 960}) { // frames from the edit to the NaN; -1: just before it
        CAPTURE(before);
        TestDesk desk(text, {.lane_width = 0, .inputs = {}, .outputs = {"mix"}});
        CHECK(hear(desk, "a", {{0.5, 0}}) == Events{});
        const auto nan = [&] { desk.play(16, {{"a", {std::vector<float>(16, kNoNumber)}}}, 16); };
        if (before < 0) nan();
        desk.reload(more);
        if (before > 0) desk.play(before, {}, 16);
        if (before >= 0) nan();
        CHECK(hear(desk, "a", {{3, 0}}) == once);
    }
}
