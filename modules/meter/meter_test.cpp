// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include "dsp/true_peak.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {
constexpr double kPi = std::numbers::pi;

/// All read-outs at one moment, in dB (Rig::readout would start the other held ones anew).
struct Reading {
    double peak, left, right, rms, true_peak, correlation;
};
Reading read(Rig& rig) {
    auto& stage = rig.stage();
    std::vector<float> all(static_cast<std::size_t>(stage.readouts()));
    stage.read(all.data());
    const auto at = [&](int i) {
        return static_cast<double>(all[static_cast<std::size_t>(i * stage.width())]);
    };
    return {decibels(at(0)), decibels(at(1)), decibels(at(2)), decibels(at(3)), decibels(at(4)), at(5)};
}

Planar tone(double frequency, double amplitude, double phase_degrees, double sample_rate, int frames) {
    // EBU Tech 3341 cases 15 to 19: 10 ms fades at both ends
    Planar x = silence(1, frames);
    const double fade = 0.01 * sample_rate;
    for (int i = 0; i < frames; ++i) {
        const double edge = std::min({1.0, i / fade, (frames - 1 - i) / fade});
        x[0][static_cast<std::size_t>(i)] = static_cast<float>(
            amplitude * edge * std::sin(2 * kPi * frequency * i / sample_rate + phase_degrees * kPi / 180));
    }
    return x;
}
} // namespace

TEST_CASE("meter passes every bit") {
    const auto x = noise(2, 3000, 0);
    CHECK(Rig("meter", {.channels = 2}).run(x) == x);
}

TEST_CASE("meter: peak and RMS of a sine, silence at rest") {
    Rig rig("meter");
    CHECK(rig.readout("peak") == -120.0F);
    CHECK(rig.readout("rms") == -120.0F);
    CHECK(rig.readout("correlation") == 0.0F);
    rig.run(sine(1, 48000 * 3, 997, -6));
    CHECK(rig.readout("peak") == doctest::Approx(-6.0).epsilon(1e-4));
    CHECK(static_cast<double>(rig.readout("rms")) == doctest::Approx(-6.0 - 3.0103).epsilon(5e-4));
    CHECK(rig.readout("peak") == -120.0F); // read: starts anew
}

TEST_CASE("meter: RMS of a step reaches 1 - exp(-t/300 ms) of its power, and decays as exp(-t/300 ms)") {
    Rig rig("meter");
    rig.run({std::vector<float>(14400, 1.0F)});
    CHECK(static_cast<double>(rig.readout("rms")) ==
          doctest::Approx(10 * std::log10(1 - std::exp(-1.0))).epsilon(1e-4));
    rig.run({std::vector<float>(48000 * 5, 1.0F)});
    CHECK(static_cast<double>(rig.readout("rms")) == doctest::Approx(0.0).epsilon(1e-4));
    rig.run(silence(1, 14400));
    CHECK(static_cast<double>(rig.readout("rms")) ==
          doctest::Approx(10 * std::log10(std::exp(-1.0))).epsilon(1e-4));
}

TEST_CASE("meter: the left and the right peak, and the loudest channel's RMS") {
    Rig rig("meter", {.channels = 2});
    auto x = sine(2, 48000 * 3, 997, 0);
    for (auto& v : x[1]) v *= 0.1F;
    rig.run(x);
    const auto now = read(rig);
    CHECK(std::abs(now.left) < 1e-3);
    CHECK(now.right == doctest::Approx(-20.0).epsilon(1e-4));
    CHECK(now.peak == now.left);
    CHECK(now.rms == doctest::Approx(-3.0103).epsilon(1e-3));
}

TEST_CASE("meter: correlation of alike, opposed, unrelated and half-related channels") {
    const int n = 48000 * 3;
    auto x = sine(2, n, 997, -6);
    Rig alike("meter", {.channels = 2}), opposed("meter", {.channels = 2}), square("meter", {.channels = 2}),
        sixty("meter", {.channels = 2}), one_sided("meter", {.channels = 2}), mono("meter");
    alike.run(x);
    CHECK(static_cast<double>(alike.readout("correlation")) == doctest::Approx(1.0).epsilon(1e-6));
    for (auto& v : x[1]) v = -0.3F * v;
    opposed.run(x);
    CHECK(static_cast<double>(opposed.readout("correlation")) == doctest::Approx(-1.0).epsilon(1e-6));
    // A phase difference phi gives cos phi.
    const auto shifted = [&](double degrees) {
        auto y = silence(2, n);
        for (std::size_t i = 0; i < y[0].size(); ++i) {
            const double w = 2 * kPi * 997 * static_cast<double>(i) / 48000;
            y[0][i] = static_cast<float>(0.5 * std::sin(w));
            y[1][i] = static_cast<float>(0.5 * std::sin(w + degrees * kPi / 180));
        }
        return y;
    };
    square.run(shifted(90));
    CHECK(std::abs(static_cast<double>(square.readout("correlation"))) < 2e-3);
    sixty.run(shifted(60));
    CHECK(static_cast<double>(sixty.readout("correlation")) == doctest::Approx(0.5).epsilon(5e-3));
    one_sided.run({x[0], std::vector<float>(x[0].size())});
    CHECK(one_sided.readout("correlation") == 0.0F);
    mono.run({x[0]});
    CHECK(mono.readout("correlation") == 1.0F);
}

TEST_CASE("meter: true peak of EBU Tech 3341 cases 15 to 19, +0.2/-0.4 dB, at every rate") {
    struct Case {
        double divisor, amplitude, phase, expected;
    };
    const Case cases[] = {
        {4, 0.50, 0, -6}, {4, 0.50, 45, -6}, {6, 0.50, 60, -6}, {8, 0.50, 67.5, -6}, {4, 1.41, 45, 3}};
    for (const double rate : {44100.0, 48000.0, 96000.0, 192000.0})
        for (const auto& c : cases) {
            Rig rig("meter", {.sample_rate = rate});
            rig.run(tone(rate / c.divisor, c.amplitude, c.phase, rate, 20000));
            const double reading = static_cast<double>(rig.readout("true_peak"));
            INFO("fs/" << c.divisor << " phase " << c.phase << " at " << rate << " reads " << reading);
            CHECK(reading <= c.expected + 0.2);
            CHECK(reading >= c.expected - 0.4);
        }
}

TEST_CASE(
    "meter: true peak agrees with a 32x windowed sinc, also after many readings, and never below the peak") {
    // Below 0.15 of the sample rate four points a sample miss at most 20 log10 cos(pi 0.15/4) = 0.06 dB.
    Planar low = silence(1, 4800);
    for (int k = 1; k <= 12; ++k)
        for (std::size_t i = 0; i < 4800; ++i)
            low[0][i] += static_cast<float>(
                0.1 * std::sin(2 * kPi * 0.0123 * k * static_cast<double>(i) + 1.7 * k * k));
    Rig rig("meter");
    rig.run(low);
    const double reference = decibels(static_cast<double>(ton::dsp::reference_true_peak(low[0])));
    const double reading = read(rig).true_peak;
    CHECK(reading <= reference + 0.02); // the filter's ripple
    CHECK(reading >= reference - 0.08);
    const auto x = noise(1, 4800, -3, 7);
    // Held values are read often and start anew: what the kernel skips must never be missed.
    Rig often("meter"), once("meter");
    double most = -120;
    for (int i = 0; i < 4800; i += 96) {
        const auto at = static_cast<std::size_t>(i);
        often.run({std::vector<float>(x[0].begin() + static_cast<std::ptrdiff_t>(at),
                                      x[0].begin() + static_cast<std::ptrdiff_t>(at + 96))});
        const auto now = read(often);
        CHECK(now.true_peak >= now.peak);
        most = std::max(most, now.true_peak);
    }
    once.run(x);
    CHECK(most == read(once).true_peak);
}

TEST_CASE("meter: without true peak its reading rests, and switching it on hears nothing of the past") {
    Rig rig("meter");
    rig.set("true_peak_on", 0).run(noise(1, 3000, 0));
    CHECK(rig.readout("true_peak") == -120.0F);
    rig.run(silence(1, 640), 64, {{3008, "true_peak_on", 1.0F}});
    CHECK(rig.readout("true_peak") == -120.0F);
    rig.run(sine(1, 4800, 997, -6));
    CHECK(static_cast<double>(rig.readout("true_peak")) == doctest::Approx(-6.0).epsilon(0.01));
}

TEST_CASE("meter: readings are bit-identical at any block size and lane width") {
    const auto x = noise(2, 9000, -3);
    const std::vector<Event> moves{{2000, "true_peak_on", 0.0F}, {5000, "true_peak_on", 1.0F}};
    const auto readings = [&](RigOptions options, int block) {
        options.channels = 2;
        Rig rig("meter", options);
        rig.run(x, block, moves);
        auto& stage = rig.stage();
        std::vector<float> all(static_cast<std::size_t>(stage.readouts())), mine;
        stage.read(all.data());
        for (std::size_t i = static_cast<std::size_t>(options.lane); i < all.size();
             i += static_cast<std::size_t>(stage.width()))
            mine.push_back(all[i]);
        CHECK(mine.size() == 6);
        return mine;
    };
    const auto reference = readings({}, 64);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(readings({}, block) == reference);
    for (const int width : {1, 4, 8, 16}) {
        bool offered = false;
        Rig rig("meter");
        const auto& kernels = rig.stage().type().lanes();
        for (int i = 0; i < kernels.count; ++i)
            offered = offered || kernels.widths[static_cast<std::size_t>(i)].width == width;
        if (offered) CHECK(readings({.width = width, .lane = width - 1}, 64) == reference);
    }
}
