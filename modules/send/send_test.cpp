// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {
const double kHalfPower = std::numbers::sqrt2 / 2;
Planar taps(Rig& rig, const Planar& x) {
    const auto y = rig.run(x);
    CHECK(y == x); // the strip itself never notices
    return rig.taps;
}
} // namespace

TEST_CASE("send: mono into mono is a copy at 0 dB, exactly") {
    const auto x = noise(1, 500, 0);
    Rig rig("send", {.tap_channels = 1});
    CHECK(taps(rig, x) == x);
}

TEST_CASE("send: level in dB, -120 dB and off are silence") {
    const auto x = noise(1, 500, 0);
    Rig quiet("send", {.tap_channels = 1}), none("send", {.tap_channels = 1}),
        off("send", {.tap_channels = 1});
    const auto t = taps(quiet.set("level", -20), x);
    for (std::size_t i = 0; i < 500; ++i) CHECK(t[0][i] == doctest::Approx(0.1 * x[0][i]).epsilon(1e-6));
    CHECK(taps(none.set("level", -120), x) == silence(1, 500));
    CHECK(taps(off.set("on", 0), x) == silence(1, 500));
}

TEST_CASE("send: mono into stereo is panned with -3 dB in the centre") {
    const auto x = noise(1, 500, 0);
    Rig centre("send", {.tap_channels = 2}), left("send", {.tap_channels = 2});
    const auto t = taps(centre, x), l = taps(left.set("pan", -1), x);
    for (std::size_t i = 0; i < 500; ++i) {
        CHECK(t[0][i] == doctest::Approx(kHalfPower * x[0][i]).epsilon(1e-6));
        CHECK(t[1][i] == t[0][i]);
    }
    CHECK(l[0] == x[0]);
    CHECK(peak(l[1]) == 0.0);
}

TEST_CASE("send: stereo into stereo is balanced, exact in the centre") {
    const auto x = noise(2, 500, 0);
    Rig centre("send", {.channels = 2, .tap_channels = 2}), right("send", {.channels = 2, .tap_channels = 2});
    CHECK(taps(centre, x) == x);
    const auto t = taps(right.set("pan", 1), x);
    CHECK(peak(t[0]) == 0.0);
    CHECK(t[1] == x[1]);
}

TEST_CASE("send: stereo into mono is 0.5 (L + R)") {
    const auto x = noise(2, 500, 0);
    Rig rig("send", {.channels = 2, .tap_channels = 1});
    const auto t = taps(rig, x);
    for (std::size_t i = 0; i < 500; ++i)
        CHECK(static_cast<double>(t[0][i]) ==
              doctest::Approx(0.5 * (static_cast<double>(x[0][i]) + static_cast<double>(x[1][i])))
                  .epsilon(1e-6));
}

TEST_CASE("send: four channels into six go straight, the rest is silent") {
    const auto x = noise(4, 100, 0);
    Rig rig("send", {.channels = 4, .tap_channels = 6});
    const auto t = taps(rig, x);
    for (std::size_t c = 0; c < 4; ++c) CHECK(t[c] == x[c]);
    CHECK(peak(t[4]) + peak(t[5]) == 0.0);
}

TEST_CASE("send: taps are bit-identical at any block size and lane width while everything moves") {
    const auto x = noise(1, 9000, 0);
    const std::vector<Event> moves{{100, "level", -30.0F}, {433, "pan", -0.8F}, {700, "pan", 1.0F},
                                   {2000, "on", 0.0F},     {2500, "on", 1.0F},  {6000, "level", 12.0F, 0.03}};
    Rig reference("send", {.tap_channels = 2});
    reference.run(x, 64, moves);
    for (const int block : {1, 7, 441, 1000, 8192}) {
        Rig rig("send", {.tap_channels = 2});
        rig.run(x, block, moves);
        CHECK(rig.taps == reference.taps);
    }
    const auto& kernels = reference.stage().type().lanes();
    for (int i = 0; i < kernels.count; ++i) {
        const int width = kernels.widths[static_cast<std::size_t>(i)].width;
        Rig rig("send", {.width = width, .lane = width - 1, .tap_channels = 2});
        rig.run(x, 64, moves);
        CHECK(rig.taps == reference.taps);
    }
}
