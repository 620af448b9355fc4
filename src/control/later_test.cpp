// SPDX-License-Identifier: GPL-3.0-or-later
// What is to happen later: called off by a hand and by undo.
#include "control/scene_verbs.hpp"
#include "control/test_studio.hpp"

#include <doctest/doctest.h>

using namespace ton::test;

namespace {

/// A scene of a look-ahead and a side-chain, which make new plans, that change when its fade of 1 s is over.
struct Switching : Studio {
    Scenes scenes{desk.console()};
    SceneVerbs verbs{dispatcher, scenes};
    Switching() {
        send("/a/compressor/lookahead", {9.0F}).send("/duck/compressor/sidechain", {S("b")});
        send("/tonmeister/scene/store", {S("late")}).send("/tonmeister/scene/switch", {S("late"), S("end")});
        send("/a/compressor/lookahead", {3.0F}).send("/duck/compressor/sidechain", {S("a")}).send("/b/fader/level", {-20.0F});
        send("/tonmeister/scene/recall", {S("late"), 1.0F});
        REQUIRE(good());
        REQUIRE(scenes.next_due().has_value());
    }
    /// The look-ahead and the side-chain when the fade has been over for long.
    std::pair<double, Value> in_the_end() {
        play(48000);
        scenes.poll(desk.engine().counters().frames.load());
        play(9600);
        return {get("/a/compressor/lookahead"), desk.console().get(*desk.console().find("/duck/compressor/sidechain"))};
    }
};

} // namespace

TEST_CASE("a switch that alters the graph waits for the fade's end") {
    Switching s;
    CHECK(s.get("/a/compressor/lookahead") == 3);
    CHECK(s.in_the_end() == std::pair{9.0, Value{S("b")}});
}

TEST_CASE("a hand on it calls it off, also where it sets what is there already") {
    Switching s;
    s.send("/a/compressor/lookahead", {3.0F});
    CHECK(s.in_the_end() == std::pair{3.0, Value{S("b")}});
}

TEST_CASE("undo of the recall calls all of it off, also where an edit stood in its bundle") {
    Switching s;
    s.send("/tonmeister/undo");
    REQUIRE(s.good());
    CHECK_FALSE(s.scenes.next_due().has_value());
    CHECK(s.in_the_end() == std::pair{3.0, Value{S("a")}});
    s.send({{"/tonmeister/strip/add", {S("x"), S("{}")}}, {"/tonmeister/scene/recall", {S("late"), 1.0F}}});
    REQUIRE(s.good());
    REQUIRE(s.scenes.next_due().has_value());
    s.send("/tonmeister/undo");
    REQUIRE(s.good());
    CHECK_FALSE(s.has("/x/mute"));
    CHECK(s.in_the_end() == std::pair{3.0, Value{S("a")}});
}

TEST_CASE("a setting that waits for its time is for its strip, and for none that takes the name") {
    const auto in_a_fifth = [](Studio& s) {
        auto& console = s.desk.console();
        const auto then = static_cast<std::int64_t>(console.engine().counters().frames) + 9600;
        REQUIRE(console.set(*console.find("/a/compressor/lookahead"), Value{9.0}, -1, then).error.empty());
        REQUIRE(console.waiting() == 1);
    };
    const std::vector<osc::Message> anew{{"/tonmeister/strip/remove", {S("a"), S("force")}}, {"/tonmeister/strip/add", {S("a"), S(R"({ "channels": 1, "chain": ["voice"] })")}}};
    Studio gone, renamed;
    in_a_fifth(gone);
    gone.send(anew).play(19200);
    CHECK(gone.good());
    CHECK(gone.get("/a/compressor/lookahead") == 3);
    const auto refused = gone.desk.console().take_refusals();
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].address == "/a/compressor/lookahead");

    in_a_fifth(renamed);
    renamed.send({{"/tonmeister/strip/rename", {S("a"), S("c")}}, anew[1]}).play(19200);
    CHECK(renamed.good());
    CHECK(renamed.get("/a/compressor/lookahead") == 3);
    CHECK(renamed.get("/c/compressor/lookahead") == 9);
    CHECK(renamed.desk.console().take_refusals().empty());
}
