// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/gated_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <random>
#include <vector>

using namespace ton::dsp;

namespace {

/// BS.1770-5 equations 4 to 7 over a list of all blocks.
std::vector<double> kept(std::vector<double> powers, double below) {
    std::erase_if(powers, [](double p) { return !(-0.691 + 10.0 * std::log10(p) >= -70.0); });
    double sum = 0.0;
    for (const double p : powers) sum += p;
    const double gate = sum / static_cast<double>(powers.size()) * std::pow(10.0, -below / 10.0);
    std::erase_if(powers, [gate](double p) { return !(p >= gate); });
    std::sort(powers.begin(), powers.end());
    return powers;
}

double loudness(double power) {
    return -0.691 + 10.0 * std::log10(power);
}

std::vector<double> programme(unsigned seed, double spread, int count) {
    std::mt19937 random(seed);
    std::normal_distribution<double> level(-26.0, spread);
    std::vector<double> powers;
    // Eight channels at full scale reach +12 LUFS: nothing real lies beyond the histogram.
    for (int i = 0; i < count; ++i) powers.push_back(power_of_loudness(std::min(level(random), 15.0)));
    return powers;
}

} // namespace

TEST_CASE("the histogram gives what a list of all blocks gives") {
    for (const double spread : {0.5, 4.0, 12.0, 30.0}) {
        for (unsigned seed = 1; seed <= 5; ++seed) {
            CAPTURE(spread);
            CAPTURE(seed);
            const auto powers = programme(seed, spread, 36000); // an hour
            GatedHistogram histogram;
            for (const double p : powers) histogram.add(p);
            const auto loud = kept(powers, 10.0);
            double sum = 0.0;
            for (const double p : loud) sum += p;
            CHECK(std::abs(histogram.gated_loudness(10.0) -
                           loudness(sum / static_cast<double>(loud.size()))) < 0.002);
            const auto ranged = kept(powers, 20.0);
            const auto at = [&](double percent) {
                const double rank = std::round(static_cast<double>(ranged.size() - 1) * percent / 100.0);
                return loudness(ranged[static_cast<std::size_t>(rank)]);
            };
            CHECK(std::abs(histogram.range(20.0, 10.0, 95.0) - (at(95.0) - at(10.0))) < 0.02);
        }
    }
}

TEST_CASE("the gates of the histogram") {
    GatedHistogram histogram;
    CHECK(histogram.gated_loudness(10.0) == -std::numeric_limits<double>::infinity());
    CHECK(histogram.range(20.0, 10.0, 95.0) == 0.0);
    for (const double p :
         {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity(), power_of_loudness(-70.01)}) {
        histogram.add(p);
    }
    CHECK(histogram.count() == 0);
    histogram.add(power_of_loudness(-69.99));
    CHECK(std::abs(histogram.gated_loudness(10.0) + 69.99) < 1e-9);
    for (int i = 0; i < 3; ++i)
        histogram.add(power_of_loudness(45.0)); // beyond the last bin, with its own power
    CHECK(std::abs(histogram.gated_loudness(10.0) - 45.0) < 1e-9);
    histogram.clear();
    CHECK(histogram.count() == 0);
    histogram.add(power_of_loudness(-30.0));
    histogram.add(power_of_loudness(-45.0)); // more than 10 LU under the mean
    CHECK(std::abs(histogram.gated_loudness(10.0) + 30.0) < 1e-9);
    CHECK(std::abs(histogram.range(20.0, 10.0, 95.0) - 15.0) < 1e-9);
}
