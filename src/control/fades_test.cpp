// SPDX-License-Identifier: GPL-3.0-or-later
// What the desk says of a value on its way is what is heard: read off a constant input, and against closed forms.
#include "control/scenes.hpp"
#include "control/test_desk.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace ton;
using engine::Command;
using engine::Way;
using test::Planes;

namespace {

struct Rig {
    test::TestDesk desk{R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "fader": {} }, { "highpass": {} } ] } } })",
                        {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}}};
    const control::Control& control(const std::string& address) { return *desk.console().find(address); }
    double present(const std::string& address = "/x/fader/level") { return desk.console().present(control(address)).number(); }
    double goal() { return desk.console().get(control("/x/fader/level")).number(); }
    void fade(double level, double seconds, Way way = Way::smooth, std::int64_t time = Command::kNow) {
        REQUIRE(desk.console().set(control("/x/fader/level"), {level}, seconds, time, way).error.empty());
    }
    void play(int frames) { desk.play(frames, {{"x", Planes(1, std::vector<float>(static_cast<std::size_t>(frames), 1.0F))}}); }
    std::int64_t now() { return desk.engine().counters().frames.load(); }
};

double decibels(double amplitude) { return 20 * std::log10(amplitude); }

} // namespace

TEST_CASE("a fade's value is on its curve, in the unit that the engine counts in") {
    Rig rig;
    rig.play(4800);
    for (const auto way : {Way::linear, Way::smooth}) {
        rig.fade(0, -1);
        rig.play(4800);
        rig.fade(-20, 1, way);
        for (int i = 1; i <= 4; ++i) {
            rig.play(9600);
            const double t = i / 5.0, travel = way == Way::linear ? t : t * t * (3 - 2 * t);
            CHECK(rig.present() == doctest::Approx(decibels(1 + (std::pow(10, -1) - 1) * travel)).epsilon(1e-4));
            CHECK(rig.goal() == -20);
        }
        rig.play(9600);
        CHECK(rig.present() == -20);
        CHECK_FALSE(rig.desk.console().any_fading());
    }
    REQUIRE(rig.desk.console().set(rig.control("/x/highpass/frequency"), {1600.0}, 1, Command::kNow, Way::linear).error.empty());
    const double from = rig.present("/x/highpass/frequency");
    rig.play(24000);
    CHECK(rig.present("/x/highpass/frequency") == doctest::Approx(std::sqrt(from * 1600)).epsilon(1e-4)); // half way by ratio
}

TEST_CASE("whatever fades cut in on each other, the desk says what is heard") {
    // Without a filter the output is the gain.
    test::TestDesk desk(R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "fader": {} } ] } } })", {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    auto& console = desk.console();
    const auto& level = *console.find("/x/fader/level");
    std::mt19937 random(4);
    const auto play = [&](int frames) { return desk.play(frames, {{"x", Planes(1, std::vector<float>(static_cast<std::size_t>(frames), 1.0F))}}).at("x")[0].back(); };
    play(4800);
    double worst = 0;
    for (int i = 0; i < 300; ++i) {
        const double seconds = 0.05 + static_cast<double>(random() % 100) / 100.0;
        const auto time = random() % 4 == 0 ? desk.engine().counters().frames.load() + static_cast<int>(random() % 4000) : Command::kNow;
        REQUIRE(console.set(level, {-40.0 + static_cast<double>(random() % 50)}, seconds, time, random() % 2 ? Way::linear : Way::smooth).error.empty());
        for (int j = 0; j < 3; ++j) {
            const double heard = static_cast<double>(play(64 * (1 + static_cast<int>(random() % 200))));
            worst = std::max(worst, std::abs(heard - std::pow(10, console.present(level).number() / 20)));
        }
    }
    CHECK(worst < 1e-3); // a sample of the quickest of these fades
}

TEST_CASE("a hand ends a fade, a step counts from where the value is, a new instance stands still") {
    Rig rig;
    rig.play(4800);
    rig.fade(-40, 2);
    rig.play(48000);
    const double half = rig.present();
    CHECK(half < -5);
    CHECK(half > -7); // (1 + 0.01) / 2
    rig.fade(half + 1, -1);
    CHECK(rig.present() == doctest::Approx(half + 1));
    rig.play(48000);
    CHECK(rig.present() == doctest::Approx(half + 1));
    rig.fade(0, 5);
    rig.desk.reload(R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "fader": { "level": -3 } } ] } } })");
    CHECK(rig.present() == -3);
}

TEST_CASE("a scene stores what is heard, and its difference is from there") {
    Rig rig;
    control::Scenes scenes(rig.desk.console());
    rig.play(4800);
    rig.fade(-20, 1, Way::linear);
    rig.play(24000);
    REQUIRE(scenes.store("half", {"/x/fader/level"}).has_value());
    const auto& kept = std::get<double>(scenes.book().find("half")->values.front().second.data);
    CHECK(kept == doctest::Approx(decibels(0.55)).epsilon(1e-4));
    REQUIRE(scenes.diff("half").has_value());
    CHECK(scenes.diff("half")->empty());
    rig.play(24000);
    CHECK(scenes.diff("half")->size() == 1);
}
