// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <cmath>
#include <cstdint>

namespace ton::modules::tone {

/// A phase in turns, as a fraction of 2^64: it wraps by itself, never drifts, and n steps are one
/// multiplication.
using Phase = std::uint64_t;
inline constexpr double kTurn = 18446744073709551616.0; // 2^64

inline Phase phase_of(double turns) TM_NONBLOCKING {
    const double part = turns - static_cast<double>(static_cast<std::int64_t>(turns)); // of turns >= 0
    return static_cast<Phase>(part * kTurn);
}

/// sin(2 pi phase), error below 1e-11. Taylor's series on a quarter turn, so no two C libraries differ.
inline double sine(Phase phase) TM_NONBLOCKING {
    double v =
        static_cast<double>(static_cast<std::int64_t>(phase)) * (4.0 / kTurn); // quarter turns in [-2, 2)
    if (v > 1.0)
        v = 2.0 - v;
    else if (v < -1.0)
        v = -2.0 - v;
    const double x = v * 1.5707963267948966, x2 = x * x;
    double p = -1.0 / 1307674368000.0;
    p = p * x2 + 1.0 / 6227020800.0;
    p = p * x2 - 1.0 / 39916800.0;
    p = p * x2 + 1.0 / 362880.0;
    p = p * x2 - 1.0 / 5040.0;
    p = p * x2 + 1.0 / 120.0;
    p = p * x2 - 1.0 / 6.0;
    return x + x * x2 * p;
}

/// 1 - S(a) for a >= 0, where S is the integral of the cubic B-spline: what rounds a step off over four
/// samples (Valimaki, Pekonen & Nam, JASA 131(1) 2012, integrated third-order B-spline).
inline double step_residual(double a) TM_NONBLOCKING {
    if (a >= 2.0) return 0.0;
    const double far = 2.0 - a;
    if (a >= 1.0) return far * far * far * far / 24.0;
    const double a2 = a * a;
    return 0.5 - a * (2.0 / 3.0) + a2 * a / 3.0 - a2 * a2 / 8.0;
}

/// A square wave of +-1 convolved with the cubic B-spline: harmonic k has the amplitude
/// 4/(pi k) sinc(k f/fs)^4, and what folds back is weighted the same. `step` is the phase's step per sample
/// (< 1/2).
inline double square(Phase phase, Phase step) TM_NONBLOCKING {
    const double half = 0.5 * kTurn / static_cast<double>(step); // samples from edge to edge, above 1
    const bool high = phase < (Phase{1} << 63);
    const Phase into = high ? phase : phase - (Phase{1} << 63);
    const double since = static_cast<double>(into) / static_cast<double>(step);
    double y = high ? 1.0 : -1.0;
    double sign = y; // of the last edge: upwards where the wave is high now
    for (double a = since; a < 2.0; a += half, sign = -sign) y -= 2.0 * sign * step_residual(a);
    sign = high ? -1.0 : 1.0; // of the next edge
    for (double a = half - since; a < 2.0; a += half, sign = -sign) y += 2.0 * sign * step_residual(a);
    return y;
}

/// 0…1…0: a smooth edge of `fade` frames at either end of `length` frames.
inline double plateau(double frame, double length, double fade) TM_NONBLOCKING {
    const double edge = frame < length - frame ? frame : length - frame;
    if (edge >= fade) return 1.0;
    if (edge <= 0.0) return 0.0;
    const double t = edge / fade;
    return t * t * (3.0 - 2.0 * t);
}

} // namespace ton::modules::tone
