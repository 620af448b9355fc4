// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace ton::test;

TEST_CASE("balance passes every bit in the centre, and the near side always") {
    const auto x = noise(2, 500, 0);
    CHECK(Rig("balance", {.channels = 2}).run(x) == x);
    CHECK(Rig("balance", {.channels = 2}).set("position", 0.7F).run(x)[1] == x[1]);
    CHECK(Rig("balance", {.channels = 2}).set("position", -0.7F).run(x)[0] == x[0]);
}

TEST_CASE("balance turns the far side down as a cosine, to silence at the end") {
    const auto x = noise(2, 100, 0);
    for (int percent = 5; percent < 100; percent += 5) {
        const double g = std::cos(std::numbers::pi / 2 * percent / 100);
        const auto y =
            Rig("balance", {.channels = 2}).set("position", static_cast<float>(percent) / 100.0F).run(x);
        for (std::size_t i = 0; i < 100; ++i) CHECK(y[0][i] == doctest::Approx(g * x[0][i]).epsilon(2e-6));
    }
    CHECK(peak(Rig("balance", {.channels = 2}).set("position", 1).run(x)[0]) == 0.0);
    CHECK(peak(Rig("balance", {.channels = 2}).set("position", -1).run(x)[1]) == 0.0);
}

TEST_CASE("balance is for stereo only") {
    CHECK_THROWS(Rig("balance", {.channels = 1}).stage());
    CHECK_THROWS(Rig("balance", {.channels = 3}).stage());
}
