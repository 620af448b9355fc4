// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/limiter/interpolation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ton::modules::limiter {

namespace {
constexpr int kTaps = Interpolation::kTaps, kHalf = Interpolation::kHalf, kStride = Interpolation::kStride;
constexpr float kBetween = Interpolation::kBetween;
constexpr int kFirst = 1 - kHalf; // position of the first tap
constexpr double kBeta = 6.0;     // flat to 0.47 of the sample rate within 0.1 dB

/// Splits a filter: linear interpolation carries its sum and first moment; the rest, which has neither, is a
/// second difference, so that it answers only to the signal's bends, by the twice summed taps.
void widen_bounds(Interpolation& bounds, const std::array<double, kTaps>& taps, double fraction) {
    double gain = 0, sum = 0, moment = 0;
    for (int i = 0; i < kTaps; ++i) {
        gain += std::abs(taps[i]);
        sum += taps[i];
        moment += taps[i] * (kFirst + i - fraction);
    }
    auto rest = taps;
    rest[-kFirst] -= sum * (1 - fraction) - moment;
    rest[1 - kFirst] -= sum * fraction + moment;
    double once = 0, twice = 0, bend = 0;
    for (const double tap : rest) {
        once += tap;
        twice += once;
        bend += std::abs(twice);
    }
    // Sums of 96 products in single precision err by less than 100 * 2^-24 of the sum of magnitudes.
    constexpr double rounding = 1e-5;
    bounds.gain = std::max(bounds.gain, static_cast<float>(gain * (1 + rounding)) + 4 * kBetween);
    bounds.flat =
        std::max(bounds.flat, static_cast<float>(std::abs(sum) + 2 * std::abs(moment) + gain * rounding));
    bounds.bend = std::max(bounds.bend, static_cast<float>(bend * (1 + rounding)) + kBetween);
}

Interpolation make() {
    Interpolation result{};
    for (int p = 1; p <= Interpolation::kPhases / 2; ++p) {
        const double fraction = static_cast<double>(p) / Interpolation::kPhases;
        const auto taps = interpolation_taps(fraction);
        widen_bounds(result, taps, fraction);
        for (int k = 0; k < kHalf; ++k) {
            const double before = taps[-kFirst - k], after = taps[1 - kFirst + k];
            float* row = &result.table[static_cast<std::size_t>(k * kStride)];
            const auto even = static_cast<float>(0.5 * (before + after)),
                       odd = static_cast<float>(0.5 * (before - after));
            if (2 * p == Interpolation::kPhases)
                row[0] = even;
            else
                row[2 * p - 1] = even, row[2 * p] = odd;
        }
    }
    return result;
}
} // namespace

std::array<double, kTaps> interpolation_taps(double fraction) {
    std::array<double, kTaps> taps{};
    for (int i = 0; i < kTaps; ++i) {
        const double position = kFirst + i - fraction, edge = position / kHalf;
        if (std::abs(edge) >= 1) continue;
        const double angle = std::numbers::pi * position;
        const double sinc = position == 0 ? 1 : std::sin(angle) / angle;
        taps[i] =
            sinc * std::cyl_bessel_i(0.0, kBeta * std::sqrt(1 - edge * edge)) / std::cyl_bessel_i(0.0, kBeta);
    }
    return taps;
}

const Interpolation& interpolation() {
    static const Interpolation table = make();
    return table;
}

} // namespace ton::modules::limiter
