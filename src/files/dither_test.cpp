// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/dither.hpp"
#include "files/test_support.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <numbers>

using namespace ton::files;
using test::db;

namespace {

/// One channel through a quantizer, in LSB.
std::vector<double> quantized(Quantizer& quantizer, const std::vector<float>& x) {
    std::vector<std::int32_t> out(x.size());
    const float* in = x.data();
    quantizer.process(&in, out.data(), static_cast<std::int64_t>(x.size()));
    std::vector<double> lsb(x.size());
    const double unit = std::ldexp(1.0, 32 - quantizer.bits());
    for (std::size_t n = 0; n < x.size(); ++n) lsb[n] = out[n] / unit;
    return lsb;
}

struct Error {
    double mean, variance; // LSB, LSB²
};

Error error_of(int bits, Dither dither, const std::vector<float>& x) {
    Quantizer quantizer(bits, dither, 1, 7);
    const auto y = quantized(quantizer, x);
    double sum = 0.0, squares = 0.0;
    for (std::size_t n = 0; n < x.size(); ++n) {
        const double e = y[n] - std::ldexp(static_cast<double>(x[n]), bits - 1);
        sum += e;
        squares += e * e;
    }
    const double mean = sum / static_cast<double>(x.size());
    return {mean, squares / static_cast<double>(x.size()) - mean * mean};
}

constexpr std::size_t million = std::size_t{1} << 20;

std::vector<float> sine(std::size_t frames, double amplitude, double cycles_per_sample) {
    std::vector<float> x(frames);
    for (std::size_t n = 0; n < frames; ++n)
        x[n] = static_cast<float>(
            amplitude *
            std::sin(2.0 * std::numbers::pi * std::fmod(cycles_per_sample * static_cast<double>(n), 1.0)));
    return x;
}

} // namespace

// Total error of TPDF: 1/12 + 1/6 = 1/4 LSB² for any input; of plain rounding of a busy signal: 1/12 LSB².

TEST_CASE("DIT-1: silence at 16 bit carries 0.25 LSB² of noise") {
    const auto error = error_of(16, Dither::tpdf, std::vector<float>(million, 0.0f));
    CHECK(std::abs(error.variance - 0.25) < 0.002);
    CHECK(std::abs(error.mean) < 2e-3);
}

TEST_CASE("DIT-2: mean and variance of the error don't depend on DC") {
    for (const int bits : {16, 24})
        for (const double dc : {0.0, 0.1, 0.25, 0.5}) {
            const auto x = static_cast<float>(std::ldexp(dc, 1 - bits));
            const auto error = error_of(bits, Dither::tpdf, std::vector<float>(4 * million, x));
            CAPTURE(bits);
            CAPTURE(dc);
            CHECK(std::abs(error.mean) < 2e-3);
            CHECK(std::abs(error.variance - 0.25) < 0.002);
        }
    // The control: without dither a DC of a quarter LSB is wrong by a quarter LSB.
    CHECK(error_of(16, Dither::none, std::vector<float>(16, 0.25f / 32768)).mean == doctest::Approx(-0.25));
}

TEST_CASE("DIT-3: noise floor below a full-scale sine") {
    const auto x = sine(million, 0.5, 997.0 / 48000.0);
    const auto floor = [&](int bits, Dither dither) {
        return db(std::sqrt(error_of(bits, dither, x).variance) /
                  (std::ldexp(1.0, bits - 1) / std::numbers::sqrt2));
    };
    CHECK(std::abs(floor(16, Dither::tpdf) - -93.32) < 0.1);
    CHECK(std::abs(floor(24, Dither::tpdf) - -141.48) < 0.1);
    CHECK(std::abs(floor(16, Dither::none) - -98.09) < 0.1);
}

TEST_CASE("DIT-4: a sine of a third of an LSB passes 16 bit undistorted") {
    const std::size_t frames = 64 * 65536;
    const double cycles =
        std::round(997.0 / 48000.0 * static_cast<double>(frames)) / static_cast<double>(frames);
    const auto x = sine(frames, 1e-5, cycles);
    Quantizer dithered(16, Dither::tpdf, 1, 3);
    const auto y = quantized(dithered, x);
    CHECK(std::abs(db(std::abs(test::tone(y, 0, frames, cycles)) / 32768) - -100.0) < 0.2);
    for (int harmonic = 2; harmonic <= 12; ++harmonic) {
        CAPTURE(harmonic);
        CHECK(db(std::abs(test::tone(y, 0, frames, cycles * harmonic)) / 32768) < -130.0);
    }
    Quantizer bare(16, Dither::none, 1, 3);
    CHECK(std::abs(test::tone(quantized(bare, x), 0, frames, cycles)) == 0.0); // the control loses the sine
}

TEST_CASE("DIT-5: channels are dithered independently") {
    const std::size_t frames = 4 * 48000;
    const std::vector<float> silence(frames);
    const std::vector<const float*> in(4, silence.data());
    for (const std::uint64_t seed : {0u, 1u, 2u}) {
        Quantizer quantizer(16, Dither::tpdf, 4, seed);
        std::vector<std::int32_t> out(4 * frames);
        quantizer.process(in.data(), out.data(), static_cast<std::int64_t>(frames));
        for (std::size_t a = 0; a < 4; ++a)
            for (std::size_t b = 0; b < a; ++b) {
                double ab = 0, aa = 0, bb = 0;
                for (std::size_t n = 0; n < frames; ++n) {
                    const double l = out[4 * n + a], r = out[4 * n + b];
                    ab += l * r, aa += l * l, bb += r * r;
                }
                CHECK(std::abs(ab / std::sqrt(aa * bb)) < 0.01);
            }
    }
}

TEST_CASE("DIT-5: neighbouring samples and seeds are independent too") {
    const std::size_t frames = million;
    const std::vector<float> silence(frames);
    Quantizer one(16, Dither::tpdf, 1, 1), two(16, Dither::tpdf, 1, 2);
    const auto a = quantized(one, silence), b = quantized(two, silence);
    double lag = 0, cross = 0, power = 0;
    for (std::size_t n = 1; n < frames; ++n)
        lag += a[n] * a[n - 1], cross += a[n] * b[n], power += a[n] * a[n];
    CHECK(std::abs(lag / power) < 0.005);
    CHECK(std::abs(cross / power) < 0.005);
}

TEST_CASE("DIT-7: what lies on the grid passes bit-exactly without dither") {
    std::vector<float> x;
    std::vector<double> expected;
    for (std::int64_t n = 0; n < 200000; ++n) {
        expected.push_back(test::grid_value(n, 0));
        x.push_back(test::grid_sample(n, 0));
    }
    for (const std::int32_t edge : {-8388608, 8388607, -1, 0, 1}) {
        expected.push_back(edge);
        x.push_back(static_cast<float>(edge) * 0x1p-23f);
    }
    Quantizer quantizer(24, Dither::none, 1, 1);
    CHECK(quantized(quantizer, x) == expected);
    CHECK(quantizer.clipped() == 0);
}

TEST_CASE("the same seed gives the same bits however the signal is cut") {
    std::vector<float> x(20000);
    for (std::size_t n = 0; n < x.size(); ++n)
        x[n] = test::grid_sample(static_cast<std::int64_t>(n), 0) * 0.3f;
    const std::vector<const float*> whole{x.data(), x.data() + 5};
    const std::int64_t frames = 19990;
    std::vector<std::int32_t> expected(2 * static_cast<std::size_t>(frames)), got(expected.size());
    Quantizer reference(16, Dither::tpdf, 2, 42), cut(16, Dither::tpdf, 2, 42);
    reference.process(whole.data(), expected.data(), frames);
    std::int64_t sizes[] = {1, 7, 64, 441, 1000};
    for (std::int64_t at = 0, i = 0; at < frames; ++i) {
        const auto n = std::min(sizes[i % 5], frames - at);
        const std::vector<const float*> planes{whole[0] + at, whole[1] + at};
        cut.process(planes.data(), got.data() + 2 * at, n);
        at += n;
    }
    CHECK(got == expected);
    Quantizer other(16, Dither::tpdf, 2, 43);
    other.process(whole.data(), got.data(), frames);
    CHECK(got != expected);
}

TEST_CASE("samples beyond full scale are limited and counted, NaN is silence") {
    const float infinity = std::numeric_limits<float>::infinity();
    const std::vector<float> x{1.0f, -1.0f, 1.5f, -1.5f, infinity, -infinity, std::nanf(""), 0.5f};
    Quantizer quantizer(16, Dither::none, 1, 1);
    CHECK(quantized(quantizer, x) ==
          std::vector<double>{32767, -32768, 32767, -32768, 32767, -32768, 0, 16384});
    CHECK(quantizer.clipped() == 6); // −1.0 is on the grid
}
