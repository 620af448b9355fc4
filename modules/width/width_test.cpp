// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
Planar mid_side(const Planar& x) {
    auto y = x;
    for (std::size_t i = 0; i < x[0].size(); ++i) {
        y[0][i] = 0.5F * (x[0][i] + x[1][i]);
        y[1][i] = 0.5F * (x[0][i] - x[1][i]);
    }
    return y;
}
/// Gain in dB of the side at a frequency.
double side_gain(float mono_below, double frequency, double rate) {
    auto x = sine(2, static_cast<int>(rate * 2), frequency, -6, rate);
    for (auto& v : x[1]) v = -v;
    Rig rig("width", {.channels = 2, .sample_rate = rate});
    const auto y = mid_side(rig.set("mono_below", mono_below).run(x));
    CHECK(peak(y[0]) < 1e-6); // the middle stays empty
    const auto from = static_cast<std::size_t>(rate);
    return decibels(tone_amplitude(y[1], frequency, rate, from) /
                    tone_amplitude(x[0], frequency, rate, from));
}
} // namespace

TEST_CASE("width 1 without a filter passes every bit") {
    const auto x = noise(2, 3000, 0);
    CHECK(Rig("width", {.channels = 2}).run(x) == x);
}

TEST_CASE("width scales the side and leaves the middle alone") {
    const auto x = noise(2, 500, -6);
    const auto before = mid_side(x);
    for (const float w : {0.0F, 0.5F, 1.7F, 2.0F}) {
        const auto after = mid_side(Rig("width", {.channels = 2}).set("width", w).run(x));
        for (std::size_t i = 0; i < 500; ++i) {
            CHECK(std::abs(after[0][i] - before[0][i]) < 2e-7F);
            CHECK(std::abs(after[1][i] - w * before[1][i]) < 2e-7F);
        }
    }
    const auto mono = Rig("width", {.channels = 2}).set("width", 0).run(x);
    for (std::size_t i = 0; i < 500; ++i) CHECK(std::abs(mono[0][i] - mono[1][i]) < 2e-7F);
}

TEST_CASE("mono_below is a Butterworth high-pass of the side: -3 dB there, 12 dB per octave") {
    for (const double rate : {44100.0, 48000.0, 192000.0}) {
        INFO("rate " << rate);
        // |H|^2 = r^4 / (1 + r^4), r = f/f0 (bilinear warping below 0.01 dB at these frequencies)
        for (const double r : {0.25, 0.5, 1.0, 2.0, 8.0}) {
            const double expected = 10 * std::log10(std::pow(r, 4) / (1 + std::pow(r, 4)));
            CHECK(std::abs(side_gain(120, 120 * r, rate) - expected) < 0.02);
            CHECK(std::abs(side_gain(500, 500 * r, rate) - expected) < 0.05);
        }
    }
}

TEST_CASE("mono_below leaves mono alone, bit for bit") {
    auto x = noise(2, 3000, 0);
    x[1] = x[0];
    CHECK(Rig("width", {.channels = 2}).set("mono_below", 200).set("width", 1.3F).run(x) == x);
}

TEST_CASE("width is for stereo only") {
    CHECK_THROWS(Rig("width", {.channels = 1}).stage());
}
