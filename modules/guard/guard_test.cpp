// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace ton::test;

namespace {
constexpr double kRate = 48000;

float ceiling_of(double dbfs) { return static_cast<float>(std::pow(10.0, dbfs / 20)); }

Planar constant(int channels, int frames, float value) {
    return Planar(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(frames), value));
}

bool same_bits(const Planar& a, const Planar& b) {
    for (std::size_t c = 0; c < a.size(); ++c)
        if (a[c].size() != b[c].size() || std::memcmp(a[c].data(), b[c].data(), a[c].size() * sizeof(float)) != 0) return false;
    return a.size() == b.size();
}
} // namespace

TEST_CASE("off, and on below the ceiling, it changes no bit") {
    auto x = noise(2, 20000, 6);
    x[0][7] = -0.0F;
    x[1][9] = 1e-42F;
    CHECK(same_bits(Rig("guard", {.channels = 2}).run(x), x));
    const auto quiet = noise(2, 20000, -6.1);
    Rig on("guard", {.channels = 2});
    CHECK(same_bits(on.set("on", 1).set("ceiling", -6).run(quiet), quiet));
    CHECK(on.readout("reduction") == 0.0F);
}

TEST_CASE("no sample passes the ceiling, whatever comes") {
    for (const double dbfs : {0.0, -0.1, -17.3, -60.0})
        for (const int channels : {1, 2, 6}) {
            auto x = noise(channels, 30000, 40, 3);
            x[0][5000] = 1e30F;
            x[0][5001] = std::numeric_limits<float>::max();
            const auto y = Rig("guard", {.channels = channels}).set("on", 1).set("ceiling", static_cast<float>(dbfs)).run(x, 61);
            for (const auto& plane : y) CHECK(peak(plane) <= std::pow(10.0, dbfs / 20) * (1 + 0x1p-22)); // the ceiling itself is a float
        }
}

TEST_CASE("the closed form: at once, held for 100 ms, back at 20 dB a second, all channels alike") {
    // 12 dB over the ceiling for one sample, on a constant of half of it.
    constexpr int kBurst = 1000, kHold = 4800, kFrames = 60000;
    auto x = constant(2, kFrames, 0.25F);
    x[1].assign(kFrames, -0.125F);
    x[0][kBurst] = 2.0F;
    const auto y = Rig("guard", {.channels = 2}).set("on", 1).set("ceiling", -6.0206F).run(x);
    const double c = static_cast<double>(ceiling_of(-6.0206));
    for (int n = 0; n < kFrames; ++n) {
        const double released = std::max(0, n - kBurst - kHold) / kRate * 20;
        const double gain = n < kBurst ? 1.0 : std::min(1.0, c / 2.0 * std::pow(10.0, released / 20));
        const auto at = static_cast<std::size_t>(n);
        if (n != kBurst) REQUIRE(static_cast<double>(y[0][at]) == doctest::Approx(0.25 * gain).epsilon(2e-3));
        REQUIRE(static_cast<double>(y[1][at]) == doctest::Approx(-0.125 * gain).epsilon(2e-3));
    }
    CHECK(y[0][kBurst] == doctest::Approx(c).epsilon(1e-6));
    CHECK(y[0].back() == 0.25F); // 12.04 dB take 0.6 s: at rest again, to the bit
}

TEST_CASE("a steady tone that is too loud comes out as one: no clipping after its first wave") {
    const auto x = sine(1, 96000, 997, 12);
    Rig rig("guard");
    const auto y = rig.set("on", 1).set("ceiling", -3).run(x)[0];
    // All of its power but what the slow release between two peaks costs lies in the tone.
    const double tone = tone_amplitude(y, 997, kRate, 48000), power = rms(y, 48000);
    CHECK(decibels(tone) == doctest::Approx(-3).epsilon(0.01));
    CHECK(std::abs(decibels(power * std::sqrt(2.0) / tone)) < 1e-3);
    CHECK(rig.readout("reduction") == doctest::Approx(-15).epsilon(0.01));
    rig.run(constant(1, 96000, 0.0F));
    rig.readout("reduction");
    rig.run(constant(1, 64, 0.0F));
    CHECK(rig.readout("reduction") == 0.0F); // at rest
}

TEST_CASE("after NaN and infinity it is at rest and hears again") {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        Rig rig("guard", {.channels = 2});
        rig.set("on", 1).set("ceiling", -6);
        auto x = constant(2, 640, 0.1F);
        x[1][100] = bad;
        const auto y = rig.run(x);
        CHECK_FALSE(std::abs(y[1][100]) < 1.0F); // not made into a full-scale click: whoever silences it must see it
        ton::engine::Scratch scratch(rig.stage().ramps().sample_rows(), rig.stage().state_floats());
        rig.stage().silence(0, scratch);
        CHECK(rig.run(constant(2, 640, 0.1F)) == constant(2, 640, 0.1F));
    }
}

TEST_CASE("DC is the mean over five seconds, under programme and at any rate") {
    for (const double rate : {44100.0, 48000.0, 96000.0}) {
        const int frames = static_cast<int>(rate * 5.5);
        auto x = sine(2, frames, 50, -6, rate); // whole waves in every half second
        for (auto& v : x[1]) v -= 0.005F;
        Rig rig("guard", {.channels = 2, .sample_rate = rate});
        rig.run(x, 100);
        CHECK(rig.readout("dc") == doctest::Approx(20 * std::log10(0.005)).epsilon(2e-4));
        // Half of the window later half of it is left, and then nothing.
        const auto flat = static_cast<int>(rate * 2.5);
        rig.run(constant(2, flat, 0.0F), 64);
        CHECK(rig.readout("dc") == doctest::Approx(20 * std::log10(0.0025)).epsilon(2e-4));
        rig.run(constant(2, flat, 0.0F), 64);
        CHECK(rig.readout("dc") <= -120.0F);
    }
}

TEST_CASE("DC is measured of what leaves: behind the ceiling") {
    Rig rig("guard");
    rig.set("on", 1).set("ceiling", -40).run(constant(1, 24000 * 15, 0.5F));
    CHECK(rig.readout("dc") == doctest::Approx(-40).epsilon(1e-4));
}

TEST_CASE("bypassed it holds nothing down and says so, and measures the DC that leaves") {
    Rig rig("guard");
    rig.set("on", 1).set("ceiling", -40).set("bypass", 1).run(constant(1, 24000 * 15, 0.5F));
    CHECK(rig.readout("reduction") == 0.0F); // first: a reading starts it anew
    CHECK(rig.readout("dc") == doctest::Approx(20 * std::log10(0.5)).epsilon(1e-5));
    rig.run(constant(1, 24000 * 15, 0.5F), 64, {{24000 * 15, "bypass", 0}});
    CHECK(rig.readout("reduction") == doctest::Approx(20 * std::log10(0.02)).epsilon(1e-4));
    CHECK(rig.readout("dc") == doctest::Approx(-40).epsilon(1e-4));
}

TEST_CASE("output and read-outs are the same at any block size and width") {
    auto x = noise(2, 48000 * 8, 9, 5);
    for (auto& v : x[1]) v = 0.1F * v + 0.2F;
    const auto result = [&](int block, int width) {
        Rig rig("guard", {.channels = 2, .width = width});
        const auto y = rig.set("on", 1).set("ceiling", -12).run(x, block, {{5000, "ceiling", -20}, {70001, "on", 0}, {90003, "on", 1}, {200007, "bypass", 1}, {290001, "bypass", 0}});
        const auto down = rig.readout("reduction"); // first: a reading starts it anew
        return std::tuple{y, rig.readout("dc"), down};
    };
    const auto first = result(64, 1);
    double sum = 0;
    for (std::size_t n = 48000 * 3; n < 48000 * 8; ++n) sum += static_cast<double>(std::get<0>(first)[1][n]);
    CHECK(static_cast<double>(std::get<1>(first)) == doctest::Approx(decibels(sum / (48000 * 5))).epsilon(1e-4));
    for (const int block : {1, 7, 1000})
        for (const int width : {1, 4, 0}) CHECK(result(block, width) == first);
}
