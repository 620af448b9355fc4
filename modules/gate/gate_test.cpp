// SPDX-License-Identifier: GPL-3.0-or-later
// GAT-1 to GAT-3 and acceptance 3.4. Expected values: the static curve and times by their definitions.
#include "rig.hpp"

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {
constexpr double kRate = 48000;

/// A gate that listens to a side-chain of one channel.
struct Keyed : Rig {
    Keyed() : Rig("gate", {.sidechain_channels = 1}) {}
};

/// Gain in dB, sample by sample, of a strip of ones keyed by `key`.
std::vector<double> gain(Rig& rig, const std::vector<float>& key) {
    const auto y = rig.run({std::vector<float>(key.size(), 1.0F)}, 64, {}, {key})[0];
    std::vector<double> g;
    for (const float v : y) g.push_back(20 * std::log10(std::max(static_cast<double>(v), 1e-10)));
    return g;
}

/// A sine whose level in dBFS goes in a straight line from `a` to `b`.
std::vector<float> ramped_sine(int frames, double frequency, double a, double b) {
    std::vector<float> x;
    for (int n = 0; n < frames; ++n)
        x.push_back(static_cast<float>(std::pow(10, (a + (b - a) * n / frames) / 20) *
                                       std::sin(2 * std::numbers::pi * frequency * n / kRate)));
    return x;
}

/// How often the gain crosses half of the range, either way.
int transitions(const std::vector<double>& g, double middle) {
    int count = 0;
    for (std::size_t i = 1; i < g.size(); ++i) count += (g[i] > middle) != (g[i - 1] > middle);
    return count;
}
} // namespace

TEST_CASE("GAT-1: below the threshold an expander falls by its ratio, down to its range") {
    for (const auto& [ratio, range] : {std::pair{2.F, 60.F}, {3.F, 20.F}, {1.5F, 60.F}})
        for (const double frequency : {997.0, 100.0})
            for (int level = -70; level <= -30; level += 4) {
                Keyed rig;
                rig.set("ratio", ratio).set("range", range).set("hysteresis", 0);
                const auto g = gain(rig, sine(1, 96000, frequency, level)[0]);
                const double below = std::max(-40.0 - level, 0.0);
                const double expected =
                    -std::min((static_cast<double>(ratio) - 1) * below, static_cast<double>(range));
                CHECK(std::abs(g.back() - expected) < 0.2);
            }
}

TEST_CASE("GAT-1: a closed gate turns down by its range, and fully at 100 dB") {
    Keyed gate;
    CHECK(gain(gate, sine(1, 96000, 997, -50)[0]).back() == doctest::Approx(-60).epsilon(0.001));
    CHECK(gate.readout("reduction") == doctest::Approx(-60).epsilon(0.001));
    Keyed silent;
    silent.set("range", 100).set("release", 20);
    CHECK(silent.run({std::vector<float>(48000, 1.0F)}, 64, {}, silence(1, 48000))[0].back() == 0.0F);
}

TEST_CASE("GAT-2: it opens at the threshold and closes at the hysteresis below it") {
    for (const float hysteresis : {3.F, 10.F}) {
        Keyed rig;
        rig.set("hysteresis", hysteresis).set("hold", 5).set("release", 5).set("attack", 0.05F);
        auto key = ramped_sine(192000, 997, -60, -20); // 10 dB/s: 0.05 dB in the hold time
        const auto down = ramped_sine(192000, 997, -20, -60);
        key.insert(key.end(), down.begin(), down.end());
        const auto g = gain(rig, key);
        std::size_t opened = 24000, closed = 192000;
        while (g[opened] < -10) ++opened;
        while (g[closed] > -10) ++closed;
        CHECK(std::abs(-60 + 40.0 * static_cast<double>(opened) / 192000 - -40) < 0.2);
        CHECK(std::abs(-20 - 40.0 * static_cast<double>(closed - 192000) / 192000 -
                       (-40 - static_cast<double>(hysteresis))) < 0.2);
    }
}

TEST_CASE("GAT-2: a level that dithers around the threshold does not make it chatter") {
    std::vector<float> key;
    const auto dither = noise(1, 480, 0)[0];
    const auto tone = sine(1, 240000, 997, -40)[0];
    for (std::size_t n = 0; n < tone.size(); ++n) // another level within 1 dB every 10 ms
        key.push_back(tone[n] * std::pow(10.0F, dither[n / 500] / 20));
    for (const float hysteresis : {3.F, 0.F})
        for (const float hold : {20.F, 100.F}) {
            Keyed rig;
            rig.set("hysteresis", hysteresis).set("hold", hold).set("release", 5).set("attack", 0.05F);
            auto g = gain(rig, key);
            g.erase(g.begin(), g.begin() + 48000);
            CHECK(transitions(g, -30) <= (hysteresis > 0 ? 0 : 4000 / static_cast<int>(hold)));
        }
}

TEST_CASE("GAT-3: hold, attack and release take the times they say") {
    for (const float hold : {5.F, 50.F, 500.F})
        for (const float ratio : {100.F, 2.F}) { // the expander begins to close then, too
            Keyed rig;
            rig.set("hold", hold).set("attack", 5).set("release", 100).set("ratio", ratio);
            auto key = silence(1, 144000)[0];
            const auto burst = sine(1, 48000, 1000, -6)[0]; // ends with a whole period
            std::copy(burst.begin(), burst.end(), key.begin() + 48000);
            const auto g = gain(rig, key);
            std::size_t t = 96000;
            while (g[t] > -0.05) ++t;
            CHECK(std::abs(static_cast<double>(t - 96000) / 48 - static_cast<double>(hold)) < 1);
            if (ratio < 100.F) continue;
            while (g[t] > -60 * (1 - std::exp(-1.0))) ++t;
            CHECK(std::abs(static_cast<double>(t - 96000) / 48 - static_cast<double>(hold) - 100) < 2);
            std::size_t o = 48000;
            const double closed = g[47999];
            while (g[o] < closed * std::exp(-1.0)) ++o;
            CHECK(std::abs(static_cast<double>(o - 48000) / 48 - 5) < 0.25);
        }
}

TEST_CASE("an open gate passes every bit, a delayed one too") {
    auto x = noise(2, 48000, -6);
    const auto y = Rig("gate", {.channels = 2}).run(x);
    for (std::size_t c = 0; c < 2; ++c)
        CHECK(std::equal(x[c].begin() + 4800, x[c].end(), y[c].begin() + 4800));
    Rig late("gate", {.channels = 2});
    const auto z = late.set("lookahead", 2).run(x);
    REQUIRE(late.latency() == 96);
    for (std::size_t c = 0; c < 2; ++c)
        CHECK(std::equal(x[c].begin() + 4800, x[c].end() - 96, z[c].begin() + 4896));
}

TEST_CASE("look-ahead opens before the sound") {
    auto x = silence(1, 96000);
    const auto burst = sine(1, 48000, 1000, -6);
    std::copy(burst[0].begin(), burst[0].end(), x[0].begin() + 48000);
    const auto first_millisecond = [&](float lookahead) {
        Rig rig("gate");
        const auto y = rig.set("lookahead", lookahead).run(x)[0];
        const auto from = y.begin() + 48000 + rig.latency();
        return decibels(peak(std::vector<float>(from, from + 24)));
    };
    CHECK(first_millisecond(0) < -15);
    CHECK(first_millisecond(10) > -6.1);
}

TEST_CASE("the loudest channel opens all, and the key's high-pass keeps rumble from doing so") {
    auto x = silence(3, 48000);
    x[1] = sine(1, 48000, 1000, -20)[0];
    x[2] = sine(1, 48000, 1000, -60)[0];
    CHECK(Rig("gate", {.channels = 3}).run(x)[2].back() == x[2].back());
    Keyed rig; // 40 Hz at -20 dBFS: 32.0 dB lower behind a Butterworth high-pass at 250 Hz
    rig.set("sidechain_highpass", 250);
    CHECK(gain(rig, sine(1, 96000, 40, -20)[0]).back() == doctest::Approx(-60).epsilon(0.001));
    Keyed open;
    CHECK(gain(open, sine(1, 96000, 40, -20)[0]).back() == 0.0);
}

TEST_CASE("opening makes no click") {
    // The residual above 5 kHz of 997 Hz that is let in by a key; windowed-sinc high-pass of 511 taps.
    const auto x = sine(1, 48000, 997, -6);
    auto key = silence(1, 48000);
    std::fill(key[0].begin() + 24000, key[0].end(), 0.5F);
    const auto y = Rig("gate", {.sidechain_channels = 1}).set("attack", 5).run(x, 64, {}, key)[0];
    double most = 0;
    for (std::size_t n = 20000; n < 40000; ++n) {
        double sum = 0;
        for (int k = -255; k <= 255; ++k) {
            const double w = 0.42 + 0.5 * std::cos(std::numbers::pi * k / 256) +
                             0.08 * std::cos(std::numbers::pi * k / 128);
            const double h =
                k == 0 ? 1 - 10000 / kRate
                       : -std::sin(2 * std::numbers::pi * 5000 / kRate * k) / (std::numbers::pi * k);
            sum += w * h * static_cast<double>(y[n - static_cast<std::size_t>(k)]);
        }
        most = std::max(most, std::abs(sum));
    }
    CHECK(decibels(most) < -80);
}

TEST_CASE("the gate is bit-identical at any block size and lane width, everything moving") {
    auto x = noise(2, 20000, -30);
    for (std::size_t i = 0; i < 20000; ++i) x[0][i] *= (i / 3000) % 2 ? 0.01F : 1.0F;
    std::vector<float> zero(20000);
    x[1] = zero;
    const std::vector<Event> moves{{100, "threshold", -50},
                                   {433, "ratio", 2},
                                   {1000, "sidechain_highpass", 300},
                                   {2000, "hold", 5},
                                   {2300, "range", 20},
                                   {3000, "hysteresis", 0},
                                   {5000, "attack", 20},
                                   {6001, "bypass", 1},
                                   {8000, "bypass", 0},
                                   {9000, "release", 5},
                                   {12001, "sidechain_highpass", 20},
                                   {13000, "ratio", 100},
                                   {15000, "range", 100}};
    const auto run = [&](int block, int width, int lane) {
        return Rig("gate", {.channels = 2, .width = width, .lane = lane})
            .set("lookahead", 1.3F)
            .run(x, block, moves);
    };
    const auto reference = run(64, 0, 0);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(run(block, 0, 0) == reference);
    const auto& kernels = Rig("gate").stage().type().lanes();
    for (int i = 0; i < kernels.count; ++i) {
        const int width = kernels.widths[static_cast<std::size_t>(i)].width;
        CHECK(run(64, width, width - 1) == reference);
    }
}

TEST_CASE("all instruction sets agree within -140 dBFS") {
    auto x = noise(1, 20000, -20);
    for (std::size_t i = 0; i < 20000; ++i) x[0][i] *= (i / 3000) % 2 ? 0.01F : 1.0F;
    const auto run = [&] { return Rig("gate", {.width = 1}).set("ratio", 2).run(x); };
    const auto reference = run();
    for (const auto target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        const auto y = run();
        hwy::SetSupportedTargetsForTest(0);
        double most = 0;
        for (std::size_t i = 0; i < 20000; ++i)
            most =
                std::max(most, std::abs(static_cast<double>(y[0][i]) - static_cast<double>(reference[0][i])));
        CHECK_MESSAGE(decibels(most) < -140, std::string(hwy::TargetName(target)));
    }
}

TEST_CASE("times hold from 44.1 to 192 kHz") {
    for (const double rate : {44100.0, 96000.0, 192000.0}) {
        Rig rig("gate", {.sample_rate = rate, .sidechain_channels = 1});
        rig.set("hold", 100).set("attack", 1);
        std::vector<float> key(static_cast<std::size_t>(rate), 0.0F);
        std::fill(key.begin(), key.begin() + static_cast<int>(rate / 2), 0.5F);
        const auto g = gain(rig, key);
        std::size_t t = static_cast<std::size_t>(rate / 2);
        while (g[t] > -0.05) ++t;
        CHECK(std::abs(static_cast<double>(t) / rate - 0.6) < 0.001);
    }
}
