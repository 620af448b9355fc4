// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {
struct Gains {
    double left, right;
};
Gains measure(float position, float law, int channels = 1) {
    Rig rig("pan", {.channels = channels});
    rig.set("position", position).set("law", law);
    const auto y = rig.run(Planar(static_cast<std::size_t>(channels), std::vector<float>(1, 1.0F)));
    return {static_cast<double>(y[0][0]), static_cast<double>(y[1][0])};
}
double sine_law(double u) {
    return std::sin(std::numbers::pi / 2 * u);
}
double expected(int law, double own) { // `own`: 0 on the far side, 1 on the near one
    switch (law) {
    case 0:
        return own >= 0.5 ? 1.0 : sine_law(2 * own);
    case 1:
        return sine_law(own);
    case 2:
        return std::sqrt(own * sine_law(own));
    default:
        return own;
    }
}
} // namespace

TEST_CASE("pan laws follow their closed forms over the whole travel") {
    for (int law = 0; law < 4; ++law)
        for (int i = -100; i <= 100; ++i) {
            const float p = static_cast<float>(i) / 100.0F;
            const auto g = measure(p, static_cast<float>(law));
            const double right = (1.0 + static_cast<double>(p)) / 2.0;
            INFO("law " << law << " position " << p);
            CHECK(g.left == doctest::Approx(expected(law, 1.0 - right)).epsilon(1e-6));
            CHECK(g.right == doctest::Approx(expected(law, right)).epsilon(1e-6));
        }
}

TEST_CASE("pan: the centre has the law's dB, the ends are exactly 1 and 0") {
    // 20 log10 of 1, sqrt(1/2), (1/2)^(3/4), 1/2
    const double centre[] = {0.0, -3.0103, -4.5154, -6.0206};
    for (int law = 0; law < 4; ++law) {
        const auto middle = measure(0, static_cast<float>(law));
        CHECK(decibels(middle.left) == doctest::Approx(centre[law]).epsilon(1e-5));
        CHECK(middle.left == middle.right);
        const auto left = measure(-1, static_cast<float>(law)), right = measure(1, static_cast<float>(law));
        CHECK(left.left == 1.0);
        CHECK(left.right == 0.0);
        CHECK(right.left == 0.0);
        CHECK(right.right == 1.0);
    }
}

TEST_CASE("pan balances stereo, whatever the law: bits pass in the centre, the near side always") {
    const auto x = noise(2, 500, 0);
    for (const float law : {0.0F, 1.0F, 3.0F}) {
        CHECK(Rig("pan", {.channels = 2}).set("law", law).run(x) == x);
        const auto y = Rig("pan", {.channels = 2}).set("law", law).set("position", 0.5F).run(x);
        CHECK(y[1] == x[1]);
        for (std::size_t i = 0; i < 500; ++i)
            CHECK(y[0][i] == doctest::Approx(x[0][i] * std::numbers::sqrt2 / 2).epsilon(1e-6));
    }
}

TEST_CASE("pan: the -3 dB law keeps the power while the knob moves") {
    Rig rig("pan");
    const auto y =
        rig.run({std::vector<float>(4000, 1.0F)}, 64, {{100, "position", -1.0F}, {1500, "position", 1.0F}});
    for (std::size_t i = 0; i < 4000; ++i)
        CHECK(static_cast<double>(y[0][i] * y[0][i] + y[1][i] * y[1][i]) ==
              doctest::Approx(1.0).epsilon(1e-6));
}

TEST_CASE("pan refuses more than stereo") {
    CHECK_THROWS(Rig("pan", {.channels = 3}).stage());
}
