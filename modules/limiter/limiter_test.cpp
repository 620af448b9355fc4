// SPDX-License-Identifier: GPL-3.0-or-later
// LIM-1 to LIM-8. True peaks are read by dsp::reference_true_peak, a 32-fold meter that shares nothing with
// the limiter. LIMITER_TEST_SECONDS=3600 makes LIM-1 the full hour (60 s otherwise).
#include "rig.hpp"

#include "dsp/true_peak.hpp"

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <numbers>
#include <random>

using namespace ton::test;

namespace {
const double kCeiling = std::pow(10.0, -1.0 / 20);
const double kRounded = kCeiling * (1 + 0x1p-23); // 1 ulp

double true_peak_db(const std::vector<float>& x) {
    return decibels(ton::dsp::reference_true_peak(x));
}

std::vector<float> made(int frames, const std::function<double(int)>& f) {
    std::vector<float> x;
    for (int n = 0; n < frames; ++n) x.push_back(static_cast<float>(f(n)));
    return x;
}

/// Band-limited by construction as EBU Tech 3341 asks: rate/6 at 0.5 with one period of rate/4 at 1.0, made
/// at four times the rate, low-passed (2001 taps, Kaiser beta 12) and decimated from `offset`.
std::vector<float> ebu_burst(int offset) {
    std::vector<double> x;
    for (int n = 0; n < 24 * 60; ++n) x.push_back(0.5 * std::sin(2 * std::numbers::pi * n / 24));
    for (int n = 0; n < 16; ++n) x.push_back(std::sin(2 * std::numbers::pi * n / 16));
    for (int n = 0; n < 24 * 60; ++n) x.push_back(0.5 * std::sin(2 * std::numbers::pi * n / 24));
    std::vector<float> y;
    for (int n = offset; n < static_cast<int>(x.size()); n += 4) {
        double sum = 0;
        for (int k = -1000; k <= 1000; ++k) {
            if (n + k < 0 || n + k >= static_cast<int>(x.size())) continue;
            const double edge = k / 1001.0, a = std::numbers::pi * 0.24 * k;
            const double w =
                std::cyl_bessel_i(0.0, 12 * std::sqrt(1 - edge * edge)) / std::cyl_bessel_i(0.0, 12.0);
            sum += 0.24 * (k == 0 ? 1 : std::sin(a) / a) * w * x[static_cast<std::size_t>(n + k)];
        }
        const double fade = std::min({1.0, n / 200.0, (static_cast<double>(x.size()) - n) / 200.0});
        y.push_back(static_cast<float>(sum * fade));
    }
    return y;
}

std::vector<float> faded_sine(double cycles, double degrees, double amplitude) {
    return made(9600, [=](int n) {
        const double fade = std::min({1.0, n / 480.0, (9600 - n) / 480.0});
        return fade * amplitude *
               std::sin(2 * std::numbers::pi * cycles * n + degrees * std::numbers::pi / 180);
    });
}

struct Adversary {
    std::string name;
    std::vector<float> x;
};

std::vector<Adversary> adversaries(int lookahead) {
    std::vector<Adversary> all;
    const auto add = [&](std::string name, std::vector<float> x) {
        x.resize(x.size() + 1000); // all of it comes out, and the meter sees how it ends
        all.push_back({std::move(name), std::move(x)});
    };
    for (const int n : {16, 64, 128, 512})
        for (const double level : {1.0, 0.31}) // the lower one only just needs limiting
            add("sinc signs " + std::to_string(n), made(4000, [n, level](int i) {
                    const int k = i - 2000;
                    return k < -n / 2 || k >= n / 2                                 ? 0.0
                           : std::sin(std::numbers::pi * (k + 0.5)) / (k + 0.5) > 0 ? level
                                                                                    : -level;
                }));
    for (const int spacing : {lookahead - 1, lookahead, lookahead + 1})
        add("impulses every " + std::to_string(spacing),
            made(9600, [spacing](int i) { return i % spacing == 0 ? 3.0 : 0.1; }));
    add("alternating bursts", made(9600, [](int i) {
            return (i / 300) % 2 ? 0.0 : ((i >> 1) & 1) ? -1.5 : 1.5;
        }));
    const int pattern[] = {0, 1, 1, -1, -1, 0};
    add("0,1,1,-1,-1,0", made(9600, [&](int i) { return i % 200 < 6 ? 2.0 * pattern[i % 200] : 0.0; }));
    add("rate/4 at 45 degrees", made(9600, [](int i) {
            return (i / 400) % 2 ? 2 * std::sin(std::numbers::pi * (i / 2.0 + 0.25)) : 0.0;
        }));
    add("clipped square", made(9600, [](int i) {
            return std::clamp(20 * std::sin(2 * std::numbers::pi * 997 * i / 48000), -1.2, 1.2);
        }));
    add("DC steps", made(9600, [](int i) { return (i / 700) % 3 * 1.5 - 1.0; }));
    add("white noise", noise(1, 24000, 6)[0]);
    auto signs = noise(1, 24000, 6, 7)[0];
    for (auto& v : signs) v = std::copysign(1.5F, v);
    add("random signs", signs);
    for (const double f : {15000.0, 20000.0, 21000.0}) add("tone", sine(1, 9600, f, 6)[0]);
    return all;
}
} // namespace

TEST_CASE("LIM-1 and LIM-2: adversaries stay below the ceiling, 1 ulp and 0.10 dB") {
    for (const float lookahead : {1.0F, 2.0F, 10.0F})
        for (const auto& [name, x] : adversaries(static_cast<int>(48 * lookahead))) {
            const auto y = Rig("limiter").set("lookahead", lookahead).run({x})[0];
            CHECK_MESSAGE(peak(y) <= kRounded, name);
            CHECK_MESSAGE(true_peak_db(y) <= -1 + 0.10, name);
            const auto z = Rig("limiter").set("lookahead", lookahead).set("mode", 1).run({x})[0];
            CHECK_MESSAGE(peak(z) <= kRounded, name);
        }
}

TEST_CASE("LIM-1: random programme never exceeds the ceiling") {
    const char* const asked = std::getenv("LIMITER_TEST_SECONDS");
    const int seconds = asked ? std::atoi(asked) : 60;
    std::minstd_rand random(1);
    const auto uniform = [&] { return static_cast<float>(random() - 1) / 2147483646.0F; };
    Rig rig("limiter", {.channels = 2});
    double worst = 0, worst_true = -200, before = 0;
    for (int s = 0; s < seconds * 4; ++s) {
        Planar x = silence(2, 12000);
        const float level = std::pow(10.0F, 1.5F * uniform() - 0.5F), f = std::pow(uniform(), 3.0F) * 3.1F;
        const auto kind = random() % 5;
        for (std::size_t c = 0; c < 2; ++c)
            for (std::size_t i = 0; i < 11000; ++i) { // then silence, so that each piece can be metered alone
                const float u = 2 * uniform() - 1, n = static_cast<float>(i);
                x[c][i] = level * (kind == 0   ? u
                                   : kind == 1 ? std::copysign(1.0F, u)
                                   : kind == 2 ? (uniform() < 0.01F ? u * 4 : 0.0F)
                                   : kind == 3 ? std::sin(f * n) * (1 + std::sin(n * 1e-3F))
                                               : (c == 0 ? std::sin(f * f * n * n * 1e-4F) : 0.0F));
            }
        const auto y = rig.run(x, 1 + static_cast<int>(random() % 1000));
        worst = std::max({worst, peak(y[0]), peak(y[1])});
        before = std::max(before, peak(x[0]));
        if (s % 20 == 0) worst_true = std::max(worst_true, true_peak_db(y[0]));
    }
    CHECK(before > 10);
    CHECK(worst <= kRounded);
    CHECK(worst > kCeiling * 0.999);
    CHECK(worst_true <= -0.9);
}

TEST_CASE("LIM-3: EBU Tech 3341 cases 15 to 23, driven by 6 dB") {
    std::vector<std::vector<float>> cases{faded_sine(0.25, 0, 0.5), faded_sine(0.25, 45, 0.5),
                                          faded_sine(1.0 / 6, 60, 0.5), faded_sine(0.125, 67.5, 0.5),
                                          faded_sine(0.25, 45, 1.41)};
    for (int offset = 0; offset < 4; ++offset) cases.push_back(ebu_burst(offset));
    for (std::size_t i = 0; i < cases.size(); ++i) {
        if (i >= 5)
            CHECK(true_peak_db(cases[i]) == doctest::Approx(0).epsilon(0.15)); // what EBU made them for
        const auto y = Rig("limiter").set("gain", 6.0F).set("ceiling", -3).run({cases[i]})[0];
        CHECK_MESSAGE(true_peak_db(y) <= -3 + 0.1, "case " << i + 15);
        CHECK_MESSAGE(true_peak_db(y) > -3 - 0.3, "case " << i + 15);
    }
}

TEST_CASE("LIM-4: below the ceiling every bit passes, delayed, and again after limiting") {
    for (const float mode : {0.F, 1.F}) {
        auto x = noise(2, 48000, -8);
        x[0][100] = 4.0F;
        x[1][3000] = -9.0F;
        const auto tone = sine(1, 24000, 997, -1.05);
        std::copy(tone[0].begin(), tone[0].end(), x[1].begin() + 24000);
        Rig rig("limiter", {.channels = 2});
        const auto y = rig.set("mode", mode).set("release", 5).run(x);
        const auto delay = static_cast<std::size_t>(rig.latency());
        CHECK(y[0][100 + delay] == doctest::Approx(kCeiling).epsilon(1e-4));
        for (std::size_t c = 0; c < 2; ++c)
            CHECK(std::equal(x[c].begin() + 24000, x[c].end() - rig.latency(),
                             y[c].begin() + 24000 + rig.latency()));
    }
}

TEST_CASE("the delay is as declared, in both modes and at every rate") {
    for (const double rate : {44100.0, 48000.0, 96000.0, 192000.0})
        for (const float mode : {0.F, 1.F}) {
            Rig rig("limiter", {.sample_rate = rate});
            const auto y = rig.set("mode", mode).run(impulse(1, 4000, 10, 0.5F))[0];
            CHECK(rig.latency() == static_cast<int>(std::lround(rate * 0.002)) + 48);
            for (std::size_t i = 0; i < y.size(); ++i)
                CHECK(y[i] == (i == 10 + static_cast<std::size_t>(rig.latency()) ? 0.5F : 0.0F));
        }
}

TEST_CASE("LIM-5 and LIM-6: distortion at 3 dB of reduction") {
    Rig bass("limiter");
    const auto y = bass.run(sine(1, 240000, 50, 2))[0];
    double harmonics = 0;
    for (int k = 2; k <= 40; ++k) harmonics += std::pow(tone_amplitude(y, 50.0 * k, 48000, 192000), 2);
    CHECK(bass.readout("reduction") == doctest::Approx(-3).epsilon(0.01));
    CHECK(decibels(std::sqrt(harmonics) / tone_amplitude(y, 50, 48000, 192000)) <= -45);

    auto x = sine(1, 144000, 19000, 2 - 6.0206);
    const auto other = sine(1, 144000, 20000, 2 - 6.0206);
    for (std::size_t i = 0; i < x[0].size(); ++i) x[0][i] += other[0][i];
    Rig ccif("limiter");
    ccif.run({std::vector<float>(x[0].begin(), x[0].begin() + 48000)}); // the onset asks for more
    ccif.readout("reduction");
    const auto z = ccif.run(x)[0];
    CHECK(ccif.readout("reduction") == doctest::Approx(-3.1).epsilon(0.02));
    CHECK(decibels(tone_amplitude(z, 1000, 48000, 96000) / tone_amplitude(z, 19000, 48000, 96000)) <= -70);
}

TEST_CASE("LIM-7: bit-identical at any block size, everything moving") {
    auto x = noise(3, 30000, 3);
    for (auto& v : x[1]) v *= 0.1F;
    std::fill(x[2].begin() + 5000, x[2].end(), 0.0F);
    for (std::size_t c = 0; c < 3; ++c)
        std::fill(x[c].begin() + 12000, x[c].begin() + 22000, 0.001F); // rest between
    const std::vector<Event> moves{{100, "ceiling", -10}, {433, "gain", 12},   {3001, "release", 20},
                                   {5000, "mode", 1},     {7777, "mode", 0},   {9000, "gain", -3},
                                   {9500, "bypass", 1},   {11000, "bypass", 0}};
    const auto run = [&](int block) {
        return Rig("limiter", {.channels = 3}).set("release", 5).run(x, block, moves);
    };
    const auto reference = run(64);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(run(block) == reference);
}

TEST_CASE("LIM-8: what is no number is silenced and reported, and the ceiling holds") {
    auto x = noise(2, 20000, 6);
    x[0][5000] = std::numeric_limits<float>::quiet_NaN();
    x[1][5003] = std::numeric_limits<float>::infinity();
    x[1][9000] = -std::numeric_limits<float>::max();
    x[0][12000] = 1e-42F;
    Rig rig("limiter", {.channels = 2});
    CHECK(rig.readout("invalid") == 0.0F);
    const auto y = rig.set("gain", 6).run(x);
    for (const auto& plane : y)
        for (const float v : plane) CHECK(std::abs(static_cast<double>(v)) <= kRounded); // false for NaN
    CHECK(rig.readout("invalid") == 1.0F);
    CHECK(rig.readout("invalid") == 0.0F);
}

TEST_CASE("a moving ceiling holds for each sample from the moment it came in") {
    const auto x = noise(1, 20000, 12);
    Rig rig("limiter");
    const auto y = rig.set("release", 5).run(x, 64, {{5000, "ceiling", -20}, {10000, "ceiling", -6}})[0];
    const double c[] = {kCeiling, 0.1, std::pow(10, -6.0 / 20)};
    for (int s = 0; s < 20000 - rig.latency(); ++s) {
        const int from = s >= 10000 ? 1 : 0; // steps take 960 frames on a cubic, 3 t^2 - 2 t^3
        const double t = std::clamp((s - (from ? 10000 : 5000)) / 960.0, 0.0, 1.0);
        const double now = c[from] + (c[from + 1] - c[from]) * t * t * (3 - 2 * t);
        CHECK(std::abs(static_cast<double>(y[static_cast<std::size_t>(s + rig.latency())])) <=
              now * (1 + 2e-6));
    }
}

TEST_CASE("all channels share one gain, and a peak in one lowers all") {
    auto x = silence(16, 9600);
    for (std::size_t c = 1; c < 16; ++c) std::fill(x[c].begin(), x[c].end(), 0.25F);
    x[0] = sine(1, 9600, 5000, 11)[0];
    Rig rig("limiter", {.channels = 16});
    const auto y = rig.run(x);
    for (std::size_t c = 2; c < 16; ++c) CHECK(y[c] == y[1]);
    CHECK(decibels(static_cast<double>(y[1].back()) / 0.25) == doctest::Approx(-12).epsilon(0.02));
    CHECK(rig.readout("reduction") == doctest::Approx(-12).epsilon(0.02));
}

TEST_CASE("the ceiling holds from 44.1 to 192 kHz") {
    for (const double rate : {44100.0, 88200.0, 96000.0, 192000.0})
        for (const float lookahead : {1.F, 10.F}) {
            auto x = noise(1, 24000, 6);
            const auto tone = sine(1, 12000, 20000, 6, rate);
            std::copy(tone[0].begin(), tone[0].end(), x[0].begin());
            const auto y = Rig("limiter", {.sample_rate = rate}).set("lookahead", lookahead).run(x)[0];
            CHECK(peak(y) <= kRounded);
            CHECK(true_peak_db(y) <= -0.9);
        }
}

TEST_CASE("all instruction sets give the same bits") {
    const auto x = noise(2, 20000, 6);
    const auto run = [&] { return Rig("limiter", {.channels = 2}).run(x); };
    const auto reference = run();
    for (const auto target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        const auto y = run();
        hwy::SetSupportedTargetsForTest(0);
        CHECK_MESSAGE(y == reference, std::string(hwy::TargetName(target)));
    }
}
