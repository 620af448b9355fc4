// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

TEST_CASE("gain at 0 dB passes every bit") {
    const auto x = noise(2, 500, 0);
    CHECK(Rig("gain", {.channels = 2}).run(x) == x);
}

TEST_CASE("gain is 10^(dB/20), and silence at -120 dB") {
    const auto x = noise(1, 500, 0);
    const auto y = Rig("gain").set("level", -6).run(x);
    for (std::size_t i = 0; i < 500; ++i) CHECK(y[0][i] == doctest::Approx(x[0][i] * 0.5011872336).epsilon(1e-6));
    CHECK(peak(Rig("gain").set("level", -120).run(x)[0]) == 0.0);
}

TEST_CASE("a gain step changes nothing before its sample and is monotone") {
    Rig rig("gain");
    const Planar ones{std::vector<float>(3000, 1.0F)};
    const auto y = rig.run(ones, 64, {{777, "level", -20.0F}})[0];
    for (std::size_t i = 0; i <= 777; ++i) CHECK(y[i] == 1.0F);
    for (std::size_t i = 778; i < 3000; ++i) CHECK(y[i] <= y[i - 1]);
    CHECK(y[777 + 959] > 0.1F);
    CHECK(y[777 + 960] == doctest::Approx(0.1).epsilon(1e-6)); // 20 ms later, exactly there
}

TEST_CASE("gain is bit-identical at any block size and lane width") {
    const auto x = noise(2, 9000, 0);
    const std::vector<Event> moves{{100, "level", -30.0F}, {433, "level", 12.0F}, {2000, "level", -120.0F, 0.1},
                                   {2500, "bypass", 1.0F}, {6000, "bypass", 0.0F}};
    const auto reference = Rig("gain", {.channels = 2}).run(x, 64, moves);
    for (const int block : {1, 7, 441, 1000, 8192})
        CHECK(Rig("gain", {.channels = 2}).run(x, block, moves) == reference);
    const auto& kernels = Rig("gain").stage().type().lanes();
    for (int i = 0; i < kernels.count; ++i) {
        const int width = kernels.widths[static_cast<std::size_t>(i)].width;
        CHECK(Rig("gain", {.channels = 2, .width = width, .lane = width - 1}).run(x, 64, moves) == reference);
    }
}
