// SPDX-License-Identifier: GPL-3.0-or-later
// Building blocks of dynamics processors on SIMD lanes. Levels and reductions are counted in octaves of
// amplitude (log2; one octave is 6.0206 dB), where multiplying is adding and the time constants are those of
// the decibel.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_DSP_DYNAMICS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_DSP_DYNAMICS_INL_H
#undef TON_DSP_DYNAMICS_INL_H
#else
#define TON_DSP_DYNAMICS_INL_H
#endif

#include "dsp/lane_math-inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr float kOctavesPerDecibel = 0.16609640474F; // log2(10) / 20
inline constexpr float kDecibelsPerOctave = 6.0205999133F;

/// log2 of an amplitude for a detector: absolute error below 2.2e-6 octaves (1.3e-5 dB), exactly 0 at 1. At
/// or below 1e-37 it gives log2 1e-37. Without the division of lane_math's log2. x = 2^e m with m in
/// [sqrt(1/2), sqrt(2)); log2 m = t Q(t), t = m - 1, Q the minimax polynomial of degree 5.
template <class D, class V = hn::Vec<D>> HWY_INLINE V octaves_of(D d, V x) {
    const hn::RebindToSigned<D> di;
    const auto bits = hn::BitCast(di, hn::Max(x, hn::Set(d, 1e-37F)));
    // Subtracting sqrt(1/2)'s bit pattern carries the exponent over exactly where m passes sqrt(2).
    const auto exponent = hn::ShiftRight<23>(bits - hn::Set(di, 0x3F3504F3));
    const V t = hn::BitCast(d, bits - hn::ShiftLeft<23>(exponent)) - hn::Set(d, 1.0F);
    V q = hn::Set(d, -0.20659177F);
    q = mul_add(q, t, hn::Set(d, 0.32215482F));
    q = mul_add(q, t, hn::Set(d, -0.36748996F));
    q = mul_add(q, t, hn::Set(d, 0.47934800F));
    q = mul_add(q, t, hn::Set(d, -0.72113186F));
    q = mul_add(q, t, hn::Set(d, 1.4427135F));
    return mul_add(q, t, hn::ConvertTo(d, exponent));
}

/// The amplitude factor of a gain in octaves, at most 127; relative error below 2e-7, exactly 1 at 0; below
/// -125 it stays there. x = n + f with |f| <= 1/2; 2^f = 1 + f P(f), P the minimax polynomial of degree 4.
/// Adding 1.5 * 2^23 rounds to n and leaves it in the low bits, from where it is shifted into the exponent.
template <class D, class V = hn::Vec<D>> HWY_INLINE V amplitude_of(D d, V x) {
    const hn::RebindToSigned<D> di;
    const V round = hn::Set(d, 12582912.0F);
    x = hn::Max(x, hn::Set(d, -125.0F));
    const V n = x + round;
    const V f = x - (n - round);
    V p = hn::Set(d, 1.3407259e-3F);
    p = mul_add(p, f, hn::Set(d, 9.6718759e-3F));
    p = mul_add(p, f, hn::Set(d, 5.5503085e-2F));
    p = mul_add(p, f, hn::Set(d, 0.24022235F));
    p = mul_add(p, f, hn::Set(d, 0.69314724F));
    p = mul_add(p, f, hn::Set(d, 1.0F));
    return hn::BitCast(d, hn::BitCast(di, p) + hn::ShiftLeft<23>(hn::BitCast(di, n)));
}

/// The step 1 - exp(-1 / (tau rate)) of a one-pole y += step (x - y) whose step response reaches 1 - 1/e
/// after tau. `milliseconds` = tau; `per_millisecond` = the sample rate in kHz. For tau of at least 2
/// samples. The series of 1 - exp(-u) to u^7, because 1 - exp would lose the small steps of long times to
/// rounding.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V one_pole_step(D d, V milliseconds, float per_millisecond) {
    const V u = hn::Set(d, 1.0F) / (milliseconds * hn::Set(d, per_millisecond));
    V p = hn::Set(d, 1.0F / 5040);
    p = mul_add(p, u, hn::Set(d, -1.0F / 720));
    p = mul_add(p, u, hn::Set(d, 1.0F / 120));
    p = mul_add(p, u, hn::Set(d, -1.0F / 24));
    p = mul_add(p, u, hn::Set(d, 1.0F / 6));
    p = mul_add(p, u, hn::Set(d, -0.5F));
    p = mul_add(p, u, hn::Set(d, 1.0F));
    return p * u;
}

/// The soft-knee gain computer of Giannoulis, Massberg and Reiss (JAES 60(6), 2012), as the reduction it asks
/// for:
///   level <= T - W/2:  0
///   within the knee:   (1 - 1/R) (level - T + W/2)^2 / (2 W)
///   above T + W/2:     (1 - 1/R) (level - T)
/// With z = level - (T - W/2), never negative, and k its part within the knee, all three are bend k^2 + slope
/// (z - k).
template <class V> struct GainComputer {
    V start; ///< T - W/2, octaves
    V knee;  ///< W, octaves
    V bend;  ///< (1 - 1/R) / (2 W), or 0 where W is 0
    V slope; ///< 1 - 1/R

    HWY_INLINE V reduction(V level) const {
        const hn::DFromV<V> d;
        const V z = hn::Max(level - start, hn::Zero(d));
        const V k = hn::Min(z, knee);
        return mul_add(bend * k, k, slope * (z - k));
    }
};

} // namespace ton::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
