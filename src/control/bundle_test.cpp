// SPDX-License-Identifier: GPL-3.0-or-later
// Bundles that hold an edit: all of it, with what they set, or nothing.
#include "control/scene_verbs.hpp"
#include "control/test_studio.hpp"
#include "control/verb_kinds.hpp"

#include <doctest/doctest.h>

using namespace ton::test;

namespace {

using Messages = std::vector<osc::Message>;

Messages joined(Messages first, const Messages& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

std::vector<std::vector<S>> pieces(const std::vector<S>& addresses) {
    return in_pieces(addresses, [](const S& address) { return std::string_view(address); });
}

} // namespace

TEST_CASE("where an edit of a bundle can't be done nothing of the bundle is, and it is answered once") {
    const Messages settings_of_all_kinds{{"/mix/fader/level", {-20.0F}}, {"/b/mute/toggle", {}},      {"/{a,b}/pan/position", {1.0F}},        {"/fx/solo", {true}},
                                         {"/a/fader/level", {-40.0F, 1.0F}}, {"/a/compressor/lookahead", {9.0F}}, {"/duck/compressor/sidechain", {S("b")}}, {"/a/fader/level/inc", {-3.0F}},
                                         {"/x/fader/level", {-7.0F}}};
    const Messages refusals{{"/tonmeister/strip/remove", {S("nope")}},
                            {"/tonmeister/strip/add", {S("x"), S(R"({"to":"nowhere"})")}}, // which only the whole desk tells
                            {"/tonmeister/strip/delete", {S("b")}}};                       // no such verb
    const Messages good{{"/tonmeister/chain/insert", {S("b"), 0, S("gate")}}};
    for (const auto& refusal : refusals)
        for (const auto& bundle : {joined(settings_of_all_kinds, {refusal}), joined({refusal}, settings_of_all_kinds), joined(joined(good, settings_of_all_kinds), {refusal}),
                                   joined({refusal}, joined(settings_of_all_kinds, good))}) {
            CAPTURE(refusal.address);
            CAPTURE(bundle.front().address);
            Studio plain, s;
            const auto before = settings(s.desk.console());
            s.send(bundle);
            plain.play();
            CHECK(s.talk.errors.size() == 1);
            CHECK(s.talk.replies.empty());
            CHECK(settings(s.desk.console()) == before);
            CHECK(s.editor.text() == kText);
            CHECK(s.play(9600)["mix"] == plain.play(9600)["mix"]);
            s.send("/tonmeister/undo");
            CHECK(s.talk.errors.back() == "/tonmeister/undo there is nothing to undo");
            s.send("/mix/fader/level", {-20.0F}); // by itself, as ever
            CHECK(s.get("/mix/fader/level") == -20);
        }
}

TEST_CASE("what a bundle sets beside an edit is taken back on both sides of a link, and done again on both") {
    const Messages link{{"/tonmeister/strip/set", {S("a"), S("link"), S("b")}}}, add{{"/tonmeister/strip/add", {S("x")}}};
    const Messages moves{{"/b/fader/level", {-20.0F}}, {"/a/pan/position", {0.5F}}, {"/b/solo", {true}}};
    for (const bool linked_before : {true, false}) {
        CAPTURE(linked_before);
        Studio s;
        s.send("/a/fader/level", {-9.0F}).send("/b/fader/level", {-12.0F});
        if (linked_before) s.send(link);
        const auto before = settings(s.desk.console());
        s.send(joined(linked_before ? add : link, moves));
        REQUIRE(s.good());
        CHECK(s.get("/a/fader/level") == -20);
        CHECK(s.get("/b/pan/position") == -0.5);
        CHECK(s.get("/a/solo") == 1);
        const auto after = settings(s.desk.console());
        CHECK(settings(s.send("/tonmeister/undo").desk.console()) == before);
        CHECK(settings(s.send("/tonmeister/redo").desk.console()) == after);
        REQUIRE(s.good());
    }
}

TEST_CASE("a bundle without an edit is done as far as it can be") {
    Studio s;
    s.send({{"/mix/fader/level", {-20.0F}}, {"/nobody/fader/level", {-1.0F}}, {"/b/fader/level", {-6.0F}}});
    CHECK(s.talk.errors == std::vector<S>{"/nobody/fader/level there is no such address"});
    CHECK(s.get("/mix/fader/level") == -20);
    CHECK(s.get("/b/fader/level") == -6);
}

TEST_CASE("recalls and cleared solos wait for their bundle's edit as settings do") {
    Studio s;
    Scenes scenes{s.desk.console()};
    const SceneVerbs verbs{s.dispatcher, scenes};
    s.send("/tonmeister/scene/store", {S("start")}).send("/a/fader/level", {-30.0F}).send("/b/solo", {true});
    REQUIRE(s.good());
    s.send({{"/tonmeister/solo/clear", {}}, {"/tonmeister/scene/recall", {S("start")}}, {"/tonmeister/strip/remove", {S("nope")}}});
    CHECK(s.talk.errors.size() == 1);
    CHECK(s.get("/a/fader/level") == -30);
    CHECK(s.get("/b/solo") == 1);
    s.talk.errors.clear();
    s.send({{"/tonmeister/solo/clear", {}}, {"/tonmeister/scene/recall", {S("start")}}, {"/tonmeister/strip/add", {S("x"), S("{}")}}});
    CHECK(s.good());
    CHECK(s.get("/a/fader/level") == -3);
    CHECK(s.get("/b/solo") == 0);
    s.send("/tonmeister/undo");
    CHECK(s.good());
    CHECK(s.get("/a/fader/level") == -30);
    CHECK(s.get("/b/solo") == 1);
}

TEST_CASE("what stands in front of an edit follows the names it gives, also where two change theirs, and so do undo and redo") {
    auto text = kText;
    text.insert(text.find_last_of('}'), R"(, "groups": { "both": { "members": ["a", "b"] } } )");
    Studio s(text);
    const auto before = settings(s.desk.console());
    s.send({{"/a/fader/level", {-11.0F}},
            {"/groups/both/level", {-5.0F}},
            {"/duck/mute", {true}},
            {"/tonmeister/strip/rename", {S("a"), S("t")}},
            {"/tonmeister/strip/rename", {S("b"), S("a")}},
            {"/tonmeister/strip/rename", {S("t"), S("b")}},
            {"/tonmeister/group/rename", {S("both"), S("all")}},
            {"/tonmeister/strip/remove", {S("duck")}},
            {"/a/fader/level", {-22.0F}}});
    CHECK(s.good());
    const auto after = settings(s.desk.console());
    const auto check = [&] {
        CHECK(s.get("/b/fader/level") == -11); // which was a
        CHECK(s.get("/a/fader/level") == -22);
        CHECK(s.get("/groups/all/level") == -5);
        CHECK_FALSE(s.has("/duck/mute"));
        CHECK(settings(s.desk.console()) == after);
    };
    check();
    for (int round = 0; round < 2; ++round) {
        s.send("/tonmeister/undo");
        CHECK(s.good());
        CHECK(settings(s.desk.console()) == before);
        s.send("/tonmeister/redo");
        CHECK(s.good());
        check();
    }
}

TEST_CASE("a verb that acts at once parts a bundle in front of its edits: it sees what was set before it") {
    const S set = "/a/fader/level", save = "/tonmeister/save", edit = "/tonmeister/strip/add", undo = "/tonmeister/undo";
    CHECK(pieces({set, save, set, edit, set}) == std::vector<std::vector<S>>{{set, save}, {set, edit, set}});
    CHECK(pieces({set, save, save, set}) == std::vector<std::vector<S>>{{set, save, save, set}});
    CHECK(pieces({edit, set, save, edit}) == std::vector<std::vector<S>>{{edit, set, save, edit}});
    CHECK(pieces({set, save, undo, undo, edit}) == std::vector<std::vector<S>>{{set, save, undo}, {undo}, {edit}});
}

TEST_CASE("an undo of many settings says how many") {
    Studio s;
    s.send("/*/mute", {true}).send("/tonmeister/undo").send("/tonmeister/redo");
    REQUIRE(s.good());
    CHECK(s.talk.replies == std::vector<S>{R"(/tonmeister/undone "/a/mute and 4 more")", R"(/tonmeister/redone "/a/mute and 4 more")"});
    s.send("/b/fader/level", {-9.0F}).send("/tonmeister/undo");
    CHECK(s.talk.replies.back() == R"(/tonmeister/undone "/b/fader/level")");
}
