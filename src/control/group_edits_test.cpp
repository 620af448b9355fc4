// SPDX-License-Identifier: GPL-3.0-or-later
// New names and groups, edited while the desk plays.
#include "control/test_studio.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace ton::test;
using ton::config::Diagnostic;

TEST_CASE("a renamed strip sounds on, to the bit, and what names it follows") {
    Studio plain, renamed;
    renamed.send({{"/tonmeister/strip/rename", {S("a"), S("anna")}}, {"/tonmeister/strip/rename", {S("fx"), S("hall")}}});
    plain.play();
    CHECK(renamed.good());
    CHECK(renamed.has("/anna/fader/level"));
    CHECK_FALSE(renamed.has("/a/fader/level"));
    const auto* sidechain = renamed.desk.console().find("/duck/compressor/sidechain");
    CHECK(renamed.desk.console().get(*sidechain) == Value{S("anna")});
    CHECK(plain.play(20000)["mix"] == renamed.play(20000)["mix"]);
    // A new strip of the old name is another one, and undone it leaves no trace.
    renamed.send("/tonmeister/strip/add", {S("a"), S(R"({"chain":["voice",{"fader":{"level":-20}},{"pan":{}}],"to":"mix"})")});
    CHECK(renamed.good());
    CHECK(renamed.get("/a/fader/level") == -20);
    for (int i = 0; i < 2; ++i) renamed.send("/tonmeister/undo");
    CHECK(renamed.editor.text() == kText);
    CHECK(renamed.has("/fx/lowpass/frequency"));
    for (int i = 0; i < 3; ++i) plain.play();
    CHECK(plain.play(5000)["mix"] == renamed.play(5000)["mix"]);
}

TEST_CASE("a renamed strip that shares its microphone's gain sounds on, to the bit") {
    auto text = kText;
    for (const S strip : {"a", "b"}) text.insert(text.find("\"chain\": [", text.find("\"" + strip + "\": {")) + 10, R"( { "automix": {} },)");
    Studio plain(text), renamed(text);
    renamed.send("/tonmeister/strip/rename", {S("a"), S("anna")});
    plain.play();
    REQUIRE(renamed.good());
    CHECK(plain.play(20000)["mix"] == renamed.play(20000)["mix"]);
    for (auto* s : {&plain, &renamed}) s->send(s == &plain ? "/a/automix/weight" : "/anna/automix/weight", {-12.0F});
    REQUIRE(renamed.good());
    CHECK(plain.play(20000)["mix"] == renamed.play(20000)["mix"]);
}

TEST_CASE("what a module tells is told of its strip's new name") {
    Studio s;
    s.send("/tonmeister/strip/rename", {S("a"), S("anna")}).send("/tonmeister/chain/insert", {S("anna"), 0, S(R"({"recorder":{}})")});
    s.send("/anna/recorder/arm", {true}).send("/anna/recorder/record", {true});
    REQUIRE(s.good());
    const auto reports = s.desk.console().take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].first == "/anna/recorder");
}

TEST_CASE("groups are saved as they stand, and follow a member's new name") {
    auto text = kText;
    const std::string_view groups = R"(, "groups": { "both": { "members": ["a", "b"], "level": -3 } } )";
    text.insert(text.find_last_of('}'), groups);
    Studio s(text);
    s.send("/groups/both/level", {-9.5F}).send("/groups/both/mute", {true}).send("/tonmeister/strip/rename", {S("b"), S("bass")});
    REQUIRE(s.good());
    const auto saved = s.editor.text_to_save();
    CHECK(saved.find(R"("both": { "members": ["a", "bass"], "level": -9.5, "mute": true })") != S::npos);
    Studio loaded(saved);
    CHECK(loaded.get("/groups/both/level") == -9.5);
    s.send("/tonmeister/undo").send("/tonmeister/undo").send("/tonmeister/undo");
    CHECK(s.get("/groups/both/mute") == 0.0);
    CHECK(s.get("/groups/both/level") == -3.0);
}

TEST_CASE("a renamed strip stays in the groups it was in by a pattern, and undone it is in them as before") {
    for (const auto* members : {R"(["a*", "b"])", R"("a*")", R"(["[a-c]"])"}) {
        auto text = kText;
        text.insert(text.find_last_of('}'), fmt::format(R"(, "groups": {{ "both": {{ "members": {}, "mute": true }} }} )", members));
        Studio plain(text), s(text);
        const auto same = [&] { return plain.play(6000)["mix"] == s.play(6000)["mix"]; };
        s.send("/tonmeister/strip/rename", {S("a"), S("voice")});
        plain.play();
        REQUIRE(s.good());
        CHECK(same());
        s.send("/tonmeister/strip/rename", {S("voice"), S("anna")}); // which the pattern has, or the name beside it
        plain.play();
        CHECK(same());
        s.send("/tonmeister/undo").send("/tonmeister/undo");
        plain.play(), plain.play();
        CHECK(same());
        CHECK(s.editor.text() == text);
    }
}

TEST_CASE("fades and settings that wait go on through a rename, and through its undo") {
    Studio plain, s;
    for (auto* studio : {&plain, &s}) {
        auto& console = studio->desk.console();
        const auto now = studio->desk.engine().counters().frames.load();
        console.set(*console.find("/a/fader/level"), {-40.0}, 0.5);
        console.set(*console.find("/a/pan/position"), {0.9}, 0.2, now + 12000);
        console.set(*console.find("/a/compressor/lookahead"), {8.0}, -1, now + 40000); // a new plan, later
        studio->play(4000);
    }
    const auto both = [&](int frames) { return plain.play(frames)["mix"] == s.play(frames)["mix"]; };
    s.send("/tonmeister/strip/rename", {S("a"), S("anna")});
    plain.play();
    CHECK(both(20000));
    s.send("/tonmeister/undo").send("/tonmeister/redo");
    plain.play(), plain.play();
    CHECK(both(60000));
    CHECK(s.get("/anna/compressor/lookahead") == 8);
    CHECK(s.good());
    CHECK(s.desk.console().take_refusals().empty());
}

TEST_CASE("an undone edit takes back what its bundle did to a group") {
    auto text = kText;
    text.insert(text.find_last_of('}'), R"(, "groups": { "both": { "members": ["a", "b"], "level": -3 } } )");
    Studio s(text);
    s.send({{"/tonmeister/strip/add", {S("n"), S("{}")}}, {"/groups/both/level", {-15.0F}}, {"/groups/both/mute", {true}}});
    REQUIRE(s.good());
    CHECK(s.get("/groups/both/level") == -15.0);
    s.send("/tonmeister/undo");
    CHECK(s.get("/groups/both/level") == -3.0);
    CHECK(s.get("/groups/both/mute") == 0.0);
}

TEST_CASE("groups come, change and go live, each an edit that can be undone, and are saved") {
    Studio plain, s;
    const auto levels = [&](Studio& studio) { return studio.play(6000)["mix"]; };
    s.send("/tonmeister/group/add", {S("both"), S(R"({"members":["a","x*"],"name":"Both"})")});
    plain.play();
    REQUIRE(s.good());
    CHECK(s.talk.replies == std::vector<S>{R"(/tonmeister/edited "group/add both")"});
    CHECK(s.get("/groups/both/level") == 0);
    s.send("/groups/both/mute", {true}); // as by hand, with what is muted the same
    plain.send("/a/mute", {true});
    levels(s), levels(plain);
    CHECK(levels(s) == levels(plain));
    s.send("/tonmeister/group/set", {S("both"), S("members"), S(R"(["a","b"])")});
    plain.send("/b/mute", {true});
    levels(s), levels(plain);
    CHECK(levels(s) == levels(plain));
    CHECK(s.editor.text_to_save().find(R"("both": { "members": ["a", "b"], "name": "Both", "mute": true })") != S::npos);
    s.send("/tonmeister/undo");
    plain.send("/tonmeister/undo");
    levels(s), levels(plain);
    CHECK(levels(s) == levels(plain));
    s.send("/tonmeister/group/remove", {S("both")});
    plain.send("/a/mute", {false});
    levels(s), levels(plain);
    CHECK(levels(s) == levels(plain));
    CHECK_FALSE(s.has("/groups/both/level"));
    s.send("/tonmeister/undo").send("/groups/both/level", {-9.0F}).send("/tonmeister/group/remove", {S("both")}).send("/tonmeister/undo");
    CHECK(s.get("/groups/both/level") == -9);
    CHECK(s.get("/groups/both/mute") == 1);
    for (int i = 0; i < 3; ++i) s.send("/tonmeister/undo");
    CHECK(s.good());
    CHECK(s.editor.text() == kText);
}

TEST_CASE("what can't be done with groups is said, and nothing is") {
    Studio s;
    const std::vector<std::pair<osc::Message, S>> wrong{
        {{"/tonmeister/group/add", {S("x"), S("{}")}}, "members are missing"},
        {{"/tonmeister/group/add", {S("x"), S(R"({"members":["nobody"]})")}}, "unknown strip \"nobody\""},
        {{"/tonmeister/group/add", {S("x/y"), S(R"({"members":["a"]})")}}, "can't be a name"},
        {{"/tonmeister/group/add", {S("x"), S("[]")}}, "expected a group"},
        {{"/tonmeister/group/remove", {S("x")}}, "there is no group \"x\""},
        {{"/tonmeister/group/set", {S("x"), S("members"), S("[]")}}, "there is no group \"x\""},
        {{"/tonmeister/strip/set", {S("a"), S("mute"), true}}, "it is set at /a/mute"},
        {{"/tonmeister/strip/set", {S("a"), S("to"), S("mix")}}, "/tonmeister/route"},
    };
    for (const auto& [message, why] : wrong) {
        s.talk.errors.clear();
        s.send({message});
        REQUIRE(s.talk.errors.size() == 1);
        CHECK_MESSAGE(s.talk.errors.front().find(why) != S::npos, s.talk.errors.front());
    }
    CHECK(s.editor.text() == kText);
    s.talk.errors.clear();
    s.send("/tonmeister/group/add", {S("x"), S(R"({"members":["a"]})")});
    for (const auto* name : {"Both of them", "\"Both of them\""}) { // quotes or none
        s.send("/tonmeister/group/set", {S("x"), S("name"), S(name)});
        CHECK(s.good());
        CHECK(s.editor.text().find(R"("name": "Both of them")") != S::npos);
        s.send("/tonmeister/undo");
        CHECK(s.editor.text().find("Both") == S::npos);
    }
    s.send("/tonmeister/group/set", {S("x"), S("level"), -3});
    CHECK(s.talk.errors == std::vector<S>{"/tonmeister/group/set it is set at /groups/x/level"});
}

TEST_CASE("a reload that takes a group away is undone with the group as it stood") {
    auto text = kText;
    text.insert(text.find_last_of('}'), R"(, "groups": { "both": { "members": "a", "level": -3 } } )");
    Studio s(text);
    s.send("/groups/both/level", {-15.0F}).send("/groups/both/solo", {true});
    std::vector<Diagnostic> errors;
    std::vector<ton::control::Unfit> unfit;
    REQUIRE(s.editor.reload(kText, errors, unfit) == Editor::Result::done);
    s.play();
    CHECK_FALSE(s.has("/groups/both/level"));
    s.send("/tonmeister/undo");
    CHECK(s.good());
    CHECK(s.get("/groups/both/level") == -15);
    CHECK(s.get("/groups/both/solo") == 1);
    CHECK(s.editor.text() == text);
}

TEST_CASE("solo safe is set live, and a strip that is removed by force leaves its groups behind") {
    auto text = kText;
    text.insert(text.find_last_of('}'), R"(, "groups": { "both": { "members": "b" } } )");
    Studio s(text);
    s.send("/tonmeister/strip/set", {S("a"), S("solo_safe"), true}).send("/tonmeister/strip/remove", {S("b"), S("force")});
    REQUIRE(s.good());
    CHECK(s.desk.console().desk().strips.front().solo_safe);
    CHECK(s.editor.text().find(R"("both": { "members": [] })") != S::npos);
    s.send("/tonmeister/undo").send("/tonmeister/undo");
    CHECK(s.editor.text() == text);
}

TEST_CASE("a renamed group holds its members as before, to the bit, and undone has its old name") {
    auto text = kText;
    text.insert(text.find_last_of('}'), R"(, "groups": { "both": { "members": ["a", "b"], "level": -3 }, "other": { "members": [] } } )");
    Studio plain(text), s(text);
    const auto same = [&] { return plain.play(6000)["mix"] == s.play(6000)["mix"]; };
    for (auto* studio : {&plain, &s}) {
        studio->send("/groups/both/level", {-9.0F}).send("/groups/both/mute", {true}).send("/groups/both/mute", {false});
        studio->desk.set("/groups/both/level", -20, 0.3); // under way when the name changes
    }
    Origins told;
    s.editor.on_renamed = [&](const Origins& names) { told = names; };
    s.send("/tonmeister/group/rename", {S("both"), S("all")});
    plain.play();
    REQUIRE(s.good());
    CHECK(told == Origins{{"groups/both", "groups/all"}});
    CHECK(same());
    CHECK_FALSE(s.has("/groups/both/level"));
    CHECK(s.get("/groups/all/level") == -20);
    CHECK(s.editor.text_to_save().find(R"("all": { "members": ["a", "b"], "level": -20 })") != S::npos);
    s.send("/tonmeister/undo");
    plain.play();
    CHECK(same());
    CHECK(s.editor.text() == text);
    CHECK(s.get("/groups/both/level") == -20);
    for (const auto& [from, to] : std::vector<std::pair<S, S>>{{"both", "other"}, {"nobody", "x"}, {"both", "a/b"}}) {
        s.talk.errors.clear();
        s.send("/tonmeister/group/rename", {from, to});
        CHECK(s.talk.errors.size() == 1);
    }
    CHECK(s.editor.text() == text);
}
