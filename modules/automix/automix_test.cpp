// SPDX-License-Identifier: GPL-3.0-or-later
// The two halves alone; src/control/automix_test.cpp has whole groups.
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
RigOptions half(int which, int channels, int width = 0, int lane = 0) {
    return {.channels = channels, .width = width, .lane = lane, .sidechain_channels = which == 2 ? 1 : 0,
            .tap_channels = which == 1 ? 1 : 0, .half = which};
}
} // namespace

TEST_CASE("automix tells the weighted power of its strip, its audio untouched") {
    const auto x = sine(2, 48000, 997, -20);
    for (const float weight : {0.0F, -12.0F}) {
        Rig rig("automix", half(1, 2));
        rig.set("weight", weight).set("highpass", 20);
        const auto y = rig.run(x);
        CHECK(y[0] == x[0]);
        CHECK(y[1] == x[1]);
        CHECK(y[2] == rig.taps[0]);
        // The mean square of a sine at -20 dBFS is 0.005. Faster up than down, the meter stands a little above it.
        const double told = 10 * std::log10(static_cast<double>(y[2].back()));
        CHECK(told > 10 * std::log10(0.005) + weight - 0.1);
        CHECK(told < 10 * std::log10(0.005) + weight + 3.0104);
    }
    Rig bypassed("automix", half(1, 2)), off("automix", half(1, 2));
    CHECK(peak(bypassed.set("bypass", 1).run(x)[2]) == 0.0);
    CHECK(peak(off.set("on", 0).run(x)[2]) == 0.0);
}

TEST_CASE("automix has the gain of its share: sqrt(own / total), arrived at through two one-poles of 2 ms") {
    Planar in{std::vector<float>(4800, 1.0F), std::vector<float>(4800, 0.25F)}, total{std::vector<float>(4800, 1.0F)};
    for (std::size_t i = 2400; i < 4800; ++i) total[0][i] = 0.25F; // the others fall silent
    Rig rig("automix", half(2, 2));
    const auto y = rig.run(in, 64, {}, total)[0];
    for (std::size_t i = 0; i < 2400; ++i) CHECK(y[i] == 0.5F);
    const double a = std::exp(-1.0 / 96); // 2 ms at 48 kHz
    for (int k = 0; k < 2400; ++k) {      // a step through two equal one-poles: 1 - a^k (1 + k (1 - a)), k from 1
        const double step = 1 - std::pow(a, k + 1) * (1 + (k + 1) * (1 - a));
        CHECK(y[2400 + static_cast<std::size_t>(k)] == doctest::Approx(std::sqrt(0.25 + 0.75 * step)).epsilon(2e-5));
    }
    CHECK(rig.readout("gain") == doctest::Approx(0).epsilon(1e-4));
}

TEST_CASE("automix keeps its share in digital silence, and alone it passes every bit") {
    Planar in{std::vector<float>(4800, 1.0F), std::vector<float>(4800, 0.25F)}, total{std::vector<float>(4800, 1.0F)};
    for (std::size_t i = 1000; i < 4800; ++i) in[1][i] = total[0][i] = 0.0F;
    const auto y = Rig("automix", half(2, 2)).run(in, 64, {}, total)[0];
    for (const float g : y) CHECK(g == 0.5F);
    const auto x = noise(2, 500, 0);
    CHECK(Rig("automix", {.channels = 2}).run(x) == x);
}

TEST_CASE("automix: both halves are bit-identical at any block size and lane width") {
    const auto x = noise(2, 9000, -6, 3);
    auto total = noise(1, 9000, 0, 4);
    for (auto& v : total[0]) v = std::abs(v);
    const std::vector<Event> moves{{100, "weight", -30.0F}, {433, "attack", 30.0F}, {700, "release", 20.0F}, {900, "highpass", 300.0F},
                                   {2000, "bypass", 1.0F}, {4000, "bypass", 0.0F}, {6000, "on", 0.0F}};
    for (const int which : {1, 2}) {
        Rig reference("automix", half(which, 2));
        const auto y = reference.run(x, 64, moves, total);
        for (const int block : {1, 7, 441, 1000, 8192}) CHECK(Rig("automix", half(which, 2)).run(x, block, moves, total) == y);
        const auto& kernels = reference.stage().type().lanes();
        for (int i = 0; i < kernels.count; ++i) {
            const int width = kernels.widths[static_cast<std::size_t>(i)].width;
            CHECK(Rig("automix", half(which, 2, width, width - 1)).run(x, 64, moves, total) == y);
        }
    }
}
