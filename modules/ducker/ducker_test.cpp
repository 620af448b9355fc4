// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
/// A voice at -20 dBFS (DC: the detector has no zero crossings to bridge) from `from` to `to`.
Planar voice(int frames, int from, int to) {
    auto x = silence(1, frames);
    for (int i = from; i < to; ++i) x[0][static_cast<std::size_t>(i)] = 0.1F;
    return x;
}
std::unique_ptr<Rig> ducker(int lanes = 0, int lane = 0) {
    auto rig = std::make_unique<Rig>("ducker", RigOptions{.width = lanes, .lane = lane, .sidechain_channels = 1});
    rig->text("sidechain", "voice").set("sidechain_highpass", 20).set("attack", 10).set("hold", 100).set("release", 200);
    return rig;
}
Planar ones(int frames) { return {std::vector<float>(static_cast<std::size_t>(frames), 1.0F)}; }
} // namespace

TEST_CASE("ducker: the depth is exact, the way down takes the attack, the way back the release") {
    auto rig = ducker();
    const auto y = rig->run(ones(48000), 64, {}, voice(48000, 1000, 5000))[0];
    const double deep = std::pow(10.0, -12.0 / 20);
    for (std::size_t i = 0; i < 1000; ++i) CHECK(y[i] == 1.0F);
    CHECK(y[1000] < 1.0F);                 // on the very sample
    CHECK(y[1000 + 478] > 1.00001 * deep); // 10 ms are 480 samples
    for (std::size_t i = 1000 + 480; i < 5000 + 4700; ++i) CHECK(y[i] == doctest::Approx(deep).epsilon(1e-4));
    // Half-way in time is half-way in dB, with the curve at rest at both ends.
    CHECK(20 * std::log10(static_cast<double>(y[1000 + 239])) == doctest::Approx(-6).epsilon(1e-3));
    CHECK(20 * std::log10(static_cast<double>(y[1000 + 119])) == doctest::Approx(-12 * (3.0 / 16 - 2.0 / 64)).epsilon(2e-3));
    for (std::size_t i = 1001; i < 5000; ++i) CHECK(y[i] <= y[i - 1]);
    for (std::size_t i = 5001; i < 48000; ++i) CHECK(y[i] >= y[i - 1]);
    // Hold of 100 ms (4800 samples) after the last word within 1 ms, then 200 ms (9600 samples).
    CHECK(y[5000 + 4800 + 48] > deep);
    CHECK(y[5000 + 4800 - 48] == doctest::Approx(deep).epsilon(1e-4));
    CHECK(y[5000 + 4800 + 9600 - 48] < 1.0F);
    CHECK(y[5000 + 4800 + 9600 + 48] == 1.0F);
}

TEST_CASE("ducker: how loud the voice is does not matter; below the threshold every bit passes") {
    const auto x = noise(2, 9000, 0);
    for (const float level : {-39.9F, -20.0F, 0.0F}) {
        Rig rig("ducker", {.channels = 2, .sidechain_channels = 1});
        rig.text("sidechain", "voice").set("sidechain_highpass", 20).set("attack", 1);
        const Planar key{std::vector<float>(9000, std::pow(10.0F, level / 20))};
        const auto y = rig.run(x, 64, {}, key);
        for (std::size_t i = 100; i < 9000; ++i) CHECK(y[1][i] == doctest::Approx(x[1][i] * 0.2511886).epsilon(1e-4));
        CHECK(rig.readout("reduction") == doctest::Approx(-12).epsilon(1e-5));
    }
    Rig rig("ducker", {.channels = 2, .sidechain_channels = 1});
    rig.text("sidechain", "voice").set("sidechain_highpass", 20);
    CHECK(rig.run(x, 64, {}, {std::vector<float>(9000, 0.00999F)}) == x);
    CHECK(rig.readout("reduction") == 0.0F);
}

TEST_CASE("ducker: looks ahead: at the first word the music is down") {
    auto rig = ducker();
    rig->set("lookahead", 20);
    CHECK(rig->latency() == 960);
    auto x = silence(1, 20000);
    for (std::size_t i = 0; i < 20000; ++i) x[0][i] = static_cast<float>(i % 100) + 1.0F;
    const auto y = rig->run(x, 64, {}, voice(20000, 5000, 9000))[0];
    CHECK(y[5000 - 1] == x[0][5000 - 1 - 960]);
    CHECK(y[5000 + 960] == doctest::Approx(x[0][5000] * 0.2511886).epsilon(1e-4)); // the sample that came with the first word
}

TEST_CASE("ducker: a new depth while it is down is arrived at, exactly and smoothly") {
    auto rig = ducker();
    const auto y = rig->run(ones(12000), 64, {{4000, "depth", -24.0F}}, voice(12000, 100, 12000))[0];
    CHECK(y[3999] == doctest::Approx(std::pow(10.0, -12.0 / 20)).epsilon(1e-4));
    CHECK(y[11999] == doctest::Approx(std::pow(10.0, -24.0 / 20)).epsilon(1e-4));
    for (std::size_t i = 4001; i < 12000; ++i) CHECK(y[i - 1] - y[i] < 1e-3);
}

TEST_CASE("ducker is bit-identical at any block size and lane width while everything moves") {
    const auto x = noise(1, 20000, 0);
    auto key = noise(1, 20000, -20, 5);
    for (std::size_t i = 6000; i < 9000; ++i) key[0][i] = 0;
    const std::vector<Event> moves{{100, "depth", -30.0F}, {433, "threshold", -22.0F}, {700, "attack", 3.0F},
                                   {2000, "sidechain_highpass", 400.0F}, {6500, "hold", 20.0F}, {7000, "release", 40.0F}};
    const auto reference = ducker()->run(x, 64, moves, key);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(ducker()->run(x, block, moves, key) == reference);
    auto any = ducker();
    const auto& kernels = any->stage().type().lanes();
    for (int i = 0; i < kernels.count; ++i) {
        const int width = kernels.widths[static_cast<std::size_t>(i)].width;
        CHECK(ducker(width, width - 1)->run(x, 64, moves, key) == reference);
    }
}
