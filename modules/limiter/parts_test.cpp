// SPDX-License-Identifier: GPL-3.0-or-later
// The limiter's parts alone: sliding minimum, smoother, release, interpolation.
#include "rig.hpp"

#include "modules/limiter/limiter.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace ton::test;
using namespace ton::modules::limiter;

TEST_CASE("the sliding minimum is the minimum, for any length and any cut") {
    const auto x = noise(1, 3000, 0)[0];
    for (const int length : {1, 2, 3, 7, 8, 9, 64, 130, 500}) {
        SlidingMinimum minimum(length);
        auto y = x;
        for (int i = 0; i < 3000;) {
            const int n = std::min({1 + (i * 7) % 64, 3000 - i});
            minimum.process(&y[static_cast<std::size_t>(i)], n);
            i += n;
        }
        for (int i = length; i < 3000; ++i)
            CHECK(y[static_cast<std::size_t>(i)] ==
                  *std::min_element(x.begin() + i - length + 1, x.begin() + i + 1));
    }
}

TEST_CASE("the smoother is a bell of three boxes that never drifts from 1") {
    for (const int length : {3, 81, 1921}) {
        Smoother smoother(length);
        std::vector<double> bell{1.0};
        for (int b = 0; b < 3; ++b) {
            const int box = (length + 2 + b) / 3;
            std::vector<double> next(bell.size() + static_cast<std::size_t>(box) - 1);
            for (std::size_t i = 0; i < bell.size(); ++i)
                for (std::size_t k = 0; k < static_cast<std::size_t>(box); ++k) next[i + k] += bell[i] / box;
            bell = next;
        }
        REQUIRE(static_cast<int>(bell.size()) == length);
        std::vector<float> x(6000, 1.0F);
        auto random = noise(1, 3000, 0)[0];
        for (std::size_t i = 0; i < 3000; ++i) x[i] = std::abs(random[i]);
        auto y = x;
        for (std::size_t i = 0; i < 6000; i += 50) smoother.process(&y[i], 50);
        for (std::size_t n = 2000; n < 6000; n += 7) {
            double expected = 0;
            for (std::size_t k = 0; k < bell.size(); ++k) expected += bell[k] * static_cast<double>(x[n - k]);
            CHECK(static_cast<double>(y[n]) == doctest::Approx(expected).epsilon(1e-6));
        }
        CHECK(smoother.resting());
        CHECK(std::all_of(y.begin() + 3000 + length, y.end(), [](float v) { return v == 1.0F; }));
    }
}

TEST_CASE("the release never gives back more than is free, and comes back to exactly 1") {
    Release release;
    release.aim(10, 48);
    std::vector<float> x(60000, 1.0F);
    std::fill(x.begin() + 100, x.begin() + 9600, 0.5F);
    for (std::size_t i = 101; i < 9600; i += 3) x[i] = 0.9F;
    auto y = x;
    release.process(y.data(), 60000);
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(y[i] <= x[i]);
    CHECK(y[50] == 1.0F);
    CHECK(y[9600 + 480] < 0.75F); // after steady limiting slower than the time constant
    CHECK(y.back() == 1.0F);
    CHECK(release.resting());
}

TEST_CASE("interpolation: tones are read right to 20 kHz, and the bounds that allow skipping hold") {
    const auto& filter = interpolation();
    for (const double f : {100.0, 997.0, 6000.0, 12000.0, 15000.0, 18000.0, 20000.0})
        for (const double rate : {44100.0, 48000.0}) {
            const auto x = sine(1, 4000, f, 0, rate)[0];
            std::vector<float> read(3000 + Kernels::kLanes);
            kernels().sample_peaks(&x[500], read.data(), 3000);
            kernels().true_peaks(&x[500], filter, read.data(), 3000);
            const double most =
                decibels(static_cast<double>(*std::max_element(read.begin(), read.begin() + 3000)));
            CHECK(most > -0.02);
            CHECK(most < 0.13); // what is added for a peak between two points
        }
    for (std::uint32_t seed = 1; seed < 300; ++seed) {
        auto x = noise(1, 160, 0, seed)[0];
        const auto smooth = seed % 10; // rougher and smoother signals
        for (std::uint32_t pass = 0; pass < smooth; ++pass)
            for (std::size_t i = 1; i < x.size(); ++i) x[i] = 0.5F * (x[i] + x[i - 1]);
        float read[32] = {};
        kernels().true_peaks(&x[64], filter, read, 32);
        const auto extent = kernels().extent(&x[64 - 46], 32 + 93);
        const float most = *std::max_element(read, read + 32);
        CHECK(most <= filter.gain * extent.peak);
        CHECK(most <= filter.flat * extent.peak + filter.bend * extent.bend);
    }
    MESSAGE("gain " << filter.gain << " flat " << filter.flat << " bend " << filter.bend);
}
