// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

namespace ton::dsp {

/// Fractional-delay filters for the points between two samples, folded so that two mirrored points share
/// their work.
///
/// With x the samples from 19 before to 20 after, s(k) = x[-k] + x[1+k] and d(k) = x[-k] - x[1+k], k = 0..19,
/// the middle point is sum half(k) s(k), and the points a fraction f from either end are E + O and E - O with
/// E = sum even(k) s(k), O = sum odd(k) d(k). So the larger magnitude of the two is |E| + |O|.
struct Interpolator {
    static constexpr int taps = 40;
    static constexpr int folded = taps / 2;
    static constexpr int band_edge_per_10000 = 4535; // of the sample rate: 20 kHz at 44.1 kHz

    int oversampling; // 4 or 8
    int stride;       // floats per k: half, then even and odd for each mirrored pair
    std::array<float, folded * 7> table;

    /// Bounds of any interpolated point: its magnitude is at most `gain` max|x|, and at most
    /// `flat` max|x| + `bend` max|x[n-1] - 2 x[n] + x[n+1]|, over the filter's reach and with room for
    /// rounding.
    float gain, flat, bend;
};

/// The shared table for 4 or 8 points per sample; anything else throws std::invalid_argument. Control thread.
const Interpolator& interpolator(int oversampling);

/// Coefficients at the samples -19..20 of the point `fraction` after sample 0: a near-equiripple
/// least-squares fit of the ideal delay from 0 to the band edge, weighted as Chebyshev points are spaced.
/// Control thread.
std::array<double, Interpolator::taps> fractional_delay(double fraction);

} // namespace ton::dsp
