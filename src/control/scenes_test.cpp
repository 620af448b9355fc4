// SPDX-License-Identifier: GPL-3.0-or-later
// What a recall does to the sound, against closed forms: the strips' gain is read off a constant input.
#include "control/scenes.hpp"
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

using namespace ton;
using control::Scenes;
using engine::Way;
using test::Planes;
using test::TestDesk;

namespace {

const std::string kTwo = R"({ "version": 1, "strips": {
    "a": { "channels": 1, "chain": [ { "gain": { "level": 0 } }, { "polarity": {} } ] },
    "b": { "channels": 1, "chain": [ { "gain": { "level": 0 } } ] } } })";

struct Rig {
    TestDesk desk;
    Scenes scenes;
    explicit Rig(const std::string& json = kTwo) : desk(json, {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"a", "b"}}), scenes(desk.console()) {
        desk.console().on_change = [this](const control::Control& control, const control::Value&) { scenes.changed(control); };
        play(4800);
    }
    /// The gain of each strip, sample by sample.
    std::map<std::string, Planes> play(int frames, int block = 64) {
        const Planes one{std::vector<float>(static_cast<std::size_t>(frames), 1.0F)};
        std::map<std::string, Planes> all;
        for (int done = 0; done < frames;) { // as render does: a block ends where a switch is due
            scenes.poll(position());
            int count = std::min(frames - done, block);
            if (const auto due = scenes.next_due()) count = static_cast<int>(std::min<std::int64_t>(count, *due - position()));
            for (auto& [strip, planes] : desk.play(count, {{"a", one}, {"b", one}}, block)) {
                all[strip].resize(1);
                all[strip][0].insert(all[strip][0].end(), planes[0].begin(), planes[0].end());
            }
            done += count;
        }
        return all;
    }
    std::int64_t position() { return desk.engine().counters().frames.load(); }
    double get(const std::string& address) { return desk.console().get(*desk.console().find(address)).number(); }
    void recall(const std::string& name, std::optional<double> seconds = {}) { REQUIRE(scenes.recall(name, seconds, engine::Command::kNow).has_value()); }
};

double amplitude(double decibels) { return std::pow(10.0, decibels / 20.0); }

} // namespace

TEST_CASE("a recall fades linearly or smoothly, each from a to b in its time") {
    for (const auto way : {Way::linear, Way::smooth}) {
        Rig rig;
        rig.desk.set("/a/gain/level", -20);
        REQUIRE(rig.scenes.store("low", {}).has_value());
        rig.desk.set("/a/gain/level", 0);
        rig.play(9600);
        rig.scenes.book().find("low")->way = way;
        rig.recall("low", 0.5);
        const auto gain = rig.play(30000)["a"][0];
        const double from = 1.0, to = amplitude(-20);
        double worst = 0;
        for (int i = 0; i <= 24000; ++i) {
            const double t = i / 24000.0, travel = way == Way::linear ? t : t * t * (3 - 2 * t);
            worst = std::max(worst, std::abs(gain[static_cast<std::size_t>(i)] - (from + (to - from) * travel)));
        }
        CHECK(worst < 1e-4); // gain's own grid of 32 samples lies within
        CHECK(gain[29999] == doctest::Approx(to).epsilon(1e-6));
    }
}

TEST_CASE("times of their own, safes, scope and what is missing") {
    Rig rig;
    rig.desk.set("/a/gain/level", -6);
    rig.desk.set("/b/gain/level", -6);
    rig.desk.set("/a/polarity/invert", 1);
    REQUIRE(rig.scenes.store("s", {"/a/gain", "/b"}).has_value());
    CHECK(rig.scenes.store("t", {"/a/gain/level", "/*/mute"}).value() == 3);
    CHECK_FALSE(rig.scenes.store("none", {"/nobody"}).has_value());
    rig.desk.set("/a/gain/level", 0);
    rig.desk.set("/b/gain/level", 0);
    rig.desk.set("/a/polarity/invert", 0);
    rig.play(9600);
    auto& scene = *rig.scenes.book().find("s");
    scene.values.emplace_back("/gone/fader/level", config::Value{.data = 0.0, .at = {}});
    scene.values.emplace_back("/b/mute", config::Value{.data = std::string("loud"), .at = {}});
    scene.fades.push_back({"/b", 0.25, Way::linear});
    rig.scenes.book().safes = {"/b/gain/bypass"};
    CHECK(rig.scenes.diff("s").value().size() == 2);
    const auto recalled = rig.scenes.recall("s", 0.1, engine::Command::kNow).value();
    CHECK(recalled.safe == 1);
    REQUIRE(recalled.left_out.size() == 2);
    CHECK(recalled.left_out[0].first == "/gone/fader/level");
    CHECK(recalled.left_out[1].first == "/b/mute");
    CHECK(rig.get("/a/polarity/invert") == 0); // beyond the scope
    const auto gain = rig.play(14400);
    CHECK(gain.at("a")[0][4799] == doctest::Approx(amplitude(-6)).epsilon(1e-3));
    CHECK(gain.at("b")[0][6000] == doctest::Approx((1 + amplitude(-6)) / 2).epsilon(1e-3)); // half of its own quarter second
    CHECK(rig.scenes.diff("s").value().empty());
    CHECK_FALSE(rig.scenes.recall("S ", {}, engine::Command::kNow).has_value());
}

TEST_CASE("a later recall takes over from where the value is, and so does a hand") {
    Rig rig;
    rig.desk.set("/a/gain/level", -60);
    REQUIRE(rig.scenes.store("down", {"/a/gain"}).has_value());
    rig.desk.set("/a/gain/level", 0);
    REQUIRE(rig.scenes.store("up", {"/a/gain"}).has_value());
    rig.play(9600);
    rig.recall("down", 1.0);
    const auto first = rig.play(24000)["a"][0];
    rig.recall("up", 0.5);
    const auto second = rig.play(24000)["a"][0];
    CHECK(first.back() == doctest::Approx(0.5).epsilon(0.01));
    CHECK(std::abs(second.front() - first.back()) < 1e-4);
    CHECK(second.back() == doctest::Approx(1.0).epsilon(1e-3));
    rig.recall("down", 1.0);
    const auto third = rig.play(24000)["a"][0];
    rig.desk.set("/a/gain/level", 6, 0.1);
    const auto fourth = rig.play(9600)["a"][0];
    CHECK(std::abs(fourth.front() - third.back()) < 1e-3);
    CHECK(fourth.back() == doctest::Approx(amplitude(6)).epsilon(1e-5));
    // The same scene again, at once, while its own slow fade is under way: it must not be thought to be there already.
    rig.recall("down", 10.0);
    rig.play(4800);
    rig.recall("down", 0.05);
    CHECK(rig.play(9600)["a"][0].back() == doctest::Approx(amplitude(-60)).epsilon(1e-3));
}

TEST_CASE("switches change when the fade begins, or at its end, to the sample, at any block size") {
    for (const bool at_end : {false, true}) {
        std::vector<float> reference;
        for (const int block : {64, 7, 1000, 4096}) {
            Rig rig;
            rig.desk.set("/a/mute", 1);
            REQUIRE(rig.scenes.store("s", {"/a"}).has_value());
            rig.desk.set("/a/mute", 0);
            rig.play(9600);
            rig.scenes.book().find("s")->switch_at_end = at_end;
            rig.recall("s", 0.25);
            CHECK(rig.get("/a/mute") == (at_end ? 0.0 : 1.0));
            const auto gain = rig.play(24000, block)["a"][0];
            CHECK(rig.get("/a/mute") == 1.0);
            const auto begins = std::find_if(gain.begin(), gain.end(), [](float g) { return g < 1.0F; }) - gain.begin();
            CHECK(begins >= (at_end ? 12000 : 0));
            CHECK(begins <= (at_end ? 12032 : 32)); // from there on mute's own ramp
            if (reference.empty()) reference = gain;
            CHECK(reference == gain);
        }
    }
}

TEST_CASE("a hand, and a later recall, call off what waits for its end") {
    Rig rig;
    rig.desk.set("/a/mute", 1);
    REQUIRE(rig.scenes.store("s", {"/a"}).has_value());
    rig.desk.set("/a/mute", 0);
    REQUIRE(rig.scenes.store("open", {"/a"}).has_value());
    rig.scenes.book().find("s")->switch_at_end = true;
    rig.recall("s", 0.25);
    rig.play(2400);
    rig.desk.set("/a/mute", 1);
    rig.desk.set("/a/mute", 0);
    rig.play(24000);
    CHECK(rig.get("/a/mute") == 0);
    rig.recall("s", 0.25);
    rig.play(2400);
    rig.recall("open");
    rig.play(24000);
    CHECK(rig.get("/a/mute") == 0);
}

TEST_CASE("a recall of more than ten thousand parameters is one edit at one sample") {
    std::string json = R"({ "version": 1, "strips": { "a": { "channels": 1, "chain": [ { "gain": {} } ] },)";
    for (int i = 0; i < 640; ++i) json += fmt::format(R"("s{}": {{ "channels": 1, "chain": [ {{ "eq": {{}} }} ] }},)", i);
    json += R"("b": { "channels": 1, "chain": [ { "gain": {} } ] } } })";
    Rig rig(json);
    for (int i = 0; i < 640; ++i)
        for (int band = 1; band <= 8; ++band)
            for (const auto* row : {"gain", "q"}) rig.desk.set(fmt::format("/s{}/eq/band/{}/{}", i, band, row), 3);
    rig.desk.set("/a/gain/level", -20);
    rig.desk.set("/b/gain/level", -20);
    REQUIRE(rig.scenes.store("all", {}).has_value());
    for (int i = 0; i < 640; ++i)
        for (int band = 1; band <= 8; ++band)
            for (const auto* row : {"gain", "q"}) rig.desk.set(fmt::format("/s{}/eq/band/{}/{}", i, band, row), 2);
    rig.desk.set("/a/gain/level", 0);
    rig.desk.set("/b/gain/level", 0);
    rig.play(9600);
    REQUIRE(rig.scenes.diff("all").value().size() > 10000);
    const auto start = rig.position();
    rig.recall("all", 0.01);
    const auto gain = rig.play(4800);
    CHECK(gain.at("a") == gain.at("b")); // the first and the last of the batch, sample by sample
    CHECK(gain.at("a")[0][480] == doctest::Approx(0.1).epsilon(1e-4));
    CHECK(rig.position() == start + 4800);
    CHECK(rig.scenes.diff("all").value().empty());
    CHECK(rig.desk.engine().counters().dropped.load() == 0);
}
