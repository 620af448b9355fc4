// SPDX-License-Identifier: GPL-3.0-or-later
// Edits of a desk that plays, by messages.
#include "control/test_studio.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace ton::test;
using ton::config::Diagnostic;

TEST_CASE("strips that an edit does not touch sound as without it, to the bit") {
    const std::string text = [] {
        auto with_ports = kText;
        return with_ports.replace(with_ports.find(R"("to": "mix" }, // the other)"), 12, R"("output": [])");
    }();
    Studio plain(text), edited(text);
    const auto same = [&] { return plain.play(4000)["b"] == edited.play(4000)["b"]; };
    const std::vector<osc::Message> edits{{"/tonmeister/chain/insert", {S("a"), 2, S("eq")}},
                                          {"/tonmeister/chain/move", {S("a"), S("fader"), 0}},
                                          {"/tonmeister/chain/remove", {S("a"), S("compressor")}},
                                          {"/tonmeister/strip/add", {S("x"), S(R"({"channels":2,"to":"mix"})")}},
                                          {"/tonmeister/route", {S("a"), S("x"), S("fx")}},
                                          {"/tonmeister/strip/remove", {S("duck")}},
                                          {"/tonmeister/undo", {}}};
    for (const auto& message : edits) {
        edited.send({message});
        plain.play();
        INFO(message.address);
        CHECK(edited.good());
        CHECK(same());
    }
    CHECK(edited.play(4000)["mix"] != plain.play(4000)["mix"]);
}

TEST_CASE("undo and redo lead to the same texts and settings, step by step") {
    Studio s;
    std::vector<std::string> saves{s.editor.text_to_save()};
    std::vector<std::map<std::string, Value>> stands{settings(s.desk.console())};
    const std::vector<std::vector<osc::Message>> steps{
        {{"/a/fader/level", {-12.5F}}},
        {{"/a/compressor/lookahead", {7.0F}}}, // structural, of a template's module
        {{"/duck/compressor/sidechain", {S("b")}}},
        {{"/tonmeister/strip/rename", {S("b"), S("bass")}}, {"/bass/fader/level", {-1.5F}}, {"/bass/eq/band/1/gain", {4.0F}}},
        {{"/bass/mute", {true}}},
        {{"/fx/solo", {true}}, {"/mix/solo", {true}}},
        {{"/tonmeister/strip/remove", {S("bass"), S("force")}}},
        {{"/tonmeister/strip/add", {S("b"), S("{\"to\":\"mix\"}")}}, {"/tonmeister/chain/insert", {S("b"), 0, S("fader")}}, {"/b/fader/level", {-7.0F}}},
        {{"/tonmeister/chain/remove", {S("a"), S("highpass")}}},
        {{"/a/compressor/threshold", {-33.0F}}},
        {{"/tonmeister/chain/move", {S("a"), S("compressor"), -1}}},
        {{"/{a,b}/fader/level", {-30.0F}}},
    };
    for (const auto& step : steps) {
        s.send(step);
        REQUIRE(s.good());
        saves.push_back(s.editor.text_to_save());
        stands.push_back(settings(s.desk.console()));
        CHECK(saves.back() != saves[saves.size() - 2]);
    }
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = steps.size(); i-- > 0;) {
            INFO("undo of ", i, " ", steps[i].front().address);
            s.send("/tonmeister/undo");
            CHECK(s.good());
            CHECK(s.editor.text_to_save() == saves[i]);
            CHECK(settings(s.desk.console()) == stands[i]);
        }
        for (std::size_t i = 0; i < steps.size(); ++i) {
            INFO("redo of ", i, " ", steps[i].front().address);
            s.send("/tonmeister/redo");
            CHECK(s.good());
            CHECK(s.editor.text_to_save() == saves[i + 1]);
            CHECK(settings(s.desk.console()) == stands[i + 1]);
        }
    }
    s.send("/tonmeister/redo");
    CHECK(s.talk.errors == std::vector<S>{"/tonmeister/redo there is nothing to redo"});
}

TEST_CASE("a bundle is one edit: all of it or nothing, and one step") {
    Studio s;
    s.send({{"/tonmeister/strip/add", {S("x"), S("{}")}}, {"/tonmeister/strip/add", {S("y"), S(R"({"to":"x"})")}}, {"/tonmeister/route", {S("x"), S("mix")}}});
    CHECK(s.good());
    CHECK(s.talk.replies == std::vector<S>{R"(/tonmeister/edited "strip/add x and 2 more")"});
    CHECK(s.has("/y/mute"));
    s.send("/tonmeister/undo");
    CHECK(s.editor.text() == kText);
    s.send({{"/tonmeister/strip/add", {S("x"), S("{}")}}, {"/tonmeister/chain/insert", {S("nobody"), 0, S("eq")}}, {"/x/mute", {true}}});
    CHECK(s.talk.errors == std::vector<S>{"/tonmeister/chain/insert there is no strip \"nobody\""});
    CHECK_FALSE(s.has("/x/mute"));
    CHECK(s.editor.text() == kText);
}

TEST_CASE("an edit that makes no desk is refused with every error, and nothing changes") {
    Studio plain, s;
    s.send({{"/tonmeister/strip/add", {S("x"), S(R"({"to":"nowhere","chain":[{"fadr":{}},{"fader":{"level":99}}]})")}}, {"/tonmeister/route", {S("mix"), S("a")}}});
    plain.play();
    REQUIRE(s.talk.errors.size() >= 4);
    for (const auto* part : {"strips.x.to", "\"fadr\"", "level", "circle"})
        CHECK_MESSAGE(std::ranges::any_of(s.talk.errors, [&](const S& e) { return e.find(part) != S::npos; }), part);
    CHECK(s.editor.text() == kText);
    CHECK(plain.play()["mix"] == s.play()["mix"]);
    s.send("/tonmeister/undo");
    CHECK(s.talk.errors.back() == "/tonmeister/undo there is nothing to undo");
}

TEST_CASE("what is saved keeps comments, order and layout where nothing changed, and loads to the same settings") {
    Studio s;
    CHECK(s.editor.text_to_save() == kText);
    s.send("/b/eq/band/1/gain", {6.0F}).send("/b/eq/band/2/gain", {-2.5F}).send("/b/eq/band/3/gain", {1.0F}).send("/mix/mute", {true});
    auto expected = kText;
    for (const auto& [from, to] : {std::pair{R"("1": { "gain": 3 } }, "band/2/gain": -3)", R"("1": { "gain": 6 } }, "band/2/gain": -2.5, "band/3/gain": 1)"},
                                   {R"("output": [] })", R"("output": [], "mute": true })"}})
        expected.replace(expected.find(from), std::string_view(from).size(), to);
    CHECK(s.editor.text_to_save() == expected);
    s.send("/a/highpass/frequency", {120.0F}); // of a template: written out, in this strip
    expected.replace(expected.find("\"voice\", {"), 7, R"({ "highpass": { "frequency": 120 } }, { "compressor": { "threshold": -30, "ratio": 4, "lookahead": 3 } })");
    CHECK(s.editor.text_to_save() == expected);
    // Any other moves: what is saved loads to the same settings.
    std::mt19937 random(5);
    for (int round = 0; round < 30; ++round) {
        for (const auto& control : s.desk.console().controls())
            if (!control.meter() && control.parameter->kind != ton::engine::Kind::text && random() % 8 == 0 && control.address.find("/meter/") == S::npos)
                s.desk.console().set(control, {control.parameter->minimum + (control.parameter->maximum - control.parameter->minimum) * static_cast<double>(random() % 1000) / 999.0});
        s.play(64);
        Studio loaded(s.editor.text_to_save()); // what waits for a new plan is in it
        while (s.desk.console().waiting() > 0) s.play(64);
        CHECK(settings(loaded.desk.console()) == settings(s.desk.console()));
    }
}

TEST_CASE("a bundle that leaves a text without its shape is refused, not obeyed and not the end") {
    Studio s;
    s.send({{"/tonmeister/strip/add", {S("n"), S(R"({"chain":5})")}}, {"/tonmeister/chain/insert", {S("n"), 0, S("eq")}}});
    CHECK(s.talk.errors.size() >= 1);
    CHECK(s.editor.text() == kText);
    s.talk.errors.clear();
    s.send({{"/tonmeister/strip/add", {S("n"), S(R"({"chain":{"a":1}})")}}, {"/tonmeister/chain/insert", {S("n"), 0, S("eq")}}});
    CHECK(s.talk.errors.size() >= 1);
    CHECK(s.editor.text() == kText);
}

TEST_CASE("a reload of what is known is none; another text is a step that can be undone") {
    Studio s;
    std::vector<Diagnostic> errors;
    std::vector<ton::control::Unfit> unfit;
    CHECK(s.editor.reload(kText, errors, unfit) == Editor::Result::unchanged);
    CHECK(s.editor.reload("// another comment\n" + kText, errors, unfit) == Editor::Result::unchanged);
    CHECK(s.desk.console().ready());
    s.send("/a/fader/level", {-9.0F}).send("/tonmeister/strip/add", {S("x"), S("{}")}).send("/x/solo", {true});
    auto other = kText;
    other.replace(other.find("\"level\": -3"), 11, "\"level\": -5");
    CHECK(s.editor.reload(other, errors, unfit) == Editor::Result::done);
    s.play();
    CHECK(s.get("/a/fader/level") == -5); // the author's word goes before the hand's
    CHECK_FALSE(s.has("/x/solo"));
    s.send("/tonmeister/undo");
    CHECK(s.get("/a/fader/level") == -9);
    CHECK(s.get("/x/solo") == 1);
    CHECK(s.editor.reload("{", errors, unfit) == Editor::Result::refused);
    CHECK(errors.size() == 1);
    CHECK(s.get("/x/solo") == 1);
}

TEST_CASE("undo steps over a save, back to what was before it") {
    Studio s;
    s.send("/a/fader/level", {-9.0F});
    const auto text = s.editor.text_to_save();
    s.editor.saved(text);
    CHECK(s.editor.text() == text);
    s.send("/tonmeister/undo");
    CHECK(s.good());
    CHECK(s.editor.text() == kText);
    CHECK(s.get("/a/fader/level") == -3);
    CHECK(s.editor.text_to_save() == kText);
    s.send("/tonmeister/redo");
    CHECK(s.get("/a/fader/level") == -9);
    CHECK(s.editor.text_to_save() == text);
}
