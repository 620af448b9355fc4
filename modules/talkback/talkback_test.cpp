// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

using namespace ton::test;

TEST_CASE("talkback: silent at first, on it passes every bit, and comes and goes within 20 ms") {
    const auto x = noise(2, 500, 0);
    CHECK(Rig("talkback", {.channels = 2}).run(x) == silence(2, 500));
    CHECK(Rig("talkback", {.channels = 2}).set("on", 1).run(x) == x);
    const auto y = Rig("talkback").run({std::vector<float>(4000, 1.0F)}, 64, {{100, "on", 1.0F}, {2000, "on", 0.0F}})[0];
    CHECK(y[100] == 0.0F);
    for (std::size_t i = 101; i < 2000; ++i) CHECK(y[i] >= y[i - 1]);
    CHECK(y[100 + 959] < 1.0F);
    CHECK(y[100 + 960] == 1.0F);
    for (std::size_t i = 2001; i < 4000; ++i) CHECK(y[i] <= y[i - 1]);
    CHECK(y[2000 + 959] > 0.0F);
    CHECK(y[2000 + 960] == 0.0F);
}
