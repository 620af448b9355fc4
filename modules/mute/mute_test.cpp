// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

using namespace ton::test;

TEST_CASE("an open mute passes every bit, a closed one none") {
    const auto x = noise(2, 500, 0);
    CHECK(Rig("mute", {.channels = 2}).run(x) == x);
    CHECK(Rig("mute", {.channels = 2}).set("mute", 1).run(x) == silence(2, 500));
}

TEST_CASE("mute closes and opens monotonically within 20 ms") {
    const auto y =
        Rig("mute").run({std::vector<float>(5000, 1.0F)}, 64, {{100, "mute", 1.0F}, {2500, "mute", 0.0F}})[0];
    CHECK(y[100] == 1.0F);
    for (std::size_t i = 101; i < 2500; ++i) CHECK(y[i] <= y[i - 1]);
    CHECK(y[100 + 959] > 0.0F);
    CHECK(y[100 + 960] == 0.0F);
    CHECK(y[2500] == 0.0F);
    for (std::size_t i = 2501; i < 5000; ++i) CHECK(y[i] >= y[i - 1]);
    CHECK(y[2500 + 960] == 1.0F);
}
