// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {

constexpr int kPoints = 10; // eight sources, then what is soloed before the faders and behind them
constexpr int kPfl = 8, kAfl = 9;

/// The strip itself is silent; source n gives n + 1 on its left and -(n + 1) / 2 on its right.
struct Section {
    explicit Section(int sets = 1) : rig("monitor", {.channels = 2, .sidechain_channels = 2 * kPoints}) { rig.set("sets", static_cast<float>(sets)); }
    Planar run(int frames, const std::vector<Event>& events = {}, int block = 64) {
        Planar sources(2 * kPoints, std::vector<float>(static_cast<std::size_t>(frames)));
        for (std::size_t p = 0; p < kPoints; ++p)
            for (auto& x : sources[2 * p]) x = static_cast<float>(p + 1);
        for (std::size_t p = 0; p < kPoints; ++p)
            for (auto& x : sources[2 * p + 1]) x = -0.5F * static_cast<float>(p + 1);
        return rig.run(Planar(2, std::vector<float>(static_cast<std::size_t>(frames))), block, events, sources);
    }
    Rig rig;
};

double gain(double decibels) { return std::pow(10.0, decibels / 20.0); }

} // namespace

TEST_CASE("monitor: hears the source that is selected, exactly, and what feeds its strip") {
    for (int n = 1; n <= 8; ++n) {
        Section section;
        section.rig.set("select", static_cast<float>(n));
        const auto y = section.run(200);
        CHECK(y[0] == std::vector<float>(200, static_cast<float>(n)));
        CHECK(y[1] == std::vector<float>(200, -0.5F * static_cast<float>(n)));
    }
    const auto x = noise(2, 500, 0);
    CHECK(Rig("monitor", {.channels = 2}).set("select", 0).run(x) == x);
}

TEST_CASE("monitor: a source comes and the other goes within 20 ms, on straight ways") {
    Section section;
    const auto y = section.run(4000, {{1001, "select", 3.0F}})[0];
    CHECK(y[1001] == 1.0F);
    for (std::size_t i = 1002; i < 4000; ++i) CHECK(y[i] >= y[i - 1]);
    for (std::size_t i = 1002; i < 4000; ++i) CHECK(y[i] - y[i - 1] < 1.01 * 1.5 * 2.0 / 960); // the steepest of t^2 (3 - 2t)
    CHECK(y[1001 + 959] < 3.0F);
    CHECK(y[1001 + 960] == 3.0F);
}

TEST_CASE("monitor: dim is exactly dim_level, also by a talkback, and not both") {
    const auto at_end = [](const std::vector<std::pair<const char*, float>>& settings) {
        Section section;
        for (const auto& [row, value] : settings) section.rig.set(row, value);
        return static_cast<double>(section.run(100)[0].back());
    };
    CHECK(at_end({{"dim", 1}}) == doctest::Approx(gain(-20)).epsilon(1e-6));
    CHECK(at_end({{"talk_on", 1}}) == doctest::Approx(gain(-20)).epsilon(1e-6));
    CHECK(at_end({{"talk_on", 1}, {"dim", 1}}) == doctest::Approx(gain(-20)).epsilon(1e-6));
    CHECK(at_end({{"talk_on", 1}, {"talk_dim", 0}}) == 1.0);
    CHECK(at_end({{"dim", 1}, {"dim_level", -32.5F}, {"level", 6}}) == doctest::Approx(gain(-26.5)).epsilon(1e-6));
    CHECK(at_end({{"mute", 1}}) == 0.0);
    CHECK(at_end({{"level", -120}}) == 0.0);
}

TEST_CASE("monitor: mono is half the sum on both sides") {
    Section section;
    section.rig.set("mono", 1);
    const auto y = section.run(100);
    CHECK(y[0] == std::vector<float>(100, 0.25F)); // (1 - 0.5) / 2
    CHECK(y[1] == y[0]);
}

TEST_CASE("monitor: a solo takes the source's place, before or behind the fader") {
    Section pfl, afl;
    const std::vector<Event> solo{{480, "solo_on", 1.0F}};
    const auto before = pfl.run(2000, solo)[0];
    CHECK(before[480] == 1.0F);
    CHECK(before[480 + 479] < kPfl + 1.0F);
    CHECK(before[480 + 480] == kPfl + 1.0F);
    afl.rig.set("solo_mode", 2).set("solo_level", -6);
    CHECK(static_cast<double>(afl.run(2000, solo)[0].back()) == doctest::Approx(gain(-6) * (kAfl + 1)).epsilon(1e-6));
}

TEST_CASE("monitor: sets of loudspeakers, with trim and a delay in whole samples; one of them or those that are on") {
    const auto three = [](const std::vector<std::pair<const char*, float>>& settings) {
        Section section(3);
        for (const auto& [row, value] : settings) section.rig.set(row, value);
        return section.run(200);
    };
    auto y = three({});
    REQUIRE(y.size() == 6);
    CHECK(y[0] == std::vector<float>(200, 1.0F));
    CHECK(peak(y[2]) + peak(y[4]) == 0.0);
    y = three({{"set/2/on", 1}, {"set/2/trim", -3}});
    CHECK(y[0].back() == 1.0F);
    CHECK(static_cast<double>(y[3].back()) == doctest::Approx(-0.5 * gain(-3)).epsilon(1e-6));
    y = three({{"speakers", 3}});
    CHECK(peak(y[0]) + peak(y[2]) == 0.0);
    CHECK(y[4] == std::vector<float>(200, 1.0F));
    Section delayed(2);
    delayed.rig.set("speakers", 2).set("set/2/delay", 2.5F);
    y = delayed.run(400);
    for (std::size_t i = 0; i < 400; ++i) CHECK(y[2][i] == (i < 120 ? 0.0F : 1.0F)); // 2.5 ms at 48 kHz
}

TEST_CASE("monitor: bit-identical at any block size while everything moves") {
    const std::vector<Event> moves{{100, "select", 4.0F}, {150, "select", 2.0F, 0.03}, {333, "solo_on", 1.0F}, {500, "solo_mode", 2.0F}, {700, "set/1/delay", 7.0F},
                                   {750, "set/1/delay", 90.0F}, {900, "mono", 1.0F}, {1200, "dim", 1.0F}, {1500, "speakers", 2.0F}, {1700, "level", -12.0F, 0.05},
                                   {2000, "bypass", 1.0F}, {4000, "bypass", 0.0F}, {4500, "talk_on", 1.0F}, {5000, "set/2/trim", -9.0F}};
    Section reference(2);
    const auto y = reference.run(8000, moves);
    for (const int block : {1, 7, 441, 1000, 8192}) {
        Section section(2);
        CHECK(section.run(8000, moves, block) == y);
    }
}
