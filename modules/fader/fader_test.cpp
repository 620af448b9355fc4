// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include "engine/module.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;
using namespace ton::engine;

TEST_CASE("fader at 0 dB passes every bit") {
    const auto x = noise(2, 500, 0);
    CHECK(Rig("fader", {.channels = 2}).run(x) == x);
}

TEST_CASE("fader is 10^(dB/20), and silence at -120 dB") {
    const auto x = noise(1, 500, 0);
    for (const double db : {12.0, -3.0, -20.0, -60.0, -119.0}) {
        const auto y = Rig("fader").set("level", static_cast<float>(db)).run(x);
        for (std::size_t i = 0; i < 500; ++i)
            CHECK(y[0][i] == doctest::Approx(x[0][i] * std::pow(10.0, db / 20.0)).epsilon(1e-6));
    }
    CHECK(peak(Rig("fader").set("level", -120).run(x)[0]) == 0.0);
}

TEST_CASE("the fader's travel is a console's: half of it for the top 20 dB, as on the X32, ending at +12") {
    Rig rig("fader");
    const auto& level = rig.stage().type().parameters[0];
    // The X32's law (-90…+10 dB at 0, 1/16, 1/4, 1/2, 1: -inf, -60, -30, -10, +10), 2 dB up.
    CHECK(from_normal(level, 1.0F) == doctest::Approx(12.0));
    CHECK(from_normal(level, 0.5F) == doctest::Approx(-8.0));
    CHECK(from_normal(level, 0.25F) == doctest::Approx(-28.0));
    CHECK(from_normal(level, 0.0625F) == doctest::Approx(-58.0));
    CHECK(from_normal(level, 0.0F) == doctest::Approx(-120.0));
    CHECK(to_normal(level, 0.0F) == doctest::Approx(0.7));
}

TEST_CASE("a fader step is monotone, begins at its sample and arrives 20 ms later") {
    Rig rig("fader");
    const auto y = rig.run({std::vector<float>(3000, 1.0F)}, 64, {{777, "level", -20.0F}})[0];
    for (std::size_t i = 0; i <= 777; ++i) CHECK(y[i] == 1.0F);
    for (std::size_t i = 778; i < 3000; ++i) CHECK(y[i] <= y[i - 1]);
    CHECK(y[777 + 959] > 0.1F);
    CHECK(y[777 + 960] == doctest::Approx(0.1).epsilon(1e-6));
}
