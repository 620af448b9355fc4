// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/scene_book.hpp"

#include <doctest/doctest.h>

using namespace ton;
using control::read_scenes;
using control::Scene;
using control::SceneBook;

namespace {

/// `line:column path` of each error.
std::string places(std::string_view text) {
    const auto book = read_scenes(text, "scenes.json");
    REQUIRE_FALSE(book.has_value());
    std::string all;
    for (const auto& e : book.error()) all += (all.empty() ? "" : ", ") + std::to_string(e.line) + ":" + std::to_string(e.column) + " " + e.path;
    return all;
}

} // namespace

TEST_CASE("what is written reads as it was") {
    SceneBook book{.safes = {"/master", "/*/mute"}, .scenes = {}};
    book.scenes.push_back({.name = "verse", .scope = {}, .fades = {}, .values = {{"/host/fader/level", {.data = -7.3}}, {"/host/mute", {.data = true}}}});
    book.scenes.push_back({.name = "Strophe \"zwei\" ♪", .scope = {"/host", "//level"}, .seconds = 2.5, .way = engine::Way::linear, .switch_at_end = true,
                           .fades = {{"/*/pan", 0.1, {}}, {"/*/fader", 3600, engine::Way::smooth}}, .values = {{"/host/tone/type", {.data = std::string("square")}}}});
    const auto back = read_scenes(control::scenes_text(book), "scenes.json");
    REQUIRE(back.has_value());
    CHECK(*back == book);
    CHECK(*read_scenes(control::scenes_text({}), "scenes.json") == SceneBook{});
}

TEST_CASE("a file made by hand may have comments") {
    const auto book = read_scenes("{ \"tonmeister_scenes\": 1, // by hand\n \"scenes\": { \"a\": { \"values\": { \"/x/mute\": false } } } }", "s");
    REQUIRE(book.has_value());
    CHECK(std::get<bool>(book->scenes.front().values.front().second.data) == false);
}

TEST_CASE("every error is told, with its place") {
    CHECK(places("{ \"tonmeister_scenes\": 1,\n  \"scenes\": { \"a\": { \"secnds\": 2 } } }") == "2:22 scenes.a.secnds");
    CHECK(places("{ \"tonmeister_scenes\": 1, \"safe\": [ \"host\" ],\n  \"scenes\": { \"a\": { \"seconds\": -1, \"curve\": \"round\",\n  \"switch\": \"late\", \"fades\": { \"/x[\": 1 },\n"
                 "  \"values\": { \"/a/b/c\": [] } } } }") ==
          "1:37 safe[0], 2:33 scenes.a.seconds, 2:46 scenes.a.curve, 3:13 scenes.a.switch, 3:32 scenes.a.fades[\"/x[\"], 4:25 scenes.a.values./a/b/c");
    CHECK(places("{ \"tonmeister_scenes\": 1,\n \"scenes\": { \"a\": }") == "2:19 scenes.a");
    CHECK(places("[]") == "1:1 ");
    CHECK(places("") == "1:1 ");
}

TEST_CASE("a newer version is refused as that") {
    const auto book = read_scenes("{ \"tonmeister_scenes\": 2, \"scenery\": {} }", "s");
    REQUIRE_FALSE(book.has_value());
    CHECK(book.error().size() == 1);
    CHECK(book.error().front().message == "the scenes are of version 2, and this Tonmeister knows version 1");
}

TEST_CASE("names and patterns") {
    CHECK(control::scene_name_error("Akt 2, Szene 3").empty());
    for (const auto* name : {"", "a\nb", "\xFF"}) CHECK_FALSE(control::scene_name_error(name).empty());
    CHECK_FALSE(control::scene_name_error(std::string(101, 'x')).empty());
    CHECK(control::scene_pattern_error("/*/fader").empty());
    for (const auto* pattern : {"", "host", "/a/", "/a["}) CHECK_FALSE(control::scene_pattern_error(pattern).empty());
}

TEST_CASE("a strip's new name reaches what scenes keep of it, all names at once") {
    SceneBook book;
    book.safes = {"/host", "/ho*/mute", "//level", "/groups/host", "/h{ost,all}"};
    Scene scene{.name = "one", .scope = {"/host/fader", "/*"}, .fades = {{"/ho*/fader", 2.5}, {"/music", 1.0}}, .values = {}};
    for (const auto* address : {"/host/mute", "/music/mute", "/anna/mute", "/host2/mute", "/hall/mute"}) scene.values.emplace_back(address, ton::config::Value{.data = true});
    book.scenes.push_back(scene);
    const control::Origins names{{"host", "music"}, {"music", "anna"}, {"hall", ""}}; // round a corner, and over a strip that is gone
    CHECK(rename_strips(book, names));
    CHECK(book.safes == std::vector<std::string>{"/music", "/ho*/mute", "//level", "/groups/host", "/h{ost,all}", "/music/mute"});
    const auto& now = book.scenes.front();
    CHECK(now.scope == std::vector<std::string>{"/music/fader", "/*"});
    REQUIRE(now.fades.size() == 3);
    CHECK(now.fades[1].pattern == "/anna");
    CHECK(now.fades[2] == control::SceneFade{"/music/fader", 2.5});
    std::vector<std::string> addresses;
    for (const auto& [address, _] : now.values) addresses.push_back(address);
    CHECK(addresses == std::vector<std::string>{"/music/mute", "/anna/mute", "/host2/mute", "/hall/mute"});
    CHECK_FALSE(rename_strips(book, {{"nobody", "somebody"}}));
}

TEST_CASE("a group's new name reaches scenes, too, and is no strip's") {
    SceneBook book;
    book.safes = {"/groups/drums/mute", "/groups/dr*/level", "/drums", "/*s/mute"};
    book.scenes.push_back({.name = "one", .scope = {}, .fades = {}, .values = {{"/groups/drums/level", {.data = -3.0}}, {"/drums/mute", {.data = true}}}});
    CHECK(rename_strips(book, {{"groups/drums", "groups/kit"}}));
    CHECK(book.safes == std::vector<std::string>{"/groups/kit/mute", "/groups/dr*/level", "/drums", "/*s/mute", "/groups/kit/level"});
    CHECK(book.scenes.front().values.front().first == "/groups/kit/level");
    CHECK(book.scenes.front().values.back().first == "/drums/mute");
}
