// SPDX-License-Identifier: GPL-3.0-or-later
// EBU Tech 3341 V4 cases 15 to 23 (which are given as fractions of the sample rate, so one run stands for all
// rates) and what the detectors promise.
#include "dsp/true_peak.hpp"

#include "dsp/interpolator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <doctest/doctest.h>
#include <hwy/targets.h>
#include <limits>
#include <numbers>
#include <random>
#include <stdexcept>
#include <vector>

using namespace ton::dsp;

namespace {

constexpr double pi = std::numbers::pi;

double to_db(double linear) {
    return 20.0 * std::log10(linear);
}

float measure(const std::vector<float>& x, int block = 64) {
    TruePeak meter(1);
    for (std::size_t n = 0; n < x.size(); n += static_cast<std::size_t>(block)) {
        const float* in = x.data() + n;
        meter.process(&in, static_cast<int>(std::min(x.size() - n, static_cast<std::size_t>(block))));
    }
    meter.flush();
    return meter.true_peak();
}

/// A tone of `frequency` (of the sample rate) with 10 ms fades at 48 kHz.
std::vector<float> tone(double frequency, double amplitude, double degrees, int length = 48000) {
    std::vector<float> x(static_cast<std::size_t>(length));
    for (int n = 0; n < length; ++n) {
        const double fade = std::min({1.0, n / 480.0, (length - 1 - n) / 480.0});
        x[static_cast<std::size_t>(n)] =
            static_cast<float>(amplitude * fade * std::sin(2.0 * pi * frequency * n + degrees * pi / 180.0));
    }
    return x;
}

/// Cases 20 to 23: at four times the rate, a tone of fs/6 at 0.5 with one period of fs/4 at 1.0 spliced in at
/// an upward zero crossing, low-passed (2001 taps, Kaiser beta 12) and decimated from `offset`.
std::vector<float> burst(int offset) {
    constexpr int fast = 4 * 2400, taps = 2001, middle = taps / 2, splice = 24 * 200;
    std::vector<double> x(fast);
    for (int n = 0; n < fast; ++n) {
        const double fade = std::min({1.0, n / 1920.0, (fast - 1 - n) / 1920.0});
        const bool loud = n >= splice && n < splice + 16;
        const double angle = loud ? (n - splice) / 16.0 : (n - splice - (n >= splice + 16 ? 16 : 0)) / 24.0;
        x[static_cast<std::size_t>(n)] = fade * (loud ? 1.0 : 0.5) * std::sin(2.0 * pi * angle);
    }
    std::vector<double> low(taps);
    for (int i = 0; i < taps; ++i) {
        const double t = i - middle, edge = t / (middle + 1.0), cut = 2.0 * 0.48 / 4.0;
        const double sinc = i == middle ? cut : std::sin(pi * cut * t) / (pi * t);
        low[static_cast<std::size_t>(i)] =
            sinc * std::cyl_bessel_i(0.0, 12.0 * std::sqrt(1.0 - edge * edge)) / std::cyl_bessel_i(0.0, 12.0);
    }
    std::vector<float> result;
    for (int n = offset; n < fast; n += 4) {
        double sum = 0.0;
        for (int i = std::max(0, n + middle - fast + 1); i <= std::min(taps - 1, n + middle); ++i) {
            sum += low[static_cast<std::size_t>(i)] * x[static_cast<std::size_t>(n + middle - i)];
        }
        result.push_back(static_cast<float>(sum));
    }
    return result;
}

/// Every point of the 4x grid, straight from the unfolded filters in double.
double plain_true_peak(const std::vector<float>& x) {
    constexpr int taps = Interpolator::taps;
    double most = 0.0;
    for (const float value : x) most = std::max(most, std::abs(static_cast<double>(value)));
    const auto size = static_cast<int>(x.size());
    for (const double fraction : {0.25, 0.5, 0.75}) {
        const auto h = fractional_delay(fraction);
        for (int base = -taps; base < size + taps; ++base) {
            double sum = 0.0;
            for (int i = 0; i < taps; ++i) {
                const int n = base + 1 - taps / 2 + i;
                if (n >= 0 && n < size)
                    sum +=
                        h[static_cast<std::size_t>(i)] * static_cast<double>(x[static_cast<std::size_t>(n)]);
            }
            most = std::max(most, std::abs(sum));
        }
    }
    return most;
}

std::vector<float> wild_signal(unsigned seed, int length) {
    std::mt19937 random(seed);
    std::normal_distribution<float> noise(0.0F, 0.2F);
    std::vector<float> x;
    double low = 0.0;
    for (int n = 0; n < length; ++n) {
        // Noise of changing colour under an envelope that dies and comes back: chunks of all kinds, loud and
        // quiet.
        const double colour = 0.5 + 0.499 * std::sin(n / 3000.0);
        low += colour * (static_cast<double>(noise(random)) - low);
        x.push_back(static_cast<float>(low * std::exp(-(n % 5000) / 700.0) * 4.0));
    }
    return x;
}

template <class Body> void on_every_target(Body body) {
    for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        CAPTURE(hwy::TargetName(target));
        body();
    }
    hwy::SetSupportedTargetsForTest(0);
}

} // namespace

TEST_CASE("LUF-15 to 19: tones between the samples, +0.2/-0.4 dB and in fact within 0.02") {
    struct Case {
        double frequency, amplitude, degrees;
    };
    for (const auto& [frequency, amplitude, degrees] :
         {Case{0.25, 0.5, 0}, {0.25, 0.5, 45}, {1.0 / 6, 0.5, 60}, {0.125, 0.5, 67.5}, {0.25, 1.41, 45}}) {
        CAPTURE(frequency);
        CAPTURE(degrees);
        on_every_target(
            [&] { CHECK(std::abs(to_db(measure(tone(frequency, amplitude, degrees)) / amplitude)) < 0.02); });
    }
}

TEST_CASE("LUF-20 to 23: one louder period, four phases") {
    for (int offset = 0; offset < 4; ++offset) {
        CAPTURE(offset);
        const double level = to_db(measure(burst(offset)));
        CHECK(level <= 0.2);
        CHECK(level >= -0.4);
    }
}

TEST_CASE("the interpolators are flat within 0.02 dB to 20 kHz at 44.1 kHz, and nowhere above 1") {
    for (const double fraction : {0.125, 0.25, 0.375, 0.5}) {
        const auto h = fractional_delay(fraction);
        const auto gain = [&](double frequency) {
            std::complex<double> sum;
            for (int i = 0; i < Interpolator::taps; ++i) {
                const double delay = i + 1 - Interpolator::folded - fraction;
                sum += h[static_cast<std::size_t>(i)] * std::polar(1.0, 2.0 * pi * frequency * delay);
            }
            return sum; // 1 if the delay were ideal
        };
        for (int i = 0; i <= 1000; ++i) {
            const double frequency = 20000.0 / 44100.0 * i / 1000.0;
            CHECK(std::abs(to_db(std::abs(gain(frequency)))) < 0.02);
            CHECK(std::abs(gain(frequency) - 1.0) < 0.0023); // phase included
        }
        for (int i = 0; i <= 100; ++i) CHECK(std::abs(gain(0.4535 + 0.0465 * i / 100.0)) < 1.0013);
    }
}

TEST_CASE("leaving out chunks that can't matter never changes the maximum") {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        const auto x = wild_signal(seed, 20000);
        const double plain = plain_true_peak(x);
        on_every_target([&] { CHECK(measure(x) == doctest::Approx(plain).epsilon(2e-6)); });
    }
    for (const double frequency :
         {0.001, 0.01, 0.1, 0.3, 0.45}) { // a slowly growing tone: never beyond the last maximum by much
        auto x = tone(frequency, 0.9, 17.0, 9000);
        for (std::size_t n = 0; n < x.size(); ++n) x[n] *= 0.5F + 0.5F * static_cast<float>(n) / 9000.0F;
        CHECK(measure(x) == doctest::Approx(plain_true_peak(x)).epsilon(2e-6));
    }
}

TEST_CASE("the filter's worst case is found wherever it lies, far below the maximum as its samples are") {
    for (const int reach : {Interpolator::taps, Interpolator::taps / 2}) { // the outer samples silent or not
        auto worst = fractional_delay(0.5);
        const int silent = (Interpolator::taps - reach) / 2;
        std::fill_n(worst.begin(), silent, 0.0);
        std::fill_n(worst.rbegin(), silent, 0.0);
        double gain = 0.0;
        for (const double tap : worst) gain += std::abs(tap);
        for (double& tap : worst) tap = tap == 0.0 ? 0.0 : std::copysign(0.91 / gain, tap);
        for (int offset = 0; offset < 2 * TruePeak::chunk; ++offset) {
            CAPTURE(offset);
            auto x = tone(0.01, 0.9, 0.0, 6400);
            x.resize(x.size() + 4 * TruePeak::chunk, 0.0F);
            std::transform(worst.begin(), worst.end(), x.begin() + 6464 + offset,
                           [](double value) { return static_cast<float>(value); });
            CHECK(measure(x) == doctest::Approx(0.91).epsilon(1e-5));
        }
    }
}

TEST_CASE("readings don't depend on blocks, and the recent maximum covers every block once") {
    const auto x = wild_signal(9, 30011);
    const float expected = measure(x, 64);
    for (const int block : {1, 7, 441, 1000, 4096, 30011}) CHECK(measure(x, block) == expected);

    TruePeak meter(1);
    float most = 0.0F, quiet = 1.0F;
    for (std::size_t n = 0; n + 48 <= x.size(); n += 48) {
        const float* in = x.data() + n;
        meter.process(&in, 48);
        const float recent = meter.take_recent(0);
        most = std::max(most, recent);
        if (n > 48) quiet = std::min(quiet, recent);
        CHECK(meter.take_recent(0) == 0.0F);
    }
    CHECK(most == meter.true_peak());
    CHECK(quiet < 0.01F * most);
}

TEST_CASE("hold, restart, reset and broken samples") {
    const auto loud = tone(0.01, 0.9, 0, 6400), soft = tone(0.01, 0.1, 0, 6400);
    const float* in[] = {loud.data(), soft.data()};
    TruePeak meter(1);
    meter.process(in + 1, 6400);
    meter.hold(true);
    meter.process(in, 6400);
    CHECK(meter.true_peak() == doctest::Approx(0.1).epsilon(0.001));
    CHECK(meter.sample_peak() == doctest::Approx(0.1).epsilon(0.001));
    CHECK(meter.take_recent(0) == doctest::Approx(0.9).epsilon(0.001));
    meter.hold(false);
    meter.process(in, 6400);
    CHECK(meter.true_peak() == doctest::Approx(0.9).epsilon(0.001));
    meter.restart();
    CHECK(meter.true_peak() == 0.0F);
    meter.process(in + 1, 6400);
    CHECK(meter.true_peak() == doctest::Approx(0.1).epsilon(0.01)); // the loud tone had faded out

    auto broken = soft;
    broken[3000] = std::numeric_limits<float>::quiet_NaN();
    broken[3001] = std::numeric_limits<float>::infinity();
    on_every_target([&] { CHECK(std::isfinite(measure(broken))); });
    CHECK(measure(broken) >= 0.09F);
    meter.reset();
    meter.flush();
    CHECK(meter.true_peak() == 0.0F);
    CHECK_THROWS_AS(TruePeak(0), std::invalid_argument);
}

TEST_CASE("the 32x reference reads tones to 0.01 dB and contains the 4x reading") {
    for (const double frequency : {0.05, 0.2311, 0.25, 0.4, 0.45}) {
        for (const double degrees : {0.0, 33.0, 45.0}) {
            CAPTURE(frequency);
            auto x = tone(frequency, 0.7, degrees, 4800);
            CHECK(std::abs(to_db(reference_true_peak(x) / 0.7)) < 0.01);
        }
    }
    const auto x = wild_signal(3, 6000);
    CHECK(std::abs(to_db(static_cast<double>(measure(x)) / reference_true_peak(x))) < 0.2);
}

TEST_CASE("the limiter's envelope holds every point of the 8x grid, at any block size") {
    const auto x = wild_signal(5, 4001);
    const auto run = [&](int block) {
        TruePeakEnvelope envelope;
        std::vector<float> out(x);
        for (std::size_t n = 0; n < out.size(); n += static_cast<std::size_t>(block)) {
            const int count = static_cast<int>(std::min(out.size() - n, static_cast<std::size_t>(block)));
            envelope.process(out.data() + n, out.data() + n, count); // in place
        }
        return out;
    };
    std::vector<std::array<double, Interpolator::taps>> filters;
    for (int p = 1; p < 8; ++p) filters.push_back(fractional_delay(p / 8.0));
    on_every_target([&] {
        const auto expected = run(64);
        for (const int block : {1, 7, 16, 100, 4001}) CHECK(run(block) == expected);
        for (int n = TruePeakEnvelope::latency; n < 4001; n += 3) {
            const int base = n - TruePeakEnvelope::latency;
            double most = std::abs(static_cast<double>(x[static_cast<std::size_t>(base)]));
            for (const auto& h : filters) {
                double sum = 0.0;
                for (int i = 0; i < Interpolator::taps; ++i) {
                    const int at = base + 1 - Interpolator::folded + i;
                    if (at >= 0 && at < 4001)
                        sum += h[static_cast<std::size_t>(i)] *
                               static_cast<double>(x[static_cast<std::size_t>(at)]);
                }
                most = std::max(most, std::abs(sum));
            }
            REQUIRE(expected[static_cast<std::size_t>(n)] == doctest::Approx(most).epsilon(1e-5));
        }
    });
}
