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
    // Without a filter the output is the gain. Of a matrix, which moves its points itself, it is the fader's, to the bit.
    test::TestDesk desk(R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "fader": {} } ] },
                                                       "m": { "channels": 1, "chain": [ { "matrix": { "inputs": 1, "outputs": 1, "1/1/level": 0 } } ] } } })",
                        {.lane_width = 0, .inputs = {{"x", 1}, {"m", 1}}, .outputs = {"x", "m"}});
    auto& console = desk.console();
    const auto &level = *console.find("/x/fader/level"), &point = *console.find("/m/matrix/1/1/level");
    std::mt19937 random(4);
    const auto play = [&](int frames) {
        const Planes ones(1, std::vector<float>(static_cast<std::size_t>(frames), 1.0F));
        const auto out = desk.play(frames, {{"x", ones}, {"m", ones}});
        CHECK(out.at("x") == out.at("m"));
        return out.at("x")[0].back();
    };
    play(4800);
    double worst = 0;
    for (int i = 0; i < 300; ++i) {
        const double seconds = 0.05 + static_cast<double>(random() % 100) / 100.0;
        const auto time = random() % 4 == 0 ? desk.engine().counters().frames.load() + static_cast<int>(random() % 4000) : Command::kNow;
        const double goal = -40.0 + static_cast<double>(random() % 50);
        const auto way = random() % 2 ? Way::linear : Way::smooth;
        for (const auto* control : {&level, &point}) REQUIRE(console.set(*control, {goal}, seconds, time, way).error.empty());
        for (int j = 0; j < 3; ++j) {
            const double heard = static_cast<double>(play(64 * (1 + static_cast<int>(random() % 200))));
            worst = std::max(worst, std::abs(heard - std::pow(10, console.present(level).number() / 20)));
            CHECK(console.present(point) == console.present(level));
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

namespace {
/// A matrix of one point, and a strip beside it.
std::string matrix_desk(const std::string& beside = R"({ "polarity": {} })") {
    return R"({ "version": 1, "strips": { "m": { "channels": 1, "chain": [ { "matrix": { "inputs": 1, "outputs": 1, "1/1/level": -120 } } ] },
                                          "n": { "channels": 1, "chain": [ )" + beside + " ] } } }";
}
struct MatrixRig {
    test::TestDesk desk{matrix_desk(), {.lane_width = 0, .inputs = {{"m", 1}, {"n", 1}}, .outputs = {"m", "n"}}};
    const control::Control& control(const std::string& address) { return *desk.console().find(address); }
    void fade(const std::string& address, double value, double seconds, Way way) {
        REQUIRE(desk.console().set(control(address), {value}, seconds, Command::kNow, way).error.empty());
    }
    double present(const std::string& address) { return desk.console().present(control(address)).number(); }
    std::map<std::string, Planes> play(int frames, int block = 64) {
        const Planes ones(1, std::vector<float>(static_cast<std::size_t>(frames), 1.0F));
        return desk.play(frames, {{"m", ones}, {"n", ones}}, block);
    }
};
} // namespace

TEST_CASE("of a matrix point is told and stored what is heard") {
    MatrixRig rig;
    control::Scenes scenes(rig.desk.console());
    rig.play(4800);
    rig.fade("/m/matrix/1/1/level", 0, 1, Way::linear);
    const auto half = rig.play(24000).at("m")[0];
    for (std::size_t i = 0; i < half.size(); i += 100) CHECK(static_cast<double>(half[i]) == doctest::Approx(static_cast<double>(i) / 48000).epsilon(1e-5));
    CHECK(rig.present("/m/matrix/1/1/level") == doctest::Approx(decibels(0.5)).epsilon(1e-5));
    REQUIRE(scenes.store("half", {"/m/matrix"}).has_value());
    for (const auto& [address, value] : scenes.book().find("half")->values)
        if (address == "/m/matrix/1/1/level") CHECK(std::get<double>(value.data) == doctest::Approx(decibels(0.5)).epsilon(1e-5));
    rig.fade("/m/matrix/1/1/level", 0, 1, Way::smooth); // with the speed that it has: 1/2 + t - t^2 / 2
    const auto rest = rig.play(12000).at("m")[0];
    const double t = 11999.0 / 48000;
    CHECK(static_cast<double>(rest.back()) == doctest::Approx(0.5 + t - t * t / 2).epsilon(1e-5));
    CHECK(rig.present("/m/matrix/1/1/level") == doctest::Approx(decibels(0.5 + 0.25 - 0.25 * 0.25 / 2)).epsilon(1e-5));
}

TEST_CASE("what takes its own pace is told to be where it goes") {
    MatrixRig rig;
    rig.desk.set("/m/matrix/1/1/level", 0);
    rig.play(4800);
    rig.fade("/m/matrix/1/1/delay", 10, 4, Way::linear);
    CHECK(rig.present("/m/matrix/1/1/delay") == 10);
    rig.play(960); // after its 20 ms all of the input is as old as that
    Planes x(1, std::vector<float>(960));
    x[0][0] = 1;
    const auto y = rig.desk.play(960, {{"m", x}}).at("m")[0];
    for (std::size_t i = 480; i < 960; ++i) CHECK(y[i] == (i == 480 ? 1.0F : 0.0F));
}

TEST_CASE("a fade that begins before its matrix is heard is where it is told to be") {
    MatrixRig rig;
    rig.play(4800);
    rig.desk.reload(matrix_desk(R"({ "matrix": { "inputs": 1, "outputs": 1, "1/1/level": -120 } })"));
    rig.fade("/n/matrix/1/1/level", 0, 0.1, Way::linear); // the new plan waits until the old one has faded
    const auto y = rig.play(2400).at("n")[0];
    CHECK(static_cast<double>(y.back()) == doctest::Approx(2399.0 / 4800).epsilon(1e-5));
    CHECK(rig.present("/n/matrix/1/1/level") == doctest::Approx(decibels(0.5)).epsilon(1e-5));
}
