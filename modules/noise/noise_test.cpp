// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include "modules/noise/noise_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

using namespace ton::test;

namespace {
constexpr float kWhite = 0, kPink = 1;

Planar make(float type, float level, int seconds, float seed = 0, double rate = 48000) {
    Rig rig("noise", {.channels = 2, .sample_rate = rate});
    rig.set("type", type).set("level", level).set("seed", seed);
    return rig.run(silence(2, static_cast<int>(rate) * seconds));
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
        ab += x * y, aa += x * x, bb += y * y;
    }
    return ab / std::sqrt(aa * bb);
}
} // namespace

TEST_CASE("white noise has its RMS level, no mean, and never more than 10.8 dB of crest") {
    const auto x = make(kWhite, -20, 20)[0];
    // 960,000 independent samples: the RMS is known to 0.006 dB, the mean to 0.1/980
    CHECK(std::abs(decibels(rms(x)) + 20) < 0.03);
    double mean = 0;
    for (const float v : x) mean += static_cast<double>(v);
    CHECK(std::abs(mean / static_cast<double>(x.size())) < 5e-4);
    CHECK(decibels(peak(x)) < -20 + 10.8);
    CHECK(decibels(peak(x)) > -20 + 9);
}

TEST_CASE("white noise is white: neighbours, channels and seeds are uncorrelated") {
    const auto x = make(kWhite, -20, 10), other = make(kWhite, -20, 10, 1);
    CHECK(std::abs(correlation(x[0], x[1])) < 0.006); // 4 deviations of 480,000 samples
    CHECK(std::abs(correlation(x[0], other[0])) < 0.006);
    for (std::size_t lag = 1; lag <= 64; ++lag) {
        const std::vector<float> a(x[0].begin(), x[0].end() - 64);
        const std::vector<float> b(x[0].begin() + static_cast<std::ptrdiff_t>(lag),
                                   x[0].end() - 64 + static_cast<std::ptrdiff_t>(lag));
        CHECK(std::abs(correlation(a, b)) < 0.006);
    }
    CHECK(make(kWhite, -20, 1) == make(kWhite, -20, 1));
}

TEST_CASE("pink noise falls by 3.01 dB per octave within 0.5 dB, 20 Hz to 20 kHz, at every rate") {
    for (const double rate : {44100.0, 48000.0, 88200.0, 96000.0, 176400.0, 192000.0}) {
        ton::modules::noise::PinkFilter filter(rate);
        // The filter's own response, from its impulse response of 2^20 samples by projection.
        std::vector<double> h(1 << 20);
        for (std::size_t i = 0; i < h.size(); ++i) h[i] = filter.process(i == 0 ? 1.0 : 0.0);
        double highest = -1000, lowest = 1000;
        for (int k = 0; k <= 30; ++k) {
            const double f = 20 * std::pow(1000.0, k / 30.0);
            std::complex<double> sum = 0, z = 1;
            const auto step = std::polar(1.0, -2 * std::numbers::pi * f / rate);
            for (const double v : h) sum += v * z, z *= step;
            const double error = decibels(std::abs(sum)) + 10 * std::log10(f);
            highest = std::max(highest, error), lowest = std::min(lowest, error);
        }
        INFO("rate " << rate << " spread " << highest - lowest);
        CHECK(highest - lowest < 0.5); // well within +-0.5
    }
}

TEST_CASE("pink noise ends at 10 Hz as SMPTE ST 2095-1 has it, a Butterworth high-pass of fourth order") {
    for (const double rate : {44100.0, 192000.0}) {
        ton::modules::noise::PinkFilter filter(rate);
        std::vector<double> h(1 << 20);
        for (std::size_t i = 0; i < h.size(); ++i) h[i] = filter.process(i == 0 ? 1.0 : 0.0);
        const auto on_slope = [&](double f) { // decibels, where an octave's power is the same everywhere
            std::complex<double> sum = 0, z = 1;
            const auto step = std::polar(1.0, -2 * std::numbers::pi * f / rate);
            for (const double v : h) sum += v * z, z *= step;
            return decibels(std::abs(sum)) + 10 * std::log10(f);
        };
        CHECK(std::abs(on_slope(10) - on_slope(40) + 3.01) < 0.6); // the slope itself is known to 0.5 dB there
        CHECK(on_slope(2.5) - on_slope(40) < -48); // 24 dB an octave
        CHECK(on_slope(1) - on_slope(40) < -80);
    }
}

TEST_CASE("pink noise at -20 dBFS has no mean over 5 s that a guard would tell of, ten minutes long") {
    constexpr int kStep = 24000, kSteps = 10; // half a second each, as the guard's window moves
    ton::modules::noise::PinkFilter filter(48000);
    std::vector<double> sums;
    double worst = 0;
    for (std::uint64_t n = 0; sums.size() < 1200;) {
        double sum = 0;
        for (int i = 0; i < kStep; ++i, ++n) sum += 0.1 * filter.process(ton::modules::noise::white(ton::modules::noise::random_word(0, 0, n)));
        sums.push_back(sum);
        if (sums.size() < kSteps) continue;
        double mean = 0;
        for (auto i = sums.size() - kSteps; i < sums.size(); ++i) mean += sums[i] / (kStep * kSteps);
        worst = std::max(worst, std::abs(mean));
    }
    INFO(decibels(worst), " dBFS");
    CHECK(worst < 0.001); // acceptance.md section 8: DC beyond 0.1 % over 5 s
}

TEST_CASE("pink noise has its RMS level") {
    for (const double rate : {44100.0, 192000.0}) {
        const auto x = make(kPink, -20, 60, 3, rate);
        // a good part of the power lies below 100 Hz: a minute tells it to some 0.1 dB
        CHECK(std::abs(decibels(rms(x[0])) + 20) < 0.4);
        CHECK(std::abs(decibels(rms(x[1])) + 20) < 0.4);
        CHECK(std::abs(correlation(x[0], x[1])) < 0.1);
    }
}

TEST_CASE("pink noise: octave bands of the sound itself hold the same power") {
    const auto x = make(kPink, -20, 40)[0];
    // Mean power of Hann-windowed periodograms, summed over octaves from 62.5 Hz to 16 kHz.
    constexpr int n = 4096;
    std::vector<double> power(n / 2);
    int count = 0;
    for (std::size_t start = 0; start + n <= x.size(); start += n * 8, ++count)
        for (std::size_t bin = 4; bin < n / 2; bin += bin < 128 ? 1 : 9) {
            std::complex<double> sum = 0, z = 1;
            const auto step = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(bin) / n);
            for (std::size_t i = 0; i < n; ++i, z *= step)
                sum += z * static_cast<double>(x[start + i]) *
                       (0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / n));
            power[bin] += std::norm(sum);
        }
    std::vector<double> octaves;
    for (double low = 125; low < 16000; low *= 2) {
        double sum = 0, bins = 0;
        for (std::size_t bin = 4; bin < n / 2; ++bin) {
            const double f = static_cast<double>(bin) * 48000 / n;
            if (power[bin] > 0 && f >= low && f < 2 * low)
                sum += power[bin] * f, ++bins; // power times f is flat
        }
        octaves.push_back(10 * std::log10(sum / bins));
    }
    const auto [least, most] = std::minmax_element(octaves.begin(), octaves.end());
    CHECK(*most - *least < 1.5); // 59 periodograms: a few tenths of a dB of chance in the low octaves
}

TEST_CASE("noise is added to what comes in, and off it is gone") {
    const auto x = sine(1, 1000, 997, -6);
    Rig on("noise"), off("noise"), alone("noise");
    const auto y = on.run(x), n = alone.run(silence(1, 1000));
    for (std::size_t i = 0; i < 1000; ++i) CHECK(y[0][i] == x[0][i] + n[0][i]);
    CHECK(off.set("on", 0).run(x) == x);
}
