// SPDX-License-Identifier: GPL-3.0-or-later
// Solos that others take back are in undo, and what is soloed together stays together.
#include "control/scene_verbs.hpp"
#include "control/test_studio.hpp"

#include <doctest/doctest.h>

using namespace ton::test;

namespace {

S with_monitor() {
    auto text = kText;
    return text.insert(text.find("    \"fx\""), R"(    "ear": { "channels": 2, "chain": [ { "monitor": { "source/1/from": "mix", "exclusive": true } } ], "output": [] },
)");
}

struct Solos : Studio {
    Solos() : Studio(with_monitor()) {}
    /// The strips that are soloed, in alphabetic order.
    S soloed() {
        S all;
        for (const S strip : {"a", "b", "duck", "ear", "fx", "mix"})
            if (get("/" + strip + "/solo") == 1) all += (all.empty() ? "" : " ") + strip;
        return all;
    }
    Solos& solo(const S& strip, bool on = true) { return send("/" + strip + "/solo", {on}), *this; }
    S undo() {
        talk.replies.clear();
        send("/tonmeister/undo");
        REQUIRE(good());
        return talk.replies.at(0);
    }
};

} // namespace

TEST_CASE("one undo brings back every solo that a new one took away") {
    Solos s;
    s.send("/ear/monitor/exclusive", {false}).send("/a/solo", {true}).send("/b/solo", {true}).send("/ear/monitor/exclusive", {true});
    CHECK(s.soloed() == "a b");
    s.solo("fx");
    CHECK(s.soloed() == "fx");
    CHECK(s.undo() == "/tonmeister/undone \"/fx/solo\"");
    CHECK(s.soloed() == "a b");
    s.send("/tonmeister/redo");
    CHECK(s.soloed() == "fx");
    s.undo();
    s.solo("b", false);
    CHECK(s.soloed() == "a");
    s.undo(); // the undo of a release is no new solo
    CHECK(s.soloed() == "a b");
}

TEST_CASE("solo/clear is one step of undo") {
    Solos s;
    s.send("/{a,duck,fx}/solo", {true}).send("/tonmeister/solo/clear");
    CHECK(s.soloed().empty());
    CHECK(s.undo() == "/tonmeister/undone \"solo/clear\"");
    CHECK(s.soloed() == "a duck fx");
    s.send("/tonmeister/redo");
    CHECK(s.soloed().empty());
    s.send("/tonmeister/solo/clear"); // nothing: no step
    CHECK(s.undo() == "/tonmeister/undone \"solo/clear\"");
    CHECK(s.soloed() == "a duck fx");
}

TEST_CASE("exclusive: what a pattern or a bundle solos stays together and releases all others") {
    Solos s;
    s.solo("fx");
    s.send("/{a,fx}/solo", {true});
    CHECK(s.soloed() == "a fx");
    s.send("/{a,fx}/solo", {false});
    s.solo("mix");
    s.send("/{b,duck}/solo", {true});
    CHECK(s.soloed() == "b duck");
    s.undo();
    CHECK(s.soloed() == "mix");
    s.send({{"/a/solo", {true}}, {"/b/solo", {true}}});
    CHECK(s.soloed() == "a b");
    s.undo();
    CHECK(s.soloed() == "mix");
    s.solo("a").solo("b"); // one after the other is not together
    CHECK(s.soloed() == "b");
}

TEST_CASE("exclusive: a recalled scene solos what it has, no more and no less") {
    Solos s;
    Scenes scenes(s.desk.console());
    SceneVerbs verbs(s.dispatcher, scenes);
    s.send("/{a,b}/solo", {true}).send("/tonmeister/scene/store", {S("two"), S("/*/solo")});
    s.solo("b", false).send("/tonmeister/scene/recall", {S("two")});
    CHECK(s.soloed() == "a b");
    s.undo();
    CHECK(s.soloed() == "a");
}
