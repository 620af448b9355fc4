// SPDX-License-Identifier: GPL-3.0-or-later
// DYN-1 to DYN-9. Expected values: the closed forms of Giannoulis, Massberg and Reiss (JAES 60(6), 2012) and
// the decoupled detector's reference figures, computed in double precision (threshold -20 dB, ratio 4, sine
// at -10 dBFS).
#include "rig.hpp"

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {
constexpr double kRate = 48000;

double curve(double level, double threshold, double ratio, double knee) {
    const double over = level - threshold, s = 1 - 1 / ratio;
    if (2 * over <= -knee) return 0;
    if (2 * over < knee) return s * (over + knee / 2) * (over + knee / 2) / (2 * knee);
    return s * over;
}

Planar constant(int channels, int frames, double dbfs) {
    return Planar(
        static_cast<std::size_t>(channels),
        std::vector<float>(static_cast<std::size_t>(frames), static_cast<float>(std::pow(10, dbfs / 20))));
}

/// Gain reduction in dB (positive), sample by sample, of a strip of ones keyed by `key`.
std::vector<double> reduction(Rig& rig, const Planar& key) {
    const auto y = rig.run(constant(1, static_cast<int>(key[0].size()), 0), 64, {}, key)[0];
    std::vector<double> gr;
    for (const float v : y) gr.push_back(-20 * std::log10(static_cast<double>(v)));
    return gr;
}

/// A compressor that listens to a side-chain of one channel; threshold -20 dBFS, ratio 4 unless set
/// otherwise.
struct Keyed : Rig {
    Keyed(double attack, double release, double knee = 0) : Rig("compressor", {.sidechain_channels = 1}) {
        set("attack", static_cast<float>(attack)).set("release", static_cast<float>(release));
        set("knee", static_cast<float>(knee));
    }
};

double mean(const std::vector<double>& x, std::size_t from) {
    double sum = 0;
    for (std::size_t i = from; i < x.size(); ++i) sum += x[i];
    return sum / static_cast<double>(x.size() - from);
}

/// Time in ms after `from` at which x is first at or beyond `level`, interpolated.
double crossing(const std::vector<double>& x, std::size_t from, double level, bool up) {
    for (std::size_t i = from + 1; i < x.size(); ++i)
        if (up ? x[i] >= level : x[i] <= level)
            return (static_cast<double>(i - from) - (x[i] - level) / (x[i] - x[i - 1])) * 1000 / kRate;
    return INFINITY;
}

/// Peak of x above 5 kHz, dBFS: a windowed-sinc high-pass of 511 taps; its ends are left out.
double residual_above_5k(const std::vector<float>& x) {
    constexpr int half = 255;
    std::vector<double> h;
    for (int k = -half; k <= half; ++k) {
        const double w = 0.42 + 0.5 * std::cos(std::numbers::pi * k / (half + 1)) +
                         0.08 * std::cos(2 * std::numbers::pi * k / (half + 1));
        const double fc = 5000 / kRate;
        h.push_back(
            (k == 0 ? 1 - 2 * fc : -std::sin(2 * std::numbers::pi * fc * k) / (std::numbers::pi * k)) * w);
    }
    double most = 0;
    for (std::size_t n = 2 * half; n < x.size(); ++n) {
        double y = 0;
        for (std::size_t k = 0; k < h.size(); ++k) y += h[k] * static_cast<double>(x[n - k]);
        most = std::max(most, std::abs(y));
    }
    return decibels(most);
}
} // namespace

TEST_CASE("DYN-1: the static curve, with DC and with 997 Hz") {
    for (const auto& [threshold, ratio, knee] :
         {std::tuple{-20.F, 4.F, 0.F}, {-30.F, 2.F, 12.F}, {-10.F, 100.F, 6.F}})
        for (int level = -80; level <= 0; ++level) {
            const double expected = curve(level, static_cast<double>(threshold), static_cast<double>(ratio),
                                          static_cast<double>(knee));
            Keyed dc(1, 50, static_cast<double>(knee));
            dc.set("threshold", threshold).set("ratio", ratio);
            CHECK(std::abs(reduction(dc, constant(1, 4800, level)).back() - expected) < 0.002);
            Keyed tone(5, 100, static_cast<double>(knee));
            tone.set("threshold", threshold).set("ratio", ratio);
            const auto gr = reduction(tone, sine(1, 19200, 997, level));
            CHECK(std::abs(mean(gr, 14400) - expected) <
                  (ratio > 50.F ? 0.2 : 0.15)); // 10 dB and more are reduced
        }
}

TEST_CASE("DYN-2: the knee's slope has no jump, a hard corner's has") {
    const auto slope_jump = [](double knee, double edge) {
        constexpr double step = 0.02;
        double gr[3];
        for (int i = 0; i < 3; ++i) {
            Keyed rig(1, 50, knee);
            gr[i] = reduction(rig, constant(1, 4800, -20 + edge + (i - 1) * step)).back();
        }
        return std::abs(gr[2] - 2 * gr[1] + gr[0]) / step;
    };
    CHECK(slope_jump(24, -12) < 1e-3);
    CHECK(slope_jump(24, 12) < 1e-3);
    CHECK(slope_jump(0, 0) == doctest::Approx(0.75).epsilon(0.01));
}

TEST_CASE("DYN-3 and DYN-4: attack and release are the time constants of the reduction in dB") {
    auto x = sine(1, 96000, 4000, -30);
    const auto loud = sine(1, 96000, 4000, -10);
    std::copy(loud[0].begin() + 24000, loud[0].begin() + 60000, x[0].begin() + 24000);
    Keyed rig(10, 100);
    const auto gr = reduction(rig, x);
    const double full = gr[59999];
    CHECK(full == doctest::Approx(7.5).epsilon(0.01));
    CHECK(crossing(gr, 24000, full * (1 - std::exp(-1.0)), true) == doctest::Approx(10.02).epsilon(0.02));
    CHECK(crossing(gr, 24000, full * 0.9, true) == doctest::Approx(23.0).epsilon(0.02));
    CHECK(crossing(gr, 24000, full - 2, true) == doctest::Approx(13.3).epsilon(0.02));
    // Two one-poles in series: 1 - (R e^(-t/R) - A e^(-t/A)) / (R - A), solved for 1 - 1/e.
    double t = 100;
    for (int i = 0; i < 60; ++i) {
        const double left = (100 * std::exp(-t / 100) - 10 * std::exp(-t / 10)) / 90;
        t += 100 * std::log(left / std::exp(-1.0));
    }
    CHECK(crossing(gr, 60000, full * std::exp(-1.0), false) == doctest::Approx(t).epsilon(0.02));
    Keyed slow(1, 800);
    const auto tail = reduction(slow, x);
    CHECK(crossing(tail, 60000, tail[59999] * std::exp(-1.0), false) == INFINITY); // 750 ms are not enough
}

TEST_CASE("DYN-5: mean reduction and ripple of a sine") {
    struct Row {
        double attack, release, frequency, gr, ripple;
    };
    for (const Row& r :
         {Row{5, 100, 50, 7.36, 0.10}, Row{5, 100, 100, 7.43, 0.03}, Row{5, 100, 1000, 7.49, 0.00},
          Row{20, 300, 50, 7.45, 0.01}, Row{20, 300, 1000, 7.50, 0.00}, Row{0.1, 50, 50, 7.25, 0.59},
          Row{0.1, 50, 1000, 7.48, 0.02}}) {
        Keyed rig(r.attack, r.release);
        const auto gr = reduction(rig, sine(1, 240000, r.frequency, -10));
        const auto [low, high] = std::minmax_element(gr.begin() + 192000, gr.end());
        CHECK(std::abs(mean(gr, 192000) - r.gr) < 0.02);
        CHECK(std::abs(*high - *low - r.ripple) < 0.02);
    }
}

TEST_CASE("DYN-6: distortion of 1 kHz at 7.5 dB of reduction") {
    Rig rig("compressor");
    rig.set("knee", 0).set("attack", 5).set("release", 100);
    const auto y = rig.run(sine(1, 144000, 1000, -10))[0];
    double harmonics = 0;
    for (int k = 2; k <= 20; ++k) harmonics += std::pow(tone_amplitude(y, 1000.0 * k, kRate, 96000), 2);
    const double level = tone_amplitude(y, 1000, kRate, 96000);
    CHECK(decibels(level) == doctest::Approx(-17.49).epsilon(0.002));
    CHECK(decibels(std::sqrt(harmonics) / level) < -95);
}

TEST_CASE("DYN-7: with nothing to reduce every bit passes, mixed or delayed too") {
    const auto x = noise(2, 5000, -23.1);
    CHECK(Rig("compressor", {.channels = 2}).run(x) == x);
    for (const float mix : {0.1F, 0.3F, 0.37F, 0.7F})
        CHECK(Rig("compressor", {.channels = 2}).set("mix", mix).run(x) == x);
    Rig late("compressor", {.channels = 2});
    const auto y = late.set("lookahead", 5).run(x);
    REQUIRE(late.latency() == 240);
    for (std::size_t c = 0; c < 2; ++c) {
        CHECK(std::equal(x[c].begin(), x[c].end() - 240, y[c].begin() + 240));
        CHECK(std::all_of(y[c].begin(), y[c].begin() + 240, [](float v) { return v == 0.0F; }));
    }
}

TEST_CASE("DYN-8: linked channels share one reduction, unlinked ones don't") {
    auto key = noise(2, 20000, -6);
    std::fill(key[1].begin(), key[1].end(), 0.0F);
    const auto gains = [&](float link) {
        return Rig("compressor", {.channels = 2, .sidechain_channels = 2})
            .set("link", link)
            .run(constant(2, 20000, 0), 64, {}, key);
    };
    const auto linked = gains(1), apart = gains(0), half = gains(0.5F);
    CHECK(linked[0] == linked[1]);
    CHECK(decibels(linked[0][19999]) < -5);
    CHECK(apart[0] == linked[0]);
    CHECK(std::all_of(apart[1].begin(), apart[1].end(), [](float v) { return v == 1.0F; }));
    for (std::size_t i = 2000; i < 20000; i += 500)
        CHECK(decibels(half[1][i]) == doctest::Approx(0.5 * decibels(half[0][i])).epsilon(1e-4));
}

TEST_CASE("DYN-9: the latency is the look-ahead, whatever else is set") {
    for (const float bypass : {0.F, 1.F})
        for (const float makeup : {0.F, 6.F})
            for (const int key : {0, 2}) {
                Rig rig("compressor", {.channels = 2, .sidechain_channels = key});
                rig.set("lookahead", 2.5F)
                    .set("bypass", bypass)
                    .set("makeup", makeup)
                    .set("auto_makeup", bypass);
                const auto y = rig.run(impulse(2, 1000, 100, 0.01F), 64, {}, silence(2, 1000));
                REQUIRE(rig.latency() == 120);
                for (const auto& plane : y)
                    for (std::size_t i = 0; i < 1000; ++i) CHECK((plane[i] != 0.0F) == (i == 220));
            }
}

TEST_CASE("look-ahead lowers the gain before the peak arrives") {
    auto x = silence(1, 9600);
    const auto burst = sine(1, 9600, 1000, 0);
    std::copy(burst[0].begin() + 4800, burst[0].end(), x[0].begin() + 4800);
    const auto peak_of_attack = [&](float lookahead) {
        auto y = Rig("compressor").set("attack", 1).set("lookahead", lookahead).run(x)[0];
        return decibels(peak(std::vector<float>(y.begin() + 4800, y.begin() + 5280)));
    };
    CHECK(peak_of_attack(0) > -5);
    CHECK(peak_of_attack(5) < -14.5); // 15 dB are asked for
}

TEST_CASE("the RMS detector reads a sine as its peak, and DC 3.01 dB higher") {
    Keyed tone(20, 300);
    CHECK(mean(reduction(tone.set("detector", 1), sine(1, 96000, 1000, -10)), 72000) ==
          doctest::Approx(7.5).epsilon(0.01));
    Keyed dc(1, 50);
    CHECK(reduction(dc.set("detector", 1), constant(1, 9600, -13.0103)).back() ==
          doctest::Approx(7.5).epsilon(1e-3));
}

TEST_CASE("the key's high-pass is a Butterworth of 12 dB/oct") {
    for (const double f : {40.0, 120.0, 1000.0}) {
        const double g = std::tan(std::numbers::pi * 120 / kRate),
                     w = std::tan(std::numbers::pi * f / kRate) / g;
        const double loss =
            10 * std::log10(w * w * w * w / (1 + w * w * w * w)); // |H|^2 of the bilinear transform
        Keyed rig(20, 300);
        rig.set("sidechain_highpass", 120).set("threshold", -50);
        CHECK(mean(reduction(rig, sine(1, 144000, f, 0)), 96000) ==
              doctest::Approx(curve(loss, -50, 4, 0)).epsilon(0.004));
    }
}

TEST_CASE("makeup, automatic makeup and mix are what they say") {
    const auto gain = [](const char* row, float value) {
        Keyed rig(1, 50);
        return -reduction(rig.set(row, value), constant(1, 4800, -10)).back();
    };
    CHECK(gain("makeup", 6) == doctest::Approx(-1.5).epsilon(1e-3));
    CHECK(gain("auto_makeup", 1) == doctest::Approx(0.0).epsilon(1e-3)); // half of 15 dB at full scale
    CHECK(gain("mix", 0.5F) ==
          doctest::Approx(20 * std::log10(0.5 + 0.5 * std::pow(10, -7.5 / 20))).epsilon(1e-3));
    CHECK(gain("mix", 0) == 0.0);
}

TEST_CASE("the reduction is metered without makeup and held until it is read") {
    Rig rig("compressor");
    rig.set("knee", 0).set("attack", 1).set("makeup", 12);
    rig.run(constant(1, 4800, -10));
    rig.run(silence(1, 48000));
    CHECK(rig.readout("reduction") == doctest::Approx(-7.5).epsilon(1e-3));
    rig.run(silence(1, 64));
    CHECK(rig.readout("reduction") > -0.1);
}

TEST_CASE("a mono key wider or narrower than the strip drives all its channels alike") {
    const auto x = constant(2, 4800, 0);
    const auto mono =
        Rig("compressor", {.channels = 2, .sidechain_channels = 1}).run(x, 64, {}, constant(1, 4800, 0));
    CHECK(mono[0] == mono[1]);
    CHECK(decibels(mono[0].back()) == doctest::Approx(-15).epsilon(1e-3));
    auto key = silence(2, 4800);
    key[1] = constant(1, 4800, 0)[0];
    CHECK(Rig("compressor", {.sidechain_channels = 2}).run(constant(1, 4800, 0), 64, {}, key)[0] == mono[0]);
}

TEST_CASE("steps of every setting leave no click") {
    const auto x = sine(2, 48000, 997, -6);
    const std::vector<std::pair<const char*, float>> steps{{"threshold", -45},
                                                           {"ratio", 20},
                                                           {"knee", 30},
                                                           {"attack", 250},
                                                           {"release", 5000},
                                                           {"makeup", -24},
                                                           {"auto_makeup", 1},
                                                           {"mix", 0},
                                                           {"link", 0},
                                                           {"detector", 1},
                                                           {"sidechain_highpass", 500}};
    for (const auto& [row, value] : steps) {
        Rig rig("compressor", {.channels = 2});
        const auto y = rig.run(x, 64, {{24000, row, value}});
        CHECK_MESSAGE(residual_above_5k({y[0].begin() + 20000, y[0].end()}) < -80, row);
    }
}

TEST_CASE("the compressor is bit-identical at any block size and lane width, everything moving") {
    const auto x = noise(2, 20000, 0), key = noise(2, 20000, -3, 99);
    const std::vector<Event> moves{
        {100, "threshold", -40}, {433, "makeup", 12},      {1000, "link", 0.3F},
        {2000, "detector", 1},   {2300, "ratio", 20, 0.1}, {3000, "sidechain_highpass", 300},
        {5000, "attack", 0.05F}, {6001, "bypass", 1},      {8000, "bypass", 0},
        {9000, "link", 1},       {9500, "detector", 0},    {12001, "sidechain_highpass", 20},
        {13000, "mix", 0.4F},    {13500, "knee", 0},       {14000, "auto_makeup", 1},
        {15000, "release", 5}};
    const auto run = [&](int block, int width, int lane) {
        return Rig("compressor", {.channels = 2, .width = width, .lane = lane, .sidechain_channels = 2})
            .set("lookahead", 1.3F)
            .run(x, block, moves, key);
    };
    const auto reference = run(64, 0, 0);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(run(block, 0, 0) == reference);
    const auto& kernels = Rig("compressor").stage().type().lanes();
    for (int i = 0; i < kernels.count; ++i) {
        const int width = kernels.widths[static_cast<std::size_t>(i)].width;
        CHECK(run(64, width, width - 1) == reference);
    }
}

TEST_CASE("all instruction sets agree within -140 dBFS") {
    const auto x = noise(2, 20000, 0);
    const std::vector<Event> moves{
        {100, "threshold", -40}, {1000, "link", 0.3F}, {3000, "sidechain_highpass", 300}};
    const auto run = [&] {
        return Rig("compressor", {.channels = 2, .width = 1}).set("detector", 1).run(x, 64, moves);
    };
    const auto reference = run();
    for (const auto target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        const auto y = run();
        hwy::SetSupportedTargetsForTest(0);
        double most = 0;
        for (std::size_t c = 0; c < 2; ++c)
            for (std::size_t i = 0; i < x[c].size(); ++i)
                most = std::max(
                    most, std::abs(static_cast<double>(y[c][i]) - static_cast<double>(reference[c][i])));
        CHECK_MESSAGE(decibels(most) < -140, std::string(hwy::TargetName(target)));
    }
}

TEST_CASE("time constants and curve hold from 44.1 to 192 kHz") {
    for (const double rate : {44100.0, 96000.0, 192000.0}) {
        Rig rig("compressor", {.sample_rate = rate, .sidechain_channels = 1});
        rig.set("knee", 0).set("attack", 20);
        const auto gr = reduction(rig, constant(1, static_cast<int>(rate), -10));
        CHECK(gr.back() == doctest::Approx(7.5).epsilon(1e-3));
        CHECK(crossing(gr, 0, gr.back() * (1 - std::exp(-1.0)), true) * kRate / rate ==
              doctest::Approx(20).epsilon(0.01));
    }
}
