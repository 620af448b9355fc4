// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
const RigOptions kStereo{.channels = 2, .sidechain_channels = 4};
/// a: 997 Hz at `la` dBFS, b: 997 Hz at `lb`, stereo. A stereo 997 Hz sine at -23 dBFS is -23 LUFS.
Planar sources(int frames, double la, double lb) {
    const auto x = sine(2, frames, 997, la), y = sine(2, frames, 997, lb);
    return {x[0], x[1], y[0], y[1]};
}
double level(const Planar& y, std::size_t from) { return decibels(rms(y[0], from)) + 3.0103; }
} // namespace

TEST_CASE("ab: the louder one is turned down by the difference of the short-term loudness") {
    for (const double more : {10.0, -7.0}) {
        const auto both = sources(48000 * 5, -30 + more, -30);
        const double quieter = std::min(-30.0, -30 + more);
        for (const float which : {0.0F, 1.0F}) {
            Rig rig("ab", kStereo);
            const auto y = rig.text("a", "x").text("b", "y").set("select", which).run(silence(2, 48000 * 5), 64, {}, both);
            CHECK(level(y, 48000 * 4) == doctest::Approx(quieter).epsilon(0.0005));
            CHECK(rig.readout("loudness_a") == doctest::Approx(-30 + more).epsilon(0.001));
            CHECK(rig.readout("loudness_b") == doctest::Approx(-30).epsilon(0.001));
            CHECK(rig.readout("trim_a") + rig.readout("trim_b") == doctest::Approx(-std::abs(more)).epsilon(0.002));
        }
    }
}

TEST_CASE("ab: without match each leaves as it is, to the bit") {
    const auto a = noise(2, 9000, -6, 1), b = noise(2, 9000, -20, 2);
    const Planar both{a[0], a[1], b[0], b[1]};
    Rig first("ab", kStereo), second("ab", kStereo);
    CHECK(first.text("a", "x").text("b", "y").set("match", 0).run(silence(2, 9000), 64, {}, both) == a);
    CHECK(second.text("a", "x").text("b", "y").set("match", 0).set("select", 1).run(silence(2, 9000), 64, {}, both) == b);
}

TEST_CASE("ab: switches within 20 ms, monotone, from the sample on") {
    Rig rig("ab", {.sidechain_channels = 2});
    const Planar both{std::vector<float>(6000, 0.5F), std::vector<float>(6000, 1.0F)};
    const auto y = rig.text("a", "x").text("b", "y").set("match", 0).run(silence(1, 6000), 64, {{1024, "select", 1.0F}}, both)[0];
    CHECK(y[1023] == 0.5F);
    for (std::size_t i = 1025; i < 6000; ++i) CHECK(y[i] >= y[i - 1]);
    CHECK(y[1024 + 800] < 1.0F);
    CHECK(y[1024 + 32 + 960] == 1.0F);
}

TEST_CASE("ab: nothing is matched to silence") {
    Rig rig("ab", kStereo);
    const auto y = rig.text("a", "x").text("b", "y").run(silence(2, 48000 * 4), 64, {}, sources(48000 * 4, -20, -200));
    CHECK(level(y, 48000 * 3) == doctest::Approx(-20).epsilon(0.001));
}

TEST_CASE("ab is bit-identical at any block size while everything moves") {
    const auto x = noise(1, 30000, -20), both = noise(2, 30000, -6, 9);
    const std::vector<Event> moves{{100, "select", 1.0F}, {5433, "match", 0.0F}, {9700, "select", 0.0F}, {12001, "match", 1.0F}};
    const RigOptions mono{.sidechain_channels = 2};
    Rig reference("ab", mono);
    const auto y = reference.run(x, 64, moves, both);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(Rig("ab", mono).run(x, block, moves, both) == y);
}
