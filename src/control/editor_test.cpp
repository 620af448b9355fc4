// SPDX-License-Identifier: GPL-3.0-or-later
// Edits of a desk that plays, by messages.
#include "control/editor.hpp"
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

using namespace ton::control;
using namespace ton::test;
using ton::config::Diagnostic;

namespace {

const std::string kText = R"({
  // The desk of the tests.
  "version": 1,
  "templates": { "voice": [ { "highpass": { "frequency": 90 } }, { "compressor": { "threshold": -30, "ratio": 4, "lookahead": 3 } } ] },
  "strips": {
    "a": { "channels": 1, "chain": [ "voice", { "send": { "to": "fx", "level": -6 } }, { "fader": { "level": -3 } }, { "pan": { "position": -0.4 } } ], "to": "mix" },
    "b": { "channels": 1, "chain": [ { "eq": { "band": { "1": { "gain": 3 } }, "band/2/gain": -3 } }, { "fader": {} }, { "pan": {} } ], "to": "mix" }, // the other
    "duck": { "channels": 2, "chain": [ { "compressor": { "sidechain": "a", "threshold": -40, "ratio": 8 } }, { "limiter": { "ceiling": -3 } } ], "to": "mix" },
    "fx": { "channels": 2, "chain": [ { "lowpass": { "frequency": 3000 } } ], "to": "mix" },
    "mix": { "channels": 2, "chain": [ { "fader": {} } ], "output": [] }
  }
}
)";

class Talk : public Answers {
  public:
    std::vector<std::string> replies, errors;
    void reply(const osc::Message& message) override { replies.push_back(osc::to_text(message)); }
    void error(std::string_view address, std::string_view reason) override { errors.push_back(std::string(address).append(" ").append(reason)); }
};

Planes noise(int channels, int frames, unsigned seed) {
    std::mt19937 random(seed);
    Planes planes(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(frames)));
    for (auto& plane : planes)
        for (auto& x : plane) x = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 2000.0F;
    return planes;
}

/// A playing desk, its dispatcher and editor.
struct Studio {
    TestDesk desk;
    Dispatcher dispatcher{desk.console()};
    Editor editor{desk.console(), dispatcher};
    Talk talk;
    double seconds = 0;
    unsigned seed = 1;

    explicit Studio(const std::string& text = kText) : desk(text, {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}, {"duck", 2}}, .outputs = {"mix"}}) {
        editor.clock = [this] { return seconds += 10; };
        editor.open(text);
        play(64);
    }
    std::map<std::string, Planes> play(int frames = 2048) {
        ++seed;
        return desk.play(frames, {{"a", noise(1, frames, seed)}, {"b", noise(1, frames, seed + 1000)}, {"duck", noise(2, frames, seed + 2000)}});
    }
    /// A bundle (or one message), as a client sends it; then the desk plays until it is in effect.
    Studio& send(std::vector<osc::Message> messages) {
        dispatcher.begin(messages.size() > 1, ton::engine::Command::kNow);
        for (const auto& message : messages) dispatcher.obey(message, ton::engine::Command::kNow, talk);
        dispatcher.commit(messages.size() > 1, talk);
        play();
        return *this;
    }
    Studio& send(std::string address, osc::Arguments args = {}) { return send({{std::move(address), std::move(args)}}); }
    bool good() {
        for (const auto& error : talk.errors) MESSAGE(error);
        CHECK(talk.errors.empty());
        return talk.errors.empty();
    }
    double get(const std::string& address) {
        const auto* control = desk.console().find(address);
        REQUIRE_MESSAGE(control, address);
        return desk.console().get(*control).number();
    }
    bool has(const std::string& address) { return desk.console().find(address) != nullptr; }
};

/// Every setting of a desk, for comparing.
std::map<std::string, Value> settings(const Console& console) {
    std::map<std::string, Value> all;
    for (const auto& control : console.controls())
        if (!control.meter() && control.address.find("/meter/") == std::string::npos) all[control.address] = console.get(control);
    return all;
}

using S = std::string;

} // namespace

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
    CHECK(s.talk.errors.size() == 3); // the verb, the whole, and what was meant for the strip
    CHECK(s.talk.errors[0] == "/tonmeister/chain/insert there is no strip \"nobody\"");
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
        Studio loaded(s.editor.text_to_save());
        CHECK(settings(loaded.desk.console()) == settings(s.desk.console()));
    }
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

TEST_CASE("a reload of what is known is none; another text is a step that can be undone") {
    Studio s;
    std::vector<Diagnostic> errors;
    CHECK(s.editor.reload(kText, errors) == Editor::Result::unchanged);
    CHECK(s.editor.reload("// another comment\n" + kText, errors) == Editor::Result::unchanged);
    CHECK(s.desk.console().ready());
    s.send("/a/fader/level", {-9.0F}).send("/tonmeister/strip/add", {S("x"), S("{}")}).send("/x/solo", {true});
    auto other = kText;
    other.replace(other.find("\"level\": -3"), 11, "\"level\": -5");
    CHECK(s.editor.reload(other, errors) == Editor::Result::done);
    s.play();
    CHECK(s.get("/a/fader/level") == -5); // the author's word goes before the hand's
    CHECK_FALSE(s.has("/x/solo"));
    s.send("/tonmeister/undo");
    CHECK(s.get("/a/fader/level") == -9);
    CHECK(s.get("/x/solo") == 1);
    CHECK(s.editor.reload("{", errors) == Editor::Result::refused);
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
