// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/test_desk.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

using namespace ton;
using ton::test::Planes;
using ton::test::TestDesk;

namespace {

constexpr const char* kDesk = R"({ "version": 1,
  "strips": {
    "kick":  { "channels": 1, "chain": [ { "send": { "to": "ears", "level": 0 } }, { "fader": { "level": -3 } }, { "send": { "to": "room", "level": 0, "as": "x" } } ] },
    "tom-1": { "channels": 1, "chain": [ { "fader": { "level": 0 } } ] },
    "voice": { "channels": 1, "chain": [ { "fader": { "level": 0 } } ] },
    "click": { "channels": 1, "solo_safe": true, "chain": [] },
    "ears":  { "channels": 1, "chain": [] },
    "room":  { "channels": 1, "chain": [] } },
  "groups": {
    "drums": { "members": ["kick", "tom*"], "level": -6 },
    "all":   { "members": "*" } } })";
constexpr std::array kStrips{"kick", "tom-1", "voice", "click", "ears", "room"};

std::string desk_text() {
    std::string text = kDesk;
    const std::string_view second = R"(, "as": "x" } } ])"; // "as" stands beside the type
    text.replace(text.find(second), second.size(), R"( }, "as": "room" } ])");
    return text;
}

struct Rig {
    TestDesk desk{desk_text(), {.lane_width = 0, .inputs = {{"kick", 1}, {"tom-1", 1}, {"voice", 1}, {"click", 1}},
                                .outputs = {kStrips.begin(), kStrips.end()}}};
    std::map<std::string, float> first, last;
    /// Feeds ones for that long; what every strip gave at the beginning and at the end.
    void play(int frames = 4800) {
        const Planes ones{std::vector<float>(static_cast<std::size_t>(frames), 1.0F)};
        const auto out = desk.play(frames, {{"kick", ones}, {"tom-1", ones}, {"voice", ones}, {"click", ones}});
        for (const auto* strip : kStrips) first[strip] = out.at(strip)[0].front(), last[strip] = out.at(strip)[0].back();
    }
    double get(const std::string& address) {
        const auto* control = desk.console().find(address);
        REQUIRE_MESSAGE(control, address);
        return desk.console().get(*control).number();
    }
};

double gain(double decibels) { return std::pow(10.0, decibels / 20.0); }

} // namespace

TEST_CASE("a group's level is added to its members' own, from the first sample on, and behind the fader only") {
    Rig rig;
    rig.play();
    CHECK(rig.first["tom-1"] == doctest::Approx(gain(-6)).epsilon(1e-6));
    CHECK(rig.last["kick"] == doctest::Approx(gain(-9)).epsilon(1e-6));
    CHECK(rig.last["room"] == doctest::Approx(gain(-9)).epsilon(1e-6)); // its send is behind the fader
    CHECK(rig.last["ears"] == 1.0F);                                    // and this one before it
    CHECK(rig.last["voice"] == 1.0F);
    CHECK(rig.get("/kick/fader/level") == -3.0);
    CHECK(rig.get("/groups/drums/level") == -6.0);
}

TEST_CASE("groups add up, fade, and at -120 dB are silent whatever the others add") {
    Rig rig;
    rig.desk.set("/groups/all/level", -4);
    rig.play();
    CHECK(rig.last["kick"] == doctest::Approx(gain(-13)).epsilon(1e-6));
    CHECK(rig.last["voice"] == doctest::Approx(gain(-4)).epsilon(1e-6));
    rig.desk.set("/groups/all/level", 10, 0.2); // 9600 frames
    rig.play(9600 - 64);
    CHECK(rig.last["voice"] < gain(10));
    rig.play(128);
    CHECK(rig.last["voice"] == doctest::Approx(gain(10)).epsilon(1e-6));
    rig.desk.set("/groups/drums/level", -120);
    rig.play();
    CHECK(rig.last["kick"] == 0.0F);
    CHECK(rig.last["ears"] == doctest::Approx(gain(10)).epsilon(1e-6)); // a strip of "all", fed before kick's fader
}

TEST_CASE("a group's mute and solo are its members'") {
    Rig rig;
    rig.desk.set("/groups/drums/mute", 1);
    rig.play();
    CHECK(rig.last["kick"] == 0.0F);
    CHECK(rig.last["room"] == 0.0F);
    CHECK(rig.last["ears"] == 1.0F);
    CHECK(rig.last["voice"] == 1.0F);
    CHECK(rig.get("/kick/mute") == 0.0);
    rig.desk.set("/groups/drums/mute", 0);
    rig.desk.set("/groups/drums/solo", 1);
    rig.play();
    CHECK(rig.last["voice"] == 0.0F);
    CHECK(rig.last["tom-1"] == doctest::Approx(gain(-6)).epsilon(1e-6));
    CHECK(rig.last["room"] == doctest::Approx(gain(-9)).epsilon(1e-6)); // fed by a soloed one
    CHECK(rig.last["click"] == 1.0F);                                   // solo safe
    CHECK(rig.desk.console().clear_solos() == 1);
    rig.play();
    CHECK(rig.last["voice"] == 1.0F);
}

TEST_CASE("an edit keeps what groups do, and gives it to strips that come") {
    Rig rig;
    rig.desk.set("/groups/drums/level", -12);
    rig.desk.set("/groups/drums/mute", 1);
    rig.play();
    auto text = desk_text();
    text.insert(text.find("\"voice\""), R"("tom-2": { "channels": 1, "chain": [ { "tone": { "type": "square", "frequency": 100, "level": 0 } }, { "fader": {} } ], "to": "room" }, )");
    rig.desk.reload(text);
    rig.play(9600);
    CHECK(rig.last["room"] == 0.0F); // tom-2 is muted with its group
    rig.desk.set("/groups/drums/mute", 0);
    rig.play(9600);
    CHECK(rig.last["kick"] == doctest::Approx(gain(-15)).epsilon(1e-6));
    CHECK(rig.get("/groups/drums/level") == -12.0);
}

TEST_CASE("who was muted by another's solo, or turned down by a group, is open again when that goes") {
    Rig rig;
    rig.desk.set("/voice/solo", 1);
    rig.play();
    CHECK(rig.last["tom-1"] == 0.0F);
    auto text = desk_text();
    const auto voice = text.find("\"voice\""), end = text.find("\"click\"");
    rig.desk.reload(text.erase(voice, end - voice)); // three like strips become two: other lanes
    rig.desk.play(9600, {});
    const auto groups = text.find("\"groups\"");
    rig.desk.reload(text.substr(0, text.rfind(',', groups)) + "}");
    const Planes ones{std::vector<float>(9600, 1.0F)};
    const auto out = rig.desk.play(9600, {{"kick", ones}, {"tom-1", ones}});
    CHECK(out.at("tom-1")[0].back() == 1.0F);
    CHECK(out.at("kick")[0].back() == doctest::Approx(gain(-3)).epsilon(1e-6));
}

TEST_CASE("a hand stops a group's fade where it goes to the same level") {
    Rig rig;
    rig.desk.set("/groups/drums/level", -60, 20);
    rig.desk.set("/groups/drums/level", -60);
    rig.play(9600);
    CHECK(rig.last["tom-1"] == doctest::Approx(gain(-60)).epsilon(1e-6));
}

TEST_CASE("a group written back is the group that was read") {
    auto reading = config::read_text(desk_text(), "groups.json");
    auto desk = graph::resolve(reading.config, reading.errors);
    REQUIRE(reading.errors.empty());
    auto again = config::read_text(config::to_json(graph::to_config(desk)), "again.json");
    CHECK(again.errors.empty());
    CHECK(again.config.groups == reading.config.groups);
}
