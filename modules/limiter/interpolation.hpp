// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

namespace ton::modules::limiter {

/// The eight-fold interpolation filter of the true-peak detector: a sinc under a Kaiser window, 96 taps per
/// point.
///
/// So long because a ceiling must hold for what meters of any length see: with 40 taps the worst sequences
/// (energy close to half the sample rate) are read 1.5 dB low, with 96 no lower than by a 32-fold meter of
/// 128 taps.
///
/// Folded: with s(k) = x[-k] + x[1+k] and d(k) = x[-k] - x[1+k], k = 0…47, the point in the middle is sum
/// half(k) s(k), and the points a fraction f from either end are E + O and E - O with E = sum even(k) s(k), O
/// = sum odd(k) d(k): so the larger magnitude of the two is |E| + |O|.
struct Interpolation {
    static constexpr int kPhases = 8;
    static constexpr int kTaps = 96;
    static constexpr int kHalf = kTaps / 2;
    /// A peak between two of the points is higher than they are, by up to |x''| / (2 * 16^2). With the second
    /// difference of the samples in the place of x'' (at 20 kHz and 48 kHz its 1.84th part) that is added to
    /// what is found.
    static constexpr float kBetween = 1.84F / 512.0F;
    static constexpr int kStride =
        kPhases - 1; ///< floats per k: half, then even and odd of the three mirrored pairs

    std::array<float, kHalf * kStride> table;

    /// What is found (with that addition) is at most `gain` max|x|, and at most `flat` max|x| + `bend`
    /// max|x[n-1] - 2 x[n] + x[n+1]|, over the filter's reach, with room for rounding.
    float gain, flat, bend;
};

/// The shared table. Control thread.
const Interpolation& interpolation();

/// Taps at the samples -47…48 of the point `fraction` after sample 0, in double precision. Control thread.
std::array<double, Interpolation::kTaps> interpolation_taps(double fraction);

} // namespace ton::modules::limiter
