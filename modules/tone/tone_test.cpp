// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include "modules/tone/oscillator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {
constexpr double kPi = std::numbers::pi;
std::vector<float> play(Rig& rig, int frames, const std::vector<Event>& events = {}) {
    return rig.run(silence(1, frames), 64, events)[0];
}
} // namespace

TEST_CASE("the oscillator's sine agrees with the C library's") {
    double worst = 0;
    for (std::uint64_t i = 0; i < 100003; ++i) {
        const auto phase = i * (0xFFFFFFFFFFFFFFFFU / 100003U);
        const double exact = std::sin(2 * kPi * static_cast<double>(phase) / 18446744073709551616.0);
        worst = std::max(worst, std::abs(ton::modules::tone::sine(phase) - exact));
    }
    CHECK(worst < 1e-11);
}

TEST_CASE("tone: a sine of -20 dBFS peaks at -20 dBFS and follows the absolute sample clock") {
    for (const double f : {31.5, 997.0, 1000.0, 12345.6}) {
        Rig rig("tone");
        const auto y = play(rig.set("frequency", static_cast<float>(f)).set("level", -20), 48000);
        CHECK(decibels(tone_amplitude(y, f, 48000)) == doctest::Approx(-20.0).epsilon(1e-5));
        for (std::size_t i = 0; i < y.size(); ++i) {
            const double turns = static_cast<double>(static_cast<float>(f)) * static_cast<double>(i) / 48000;
            CHECK(std::abs(static_cast<double>(y[i]) - 0.1 * std::sin(2 * kPi * turns)) < 1e-7);
        }
    }
}

TEST_CASE("tone is added to what comes in, and off it is gone") {
    const auto x = noise(2, 1000, -6);
    Rig rig("tone", {.channels = 2}), off("tone", {.channels = 2});
    const auto y = rig.set("level", -6).run(x);
    const double a = std::pow(10.0, -0.3);
    for (std::size_t c = 0; c < 2; ++c)
        for (std::size_t i = 0; i < 1000; ++i)
            CHECK(std::abs(static_cast<double>(y[c][i] - x[c][i]) -
                           a * std::sin(2 * kPi * static_cast<double>(i) / 48)) < 2e-7);
    CHECK(off.set("on", 0).run(x) == x);
}

TEST_CASE("tone: a frequency change keeps the phase continuous") {
    Rig rig("tone");
    const auto y =
        play(rig.set("level", 0), 9600, {{3200, "frequency", 4000.0F}, {3500, "frequency", 200.0F}});
    for (std::size_t i = 1; i < y.size(); ++i) // no sample moves faster than the highest frequency's slope
        CHECK(std::abs(static_cast<double>(y[i] - y[i - 1])) < 2 * kPi * 4000 / 48000);
    const std::vector<float> last(y.begin() + 4800, y.end());
    CHECK(tone_amplitude(last, 200, 48000) == doctest::Approx(1.0).epsilon(1e-4));
}

TEST_CASE("tone: the square's harmonics are 4/(pi k) sinc(k f/fs)^4, odd ones only") {
    for (const double f : {100.0, 997.0, 5000.0}) {
        Rig rig("tone");
        const auto y =
            play(rig.set("type", 1).set("frequency", static_cast<float>(f)).set("level", -20), 96000);
        for (int k = 1; k <= 9 && k * f < 22000; ++k) {
            const double s = std::sin(kPi * k * f / 48000) / (kPi * k * f / 48000);
            const double expected = k % 2 == 1 ? 0.1 * 4 / (kPi * k) * std::pow(s, 4) : 0.0;
            INFO(f << " Hz, harmonic " << k);
            CHECK(std::abs(tone_amplitude(y, k * f, 48000) - expected) < 2e-5);
        }
    }
    Rig rig("tone");
    const auto y = play(rig.set("type", 1).set("frequency", 100).set("level", -20), 9600);
    CHECK(rms(y) == doctest::Approx(0.1).epsilon(0.01)); // calibrated: the plateaus lie at the level
    CHECK(y[120] == doctest::Approx(0.1).epsilon(1e-6));
    CHECK(y[360] == doctest::Approx(-0.1).epsilon(1e-6));
}

TEST_CASE("tone: what the square folds back lies low: below 10 kHz under -75 dB of the fundamental") {
    Rig rig("tone");
    const double f = 997;
    const auto y = play(rig.set("type", 1).set("frequency", 997).set("level", 0), 96000);
    const double fundamental = tone_amplitude(y, f, 48000);
    for (int k = 39; k < 96; k += 2) { // harmonics that fold to below 10 kHz
        const double folded = std::abs(k * f - 48000 * std::round(k * f / 48000));
        if (folded < 10000) CHECK(decibels(tone_amplitude(y, folded, 48000) / fundamental) < -75);
    }
}

TEST_CASE("tone: the sweep passes 20 Hz 1000^(t/T) at the time t, at full level, again and again") {
    Rig rig("tone");
    const int period = 2 * 48000;
    const auto y = play(rig.set("type", 2).set("sweep_time", 2).set("level", -6), 2 * period);
    for (const double t : {0.5, 1.0, 1.5, 1.9}) {
        // Count zero crossings around t: their rate is twice the frequency's mean there.
        const auto at = static_cast<int>(t * 48000), reach = 1200;
        int crossings = 0;
        for (int i = at - reach; i < at + reach; ++i)
            if ((y[static_cast<std::size_t>(i)] < 0) != (y[static_cast<std::size_t>(i + 1)] < 0)) ++crossings;
        const auto phase = [](double s) { return 20 * 2 / std::log(1000.0) * std::pow(1000.0, s / 2); };
        const double expected = 2 * (phase(t + 1200.0 / 48000) - phase(t - 1200.0 / 48000));
        INFO("at " << t << " s");
        CHECK(std::abs(crossings - expected) <= 1.5);
        const std::vector<float> around(y.begin() + at - reach, y.begin() + at + reach);
        if (t < 1.8) CHECK(peak(around) == doctest::Approx(0.5012).epsilon(0.01));
    }
    for (int i = 0; i < period; ++i)
        CHECK(y[static_cast<std::size_t>(i)] == y[static_cast<std::size_t>(i + period)]);
}

TEST_CASE("tone: the ident interrupts the left channel for 250 ms every 3 s, the right one never") {
    Rig rig("tone", {.channels = 2});
    const auto y = rig.set("type", 3).set("level", -18).run(silence(2, 48000 * 7));
    const auto level = [&](std::size_t channel, double from, double to) {
        const std::vector<float> part(y[channel].begin() + static_cast<std::ptrdiff_t>(from * 48000),
                                      y[channel].begin() + static_cast<std::ptrdiff_t>(to * 48000));
        return decibels(peak(part));
    };
    for (const double start : {0.0, 3.0, 6.0}) {
        CHECK(level(0, start + 0.006, start + 0.244) < -120);
        CHECK(level(0, start + 0.251, std::min(start + 2.999, 7.0)) == doctest::Approx(-18.0).epsilon(1e-3));
        CHECK(level(1, start, start + 0.25) == doctest::Approx(-18.0).epsilon(1e-3));
    }
}
