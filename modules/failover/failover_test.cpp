// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
constexpr int kRate = 8000; // nothing depends on the rate but the time that the tests take
constexpr int kSecond = kRate;
const RigOptions kMono{.sample_rate = kRate, .sidechain_channels = 2};

/// Square waves (their RMS is their level, in every window): main at `main` dBFS but for [from, to) s at `low` dBFS, the
/// reserve at `reserve`, half as fast, so that the output tells them apart.
Planar programme(double seconds, double from, double to, double main, double low, double reserve) {
    const auto frames = static_cast<std::size_t>(seconds * kSecond);
    Planar x(2, std::vector<float>(frames));
    for (std::size_t i = 0; i < frames; ++i) {
        const double t = static_cast<double>(i) / kSecond;
        const double level = t >= from && t < to ? low : main;
        x[0][i] = static_cast<float>((i % 2 ? 1 : -1) * std::pow(10.0, level / 20));
        x[1][i] = static_cast<float>((i % 4 < 2 ? 1 : -1) * std::pow(10.0, reserve / 20));
    }
    return x;
}
std::unique_ptr<Rig> failover() {
    auto rig = std::make_unique<Rig>("failover", kMono);
    rig->text("main", "studio").text("reserve", "loop");
    return rig;
}
/// Seconds at which the output stops being that source, from `after` on; -1 if it never does.
double leaves(const std::vector<float>& y, const std::vector<float>& source, double after) {
    for (auto i = static_cast<std::size_t>(after * kSecond); i < y.size(); ++i)
        if (y[i] != source[i]) return static_cast<double>(i) / kSecond;
    return -1;
}
} // namespace

TEST_CASE("failover: the reserve after 10 s of silence, the main source again after 10 s of signal") {
    // Silence from 2 s to 20 s: below -60 dBFS RMS 100 ms later at most, the reserve 10 s after that.
    const auto x = programme(40, 2, 20, -20, -90, -26);
    const auto rig = failover();
    const auto y = rig->run(silence(1, 40 * kSecond), 64, {}, x)[0];
    const double away = leaves(y, x[0], 0), back = leaves(y, x[1], away + 0.1);
    CHECK(away == doctest::Approx(12.1).epsilon(0.002));
    // The first window that is good again is 10 ms full of signal at most: -20 dBFS there is far above the threshold.
    CHECK(back == doctest::Approx(30.0).epsilon(0.001));
    CHECK(leaves(y, x[0], back + 0.06) == -1);
    CHECK(rig->readout("active") == 0.0F);
    CHECK(rig->readout("switches") == 2.0F);
    // The fade of 50 ms: both together are never more than the louder one.
    CHECK(peak(y) <= peak(x[0]) + 1e-7);
}

TEST_CASE("failover: gaps shorter than the hold, and a main source at the threshold, switch nothing") {
    const auto short_gap = programme(14, 2, 11.8, -20, -90, -26), quiet = programme(14, 0, 14, -59.9, -59.9, -26);
    CHECK(leaves(failover()->run(silence(1, 14 * kSecond), 64, {}, short_gap)[0], short_gap[0], 0) == -1);
    CHECK(leaves(failover()->run(silence(1, 14 * kSecond), 64, {}, quiet)[0], quiet[0], 0) == -1);
}

TEST_CASE("failover: hysteresis: between the threshold and 6 dB above it the reserve stays") {
    for (const double level : {-54.1, -53.9}) {
        const auto x = programme(40, 0, 12, level, -90, -26);
        const auto rig = failover();
        rig->run(silence(1, 40 * kSecond), 64, {}, x);
        CHECK(rig->readout("active") == (level < -54 ? 1.0F : 0.0F));
    }
}

TEST_CASE("failover: pauses of speech don't put off the way back, a longer one does") {
    for (const double pause : {0.8, 1.2}) {
        auto x = programme(40, 0, 12, -20, -90, -26);
        for (auto i = static_cast<std::size_t>(17 * kSecond); i < static_cast<std::size_t>((17 + pause) * kSecond); ++i) x[0][i] = 0.0F;
        const auto rig = failover();
        const auto y = rig->run(silence(1, 40 * kSecond), 64, {}, x)[0];
        CHECK(leaves(y, x[1], 11) == doctest::Approx(pause < 1 ? 22.0 : 28.2).epsilon(0.002));
    }
}

TEST_CASE("failover: a silent reserve is not taken, and both are reported") {
    const auto x = programme(20, 2, 20, -20, -90, -70);
    const auto rig = failover();
    const auto y = rig->run(silence(1, 20 * kSecond), 64, {}, x)[0];
    CHECK(leaves(y, x[0], 0) == -1);
    CHECK(rig->readout("main_silent") == 1.0F);
    CHECK(rig->readout("reserve_silent") == 1.0F);
    CHECK(rig->readout("reserve_level") == doctest::Approx(-70).epsilon(0.001));
    CHECK(rig->stage().processor()->take_report() == "the main source is silent; the reserve is silent");
    CHECK(rig->stage().processor()->take_report().empty());
}

TEST_CASE("failover: by hand, and a report of it") {
    const auto x = programme(3, 0, 0, -20, -20, -26);
    const auto rig = failover();
    const auto y = rig->run(silence(1, 3 * kSecond), 64, {{kSecond, "mode", 2.0F}, {2 * kSecond, "mode", 1.0F}}, x)[0];
    CHECK(leaves(y, x[0], 0) == doctest::Approx(1.0).epsilon(0.015));
    CHECK(leaves(y, x[1], 1.1) == doctest::Approx(2.0).epsilon(0.01));
    CHECK(leaves(y, x[0], 2.1) == -1);
    CHECK(rig->stage().processor()->take_report().empty()); // there and back since the last look
    rig->run(silence(1, kSecond), 64, {{3 * kSecond, "mode", 2.0F}}, programme(1, 0, 0, -20, -20, -26));
    CHECK(rig->stage().processor()->take_report() == "switched to the reserve");
}

TEST_CASE("failover: one dead channel of two, watched for") {
    const RigOptions stereo{.channels = 2, .sample_rate = kRate, .sidechain_channels = 4};
    const auto x = programme(14, 0, 0, -20, -20, -26);
    const Planar half{x[0], std::vector<float>(x[0].size(), 0.0F), x[1], x[1]};
    for (const float any : {0.0F, 1.0F}) {
        Rig rig("failover", stereo);
        rig.text("main", "studio").text("reserve", "loop").set("watch", any).run(silence(2, 14 * kSecond), 64, {}, half);
        CHECK(rig.readout("active") == any);
    }
}

TEST_CASE("failover is bit-identical at any block size") {
    const auto x = programme(6, 1, 3, -20, -90, -26);
    const std::vector<Event> moves{{0, "hold", 0.5F}, {0, "return_hold", 0.3F}, {101, "fade", 300.0F}, {40000, "mode", 2.0F}, {41001, "mode", 1.0F}};
    const auto reference = failover()->run(silence(1, 6 * kSecond), 64, moves, x);
    CHECK(reference[0] != x[0]);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(failover()->run(silence(1, 6 * kSecond), block, moves, x) == reference);
}
