// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/resample.hpp"
#include "files/test_support.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <numbers>

using namespace ton::files;
using test::db;

namespace {

double tau_at(double hertz, double rate, std::size_t n) {
    return 2.0 * std::numbers::pi * std::fmod(hertz / rate * static_cast<double>(n), 1.0);
}

std::vector<float> tone_at(double hertz, double rate, std::size_t frames, double amplitude) {
    std::vector<float> x(frames);
    for (std::size_t n = 0; n < frames; ++n)
        x[n] = static_cast<float>(amplitude * std::sin(tau_at(hertz, rate, n)));
    return x;
}

struct Fit {
    double gain;     // of the tone, linear, re the input
    double phase;    // radians late or early
    double residual; // RMS of all that is not the tone, re the RMS of the input tone
};

/// Least squares of a·sin + b·cos at the known frequency over the middle of the output, away from the ends of
/// the file.
Fit fit_tone(const std::vector<float>& y, double hertz, double rate, double amplitude) {
    const std::size_t from = y.size() / 4, to = y.size() * 3 / 4;
    double ss = 0, sc = 0, cc = 0, ys = 0, yc = 0;
    for (std::size_t n = from; n < to; ++n) {
        const double s = std::sin(tau_at(hertz, rate, n)), c = std::cos(tau_at(hertz, rate, n));
        ss += s * s, sc += s * c, cc += c * c, ys += y[n] * s, yc += y[n] * c;
    }
    const double det = ss * cc - sc * sc;
    const double a = (ys * cc - yc * sc) / det, b = (yc * ss - ys * sc) / det;
    double error = 0;
    for (std::size_t n = from; n < to; ++n) {
        const double e = y[n] - a * std::sin(tau_at(hertz, rate, n)) - b * std::cos(tau_at(hertz, rate, n));
        error += e * e;
    }
    return {std::hypot(a, b) / amplitude, std::atan2(b, a),
            std::sqrt(2.0 * error / static_cast<double>(to - from)) / amplitude};
}

std::vector<float> converted(const std::vector<float>& x, double in_rate, double out_rate) {
    return resample({x}, in_rate, out_rate).front();
}

const double minus_1_dbfs = std::pow(10.0, -1.0 / 20.0);

} // namespace

TEST_CASE("SRC-1: 997 Hz at −1 dBFS, THD+N at most −130 dB, in time and level") {
    for (const auto& [in_rate, out_rate] :
         {std::pair{44100.0, 48000.0}, {48000.0, 44100.0}, {96000.0, 48000.0}}) {
        CAPTURE(in_rate);
        CAPTURE(out_rate);
        const auto x = tone_at(997.0, in_rate, static_cast<std::size_t>(in_rate), minus_1_dbfs);
        const auto fit = fit_tone(converted(x, in_rate, out_rate), 997.0, out_rate, minus_1_dbfs);
        MESSAGE("THD+N " << db(fit.residual) << " dB, gain " << db(fit.gain) << " dB, phase " << fit.phase);
        CHECK(db(fit.residual) < -130.0);
        CHECK(std::abs(db(fit.gain)) < 1e-4);
        CHECK(std::abs(fit.phase) < 1e-6);
    }
}

TEST_CASE("SRC-2: up to 0.98 Nyquist no alias above −120 dB, and flat within 0.01 dB to 20 kHz") {
    double worst_alias = -400.0, worst_ripple = 0.0;
    for (const auto& [in_rate, out_rate] :
         {std::pair{44100.0, 48000.0}, {48000.0, 44100.0}, {48000.0, 96000.0}})
        for (double hertz = 20.0; hertz <= 0.98 * in_rate / 2.0;
             hertz = hertz < 18000.0 ? hertz * 1.7 : hertz + 263.0) {
            CAPTURE(in_rate);
            CAPTURE(hertz);
            const auto x = tone_at(hertz, in_rate, static_cast<std::size_t>(in_rate / 2.0), minus_1_dbfs);
            const auto y = converted(x, in_rate, out_rate);
            const auto fit = fit_tone(y, hertz, out_rate, minus_1_dbfs);
            if (hertz < out_rate / 2.0) {
                worst_alias = std::max(worst_alias, db(fit.residual));
                CHECK(db(fit.residual) < -120.0);
            } else { // nothing of this tone may come through, wherever it folds to
                double power = 0.0;
                for (std::size_t n = y.size() / 4; n < y.size() * 3 / 4; ++n)
                    power += static_cast<double>(y[n]) * y[n];
                const double level =
                    db(std::sqrt(4.0 * power / static_cast<double>(y.size())) / minus_1_dbfs);
                worst_alias = std::max(worst_alias, level);
                CHECK(level < -120.0);
            }
            if (hertz > 20000.0) continue;
            worst_ripple = std::max(worst_ripple, std::abs(db(fit.gain)));
            CHECK(std::abs(db(fit.gain)) < 0.01);
        }
    MESSAGE("worst alias " << worst_alias << " dB, worst ripple " << worst_ripple << " dB");
}

TEST_CASE("streaming gives the same bits as the whole, however it is cut") {
    std::vector<float> x(2 * 30000);
    for (std::size_t n = 0; n < x.size(); ++n) x[n] = test::grid_sample(static_cast<std::int64_t>(n), 1);
    std::vector<float> first;
    for (const std::int64_t block : {30000, 4096, 441, 7}) {
        Resampler resampler(44100, 48000, 2);
        std::vector<float> y(2 * 40000);
        std::int64_t at = 0, produced = 0;
        while (at < 30000) {
            const auto moved =
                resampler.process(x.data() + 2 * at, std::min<std::int64_t>(block, 30000 - at),
                                  y.data() + 2 * produced, std::min<std::int64_t>(block, 40000 - produced));
            at += moved.consumed;
            produced += moved.produced;
        }
        while (const auto n = resampler.drain(y.data() + 2 * produced, 40000 - produced)) produced += n;
        CHECK(std::abs(static_cast<double>(produced) - 30000.0 * 48000.0 / 44100.0) <= 1.0);
        y.resize(2 * static_cast<std::size_t>(produced));
        if (first.empty()) first = y;
        CHECK((y == first));
    }
}

TEST_CASE("lengths and refusals") {
    CHECK(resampled_frames(44100, 44100, 48000) == 48000);
    CHECK(resampled_frames(1, 192000, 8000) == 1);
    CHECK(resampled_frames(0, 44100, 48000) == 0);
    CHECK(converted(std::vector<float>(441), 44100, 48000).size() == 480);
    const std::vector<float> x{0.1f, -0.2f, 0.3f};
    CHECK(converted(x, 48000, 48000) == x);
    CHECK_THROWS_AS(Resampler(0, 48000, 1), std::invalid_argument);
    CHECK_THROWS_AS(Resampler(48000, 48000, 0), std::invalid_argument);
}
