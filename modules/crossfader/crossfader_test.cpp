// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
const RigOptions kMono{.sidechain_channels = 2}, kStereo{.channels = 2, .sidechain_channels = 4};
/// Two sources: 1 in a and 10 in b, so that the output tells both gains' share.
Planar steps(int frames, bool in_a, bool in_b) {
    return {std::vector<float>(static_cast<std::size_t>(frames), in_a ? 1.0F : 0.0F),
            std::vector<float>(static_cast<std::size_t>(frames), in_b ? 1.0F : 0.0F)};
}
float gain(bool of_a, float position, float law) {
    Rig rig("crossfader", kMono);
    rig.text("a", "x").text("b", "y").set("position", position).set("law", law);
    return rig.run(silence(1, 64), 64, {}, steps(64, of_a, !of_a))[0].back();
}
} // namespace

TEST_CASE("crossfader: at the ends one source to the bit, nothing of the other, and the strip's own input beside") {
    const auto a = noise(2, 500, 0, 1), b = noise(2, 500, 0, 2);
    const Planar both{a[0], a[1], b[0], b[1]};
    for (const float law : {0.0F, 1.0F, 2.0F}) {
        Rig left("crossfader", kStereo), right("crossfader", kStereo);
        CHECK(left.text("a", "x").text("b", "y").set("law", law).set("position", -1).run(silence(2, 500), 64, {}, both) == a);
        CHECK(right.text("a", "x").text("b", "y").set("law", law).set("position", 1).run(silence(2, 500), 64, {}, both) == b);
    }
    Rig rig("crossfader", kStereo);
    const auto own = impulse(2, 500, 100);
    CHECK(rig.run(own, 64, {}, silence(4, 500)) == own);
}

TEST_CASE("crossfader: equal power, equal gain, and a cut that is full in the middle") {
    for (float p = -1; p <= 1; p += 0.0625F) {
        const auto square = [](float x) { return static_cast<double>(x) * static_cast<double>(x); };
        CHECK(square(gain(true, p, 0)) + square(gain(false, p, 0)) == doctest::Approx(1).epsilon(1e-6));
        CHECK(gain(true, p, 1) + gain(false, p, 1) == doctest::Approx(1).epsilon(1e-6));
        CHECK(gain(true, p, 0) == doctest::Approx(gain(false, -p, 0)).epsilon(1e-6));
        if (std::abs(p) <= 0.75F) CHECK((gain(true, p, 2) == 1.0F && gain(false, p, 2) == 1.0F));
    }
    CHECK(gain(true, 0, 0) == doctest::Approx(std::sqrt(0.5)).epsilon(1e-6));
    CHECK(gain(true, 0, 1) == 0.5F);
}

TEST_CASE("crossfader is bit-identical at any block size while position and law move") {
    const auto x = noise(1, 9000, 0), sources = noise(2, 9000, 0, 9);
    const std::vector<Event> moves{{100, "position", -1.0F}, {433, "position", 0.7F, 0.05}, {700, "law", 2.0F},
                                   {900, "law", 1.0F},       {2000, "position", 1.0F},      {2500, "bypass", 1.0F}};
    Rig reference("crossfader", kMono);
    const auto y = reference.run(x, 64, moves, sources);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(Rig("crossfader", kMono).run(x, block, moves, sources) == y);
}
