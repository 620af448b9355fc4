// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

using namespace ton::test;

TEST_CASE("polarity passes every bit, or every bit but the sign") {
    const auto x = noise(2, 500, 0);
    CHECK(Rig("polarity", {.channels = 2}).run(x) == x);
    const auto y = Rig("polarity", {.channels = 2}).set("invert", 1).run(x);
    for (std::size_t c = 0; c < 2; ++c)
        for (std::size_t i = 0; i < 500; ++i) CHECK(y[c][i] == -x[c][i]);
}

TEST_CASE("polarity is thrown smoothly from +1 to -1 within 20 ms") {
    const auto y = Rig("polarity").run({std::vector<float>(2000, 0.5F)}, 64, {{100, "invert", 1.0F}})[0];
    CHECK(y[100] == 0.5F);
    for (std::size_t i = 101; i < 2000; ++i) {
        CHECK(y[i] <= y[i - 1]);
        CHECK(y[i - 1] - y[i] < 1.6F / 960); // the steepest point of a smooth step of height 1
    }
    CHECK(y[100 + 480] == doctest::Approx(0.0).epsilon(1e-6));
    CHECK(y[100 + 960] == -0.5F);
}
