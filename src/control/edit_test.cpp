// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/edit.hpp"

#include <doctest/doctest.h>

using namespace ton::control;

namespace {

constexpr std::string_view desk = R"({
  "version": 1,
  "templates": {
    "inner": [ { "highpass": {} }, { "eq": {} } ],
    "voice": [ "inner", { "send": { "to": "echo" } } ]
  },
  "strips": {
    "host": { "chain": [ "voice", { "fader": {} } ], "to": "mix" }, // speaks
    "music": { "chain": [ { "compressor": { "sidechain": "host" } }, { "gate": { "sidechain": "host/eq" } } ], "to": [ "mix", "echo" ] },
    "echo": { "to": "mix" },
    "mix": {}
  }
}
)";

struct Trial {
    const ton::graph::Desk untouched_desk; // no setting was moved
    Edit edit{ton::config::Document(std::string(desk)), untouched_desk, untouched_desk};
    const std::string& text() const { return edit.document().text(); }
    /// True where the edit made `to` of `from`, once, and nothing else.
    bool made(std::string_view from, std::string_view to) const {
        std::string expected(desk);
        const auto at = expected.find(from);
        return at != std::string::npos && text() == expected.replace(at, from.size(), to);
    }
    bool untouched() const { return text() == desk && edit.splices().empty(); }
};

} // namespace

TEST_CASE("a strip is added behind the others") {
    Trial t;
    CHECK(t.edit.add_strip("talk", R"({"to":"mix"})").empty());
    CHECK(t.made("\"mix\": {}", "\"mix\": {},\n    \"talk\": { \"to\": \"mix\" }"));
    CHECK(t.edit.origins() == Origins{{"talk", ""}});
    CHECK(t.edit.add_strip("host", "{}") == "there is a strip \"host\" already");
    CHECK(t.edit.add_strip("a/b", "{}").find("a/b") != std::string::npos);
    CHECK(t.edit.add_strip("x", "{").find("the JSON, 1:2: ") == 0);
    CHECK(t.edit.add_strip("x", "[]").find("found a list, expected a strip") == 0);
}

TEST_CASE("a strip that others name is only removed by force, and then they forget it") {
    Trial t;
    CHECK(t.edit.remove_strip("echo", false) ==
          "\"echo\" is named by templates.voice/send, music; route them elsewhere first, or add \"force\" to remove those routes, sends and side-chains, too");
    CHECK(t.untouched());
    CHECK(t.edit.remove_strip("echo", true).empty());
    CHECK(t.text().find("echo") == std::string::npos);
    CHECK(t.text().find("[ \"inner\" ]") != std::string::npos);
    CHECK(t.text().find("\"to\": [ \"mix\" ]") != std::string::npos);
    CHECK(t.edit.remove_strip("host", true).empty());
    CHECK(t.text().find("\"chain\": [ { \"compressor\": {} }, { \"gate\": {} } ]") != std::string::npos);
    CHECK(t.text().find("speaks") == std::string::npos);
    CHECK(t.edit.remove_strip("music", false).empty());
    CHECK(t.edit.remove_strip("mixx", false) == "there is no strip \"mixx\"; did you mean \"mix\"?");
    CHECK(t.edit.renames() == Renames{{"echo", ""}, {"host", ""}, {"music", ""}});
}

TEST_CASE("what names a strip follows its new name") {
    Trial t;
    CHECK(t.edit.rename_strip("host", "anna").empty());
    std::string expected(desk);
    for (const auto& [from, to] : {std::pair{"\"host\": {", "\"anna\": {"}, {"\"host\" }", "\"anna\" }"}, {"\"host/eq\"", "\"anna/eq\""}})
        expected.replace(expected.find(from), std::string_view(from).size(), to);
    CHECK(t.text() == expected);
    CHECK(t.edit.rename_strip("echo", "hall").empty());
    CHECK(t.text().find("\"to\": \"hall\" } } ]") != std::string::npos);
    CHECK(t.text().find("[ \"mix\", \"hall\" ]") != std::string::npos);
    CHECK(t.edit.rename_strip("mix", "music") == "there is a strip \"music\" already");
    CHECK(t.edit.add_strip("host", "{}").empty());
    CHECK(t.edit.origins() == Origins{{"anna", "host"}, {"hall", "echo"}, {"host", ""}});
    CHECK(t.edit.rename_strip("anna", "berta").empty());
    CHECK(t.edit.origins().at("berta") == "host");
}

TEST_CASE("a chain is edited by places as the desk has them, or by names") {
    Trial t;
    CHECK(t.edit.insert_module("music", 1, "eq").empty());
    CHECK(t.made("}, { \"gate\"", "}, { \"eq\": {} }, { \"gate\""));
    CHECK(t.edit.move_module("music", std::string("gate"), 0).empty());
    CHECK(t.text().find(R"("chain": [ { "gate": { "sidechain": "host/eq" } }, { "compressor": { "sidechain": "host" } }, { "eq": {} } ])") != std::string::npos);
    CHECK(t.edit.move_module("music", 0, -1).empty());
    CHECK(t.edit.remove_module("music", std::string("eq")).empty());
    CHECK(t.text() == desk);
    CHECK(t.edit.insert_module("mix", -1, R"({"fader":{"level":-3}})").empty());
    CHECK(t.made("\"mix\": {}", "\"mix\": { \"chain\": [ { \"fader\": { \"level\": -3 } } ] }"));
    CHECK(t.edit.insert_module("mix", -1, "voice").empty());
    CHECK(t.text().find("[ { \"fader\": { \"level\": -3 } }, \"voice\" ]") != std::string::npos);
    CHECK(t.edit.insert_module("mix", 9, "eq") == "expected a place from 0 to 4, or a module's name");
    CHECK(t.edit.remove_module("mix", std::string("fadr")) == "the chain has no module \"fadr\"; did you mean \"fader\"?");
    CHECK(t.edit.remove_module("echo", 0) == "the chain is empty");
    const std::string expected = ", expected one that `tonmeister modules` lists, or a template; did you mean ";
    CHECK(t.edit.insert_module("mix", 0, "fadr") == "unknown module \"fadr\"" + expected + "\"fader\"?");
    CHECK(t.edit.insert_module("mix", 0, "voicy") == "unknown module \"voicy\"" + expected + "\"voice\"?");
    CHECK(t.edit.insert_module("mix", 0, "{").find("the JSON, 1:2: ") == 0);
}

TEST_CASE("a chain's entry may be a bare name wherever a message brings it, and the text gets what a config has") {
    Trial t;
    CHECK(t.edit.add_strip("talk", R"({"chain":["highpass","voice",{"fader":{}}]})").empty());
    CHECK(t.made("\"mix\": {}", "\"mix\": {},\n    \"talk\": { \"chain\": [ { \"highpass\": {} }, \"voice\", { \"fader\": {} } ] }"));
    Trial quoted;
    CHECK(quoted.edit.insert_module("mix", 0, R"("gate")").empty());
    CHECK(quoted.made("\"mix\": {}", "\"mix\": { \"chain\": [ { \"gate\": {} } ] }"));
    const ton::config::Document own(R"({ "version": 1, "templates": { "eq": [ { "gate": {} } ] }, "strips": { "a": {} } })");
    const ton::graph::Desk none;
    for (const bool whole : {false, true}) { // as in a config a template's name goes before a module's
        Edit edit(own, none, none);
        CHECK((whole ? edit.add_strip("b", R"({"chain":["eq"]})") : edit.insert_module("a", 0, "eq")).empty());
        CHECK_MESSAGE(edit.document().text().find(R"("eq"])") != std::string::npos, edit.document().text());
    }
}

TEST_CASE("an edit at a template's edge leaves it, one inside writes it out in that strip") {
    Trial before, behind, inside, nested;
    CHECK(before.edit.insert_module("host", 0, "gate").empty());
    CHECK(before.made("[ \"voice\", {", "[ { \"gate\": {} }, \"voice\", {"));
    CHECK(behind.edit.insert_module("host", 3, "gate").empty());
    CHECK(behind.made("\"voice\", { \"fader\"", "\"voice\", { \"gate\": {} }, { \"fader\""));
    CHECK(inside.edit.insert_module("host", 2, "gate").empty());
    CHECK(inside.made("\"voice\", { \"fader\"", "\"inner\", { \"gate\": {} }, { \"send\": { \"to\": \"echo\" } }, { \"fader\""));
    CHECK(nested.edit.remove_module("host", std::string("eq")).empty());
    CHECK(nested.made("\"voice\", { \"fader\"", "{ \"highpass\": {} }, { \"send\": { \"to\": \"echo\" } }, { \"fader\""));
    CHECK(nested.edit.move_module("host", std::string("fader"), 0).empty());
    CHECK(nested.text().find("[ { \"fader\": {} }, { \"highpass\": {} }, {") != std::string::npos);
}

TEST_CASE("routes and a strip's own settings") {
    Trial t;
    CHECK(t.edit.route("host", {"mix", "echo"}).empty());
    CHECK(t.made("\"to\": \"mix\" }, // speaks", "\"to\": [\"mix\", \"echo\"] }, // speaks"));
    CHECK(t.edit.route("host", {"mix"}).empty());
    CHECK(t.text() == desk);
    CHECK(t.edit.route("echo", {}).empty());
    CHECK(t.made("\"echo\": { \"to\": \"mix\" }", "\"echo\": {}"));
    CHECK(t.edit.set_strip("echo", "input", R"(["system:capture_1"])").empty());
    CHECK(t.text().find("\"echo\": { \"input\": [\"system:capture_1\"] }") != std::string::npos);
    CHECK(t.edit.set_strip("echo", "input", "null").empty());
    for (const auto* found : {"x", "system:playback_1", "/play.*/"})
        CHECK(t.edit.set_strip("echo", "output", found) == "found \"" + std::string(found) + R"(", expected a list of port names such as ["system:playback_1"])");
    CHECK(t.edit.set_strip("echo", "output", "[x]").find("the JSON, 1:2: ") == 0);
    CHECK(t.edit.set_strip("echo", "output", "[x]").find(R"(; expected a list of port names such as ["system:playback_1"])") != std::string::npos);
    CHECK(t.edit.set_strip("echo", "channels", "two") == "found \"two\", expected a whole number");
    CHECK(t.edit.set_strip("echo", "chain", "[]") == "it is changed by /tonmeister/chain/insert, remove and move");
}
