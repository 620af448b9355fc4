// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/interpolator.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ton::dsp {
namespace {

constexpr int taps = Interpolator::taps;
constexpr int folded = Interpolator::folded;
constexpr int first = 1 - folded; // position of the first tap
using Taps = std::array<double, taps>;

/// Solves the symmetric positive definite system r[|i-j|] h = p by Cholesky.
Taps solve_toeplitz(const Taps& r, Taps p) {
    std::array<Taps, taps> lower{};
    for (int i = 0; i < taps; ++i) {
        for (int j = 0; j <= i; ++j) {
            double sum = r[i - j];
            for (int k = 0; k < j; ++k) sum -= lower[i][k] * lower[j][k];
            lower[i][j] = i == j ? std::sqrt(sum) : sum / lower[j][j];
        }
    }
    for (int i = 0; i < taps; ++i) {
        for (int k = 0; k < i; ++k) p[i] -= lower[i][k] * p[k];
        p[i] /= lower[i][i];
    }
    for (int i = taps - 1; i >= 0; --i) {
        for (int k = i + 1; k < taps; ++k) p[i] -= lower[k][i] * p[k];
        p[i] /= lower[i][i];
    }
    return p;
}

struct Bound {
    double gain, flat, bend;
};

/// h = S lin + D difference + g * second difference, where lin interpolates linearly: S and D take the sum
/// and the first moment, what remains is summed up twice to get g.
Bound bound_of(const Taps& h, double fraction) {
    double gain = 0.0, sum = 0.0, moment = 0.0;
    for (int i = 0; i < taps; ++i) {
        gain += std::abs(h[i]);
        sum += h[i];
        moment += h[i] * (first + i - fraction);
    }
    Taps rest = h;
    rest[-first] -= sum * (1.0 - fraction) - moment;
    rest[1 - first] -= sum * fraction + moment;
    double once = 0.0, twice = 0.0, bend = 0.0;
    for (const double value : rest) {
        once += value;
        twice += once;
        bend += std::abs(twice);
    }
    return {gain, std::abs(sum) + 2.0 * std::abs(moment), bend};
}

Interpolator make(int oversampling) {
    Interpolator result{};
    result.oversampling = oversampling;
    result.stride = oversampling - 1;
    Bound worst{};
    for (int p = 1; p <= oversampling / 2; ++p) {
        const double fraction = static_cast<double>(p) / oversampling;
        const Taps h = fractional_delay(fraction);
        const Bound bound = bound_of(h, fraction);
        worst = {std::max(worst.gain, bound.gain), std::max(worst.flat, bound.flat),
                 std::max(worst.bend, bound.bend)};
        for (int k = 0; k < folded; ++k) {
            const double near = h[-first - k], far = h[-first + 1 + k];
            float* row = &result.table[static_cast<std::size_t>(k * result.stride)];
            if (2 * p == oversampling) {
                row[0] = static_cast<float>(0.5 * (near + far));
            } else {
                row[2 * p - 1] = static_cast<float>(0.5 * (near + far));
                row[2 * p] = static_cast<float>(0.5 * (near - far));
            }
        }
    }
    // Single precision sums of 40 terms err by less than 41 * 2^-24 of their absolute sum; ten times that is
    // left.
    constexpr double rounding = 1.0 + 400.0 / 16777216.0;
    constexpr double absolute = 1e-5; // of max|x|: the same rounding where the bend's bound cancels
    result.gain = static_cast<float>(worst.gain * rounding);
    result.flat = static_cast<float>(worst.flat * rounding + worst.gain * absolute);
    result.bend = static_cast<float>(worst.bend * rounding);
    return result;
}

} // namespace

std::array<double, taps> fractional_delay(double fraction) {
    // With f = edge sin(t) on a uniform grid of t, points crowd at the band edge as a minimax fit's extrema
    // do; the weight cos(t)^-0.5 evens out what remains (found by trial: +-0.0113 dB for the middle point).
    constexpr int grid = 256;
    constexpr double edge = 2.0 * std::numbers::pi * Interpolator::band_edge_per_10000 / 10000.0;
    Taps r{}, p{};
    for (int g = 0; g < grid; ++g) {
        const double t = (g + 0.5) / grid * 0.5 * std::numbers::pi;
        const double w = edge * std::sin(t), weight = 1.0 / std::sqrt(std::cos(t));
        for (int i = 0; i < taps; ++i) {
            r[i] += weight * std::cos(w * i);
            p[i] += weight * std::cos(w * (first + i - fraction));
        }
    }
    return solve_toeplitz(r, p);
}

const Interpolator& interpolator(int oversampling) {
    static const Interpolator four = make(4), eight = make(8);
    if (oversampling == 4) return four;
    if (oversampling == 8) return eight;
    throw std::invalid_argument("true-peak interpolation offers 4 or 8 points per sample");
}

} // namespace ton::dsp
