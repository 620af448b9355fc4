// SPDX-License-Identifier: GPL-3.0-or-later
// Pan laws on SIMD lanes: gains from a position, smooth enough to be worked out for every sample of a moving
// knob. Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_DSP_PAN_LAW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_DSP_PAN_LAW_INL_H
#undef TON_DSP_PAN_LAW_INL_H
#else
#define TON_DSP_PAN_LAW_INL_H
#endif

#include "dsp/lane_math-inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Gains of a left and a right channel, linear.
template <class V> struct GainPair { V left, right; };

/// sin(pi/2 u) for u in [0, 1]; below and above it stays at exactly 0 and exactly 1. Relative error below
/// 2e-7. u P(u^2) with P of degree 4, the minimax fit of relative error under P(1) = 1 (6e-9 before
/// rounding).
template <class D, class V = hn::Vec<D>> HWY_INLINE V quarter_sine(D d, V u) {
    const V one = hn::Set(d, 1.0F);
    u = hn::Max(u, hn::Zero(d));
    const V u2 = u * u;
    V p = hn::Set(d, 0.000151280797F);
    p = mul_add(p, u2, hn::Set(d, -0.00467339334F));
    p = mul_add(p, u2, hn::Set(d, 0.079689468F));
    p = mul_add(p, u2, hn::Set(d, -0.645963673F));
    p = mul_add(p, u2, hn::Set(d, 1.57079632F));
    return hn::IfThenElse(u >= one, one, p * u);
}

/// Travel of the left and the right channel from 0 to 1 for a position in [-1, 1].
template <class D, class V = hn::Vec<D>> HWY_INLINE GainPair<V> travel(D d, V position) {
    const V half = hn::Set(d, 0.5F);
    return {half - half * position, mul_add(half, position, half)};
}

/// The -3 dB law: left^2 + right^2 = 1, sqrt(1/2) each in the centre.
template <class D, class V = hn::Vec<D>> HWY_INLINE GainPair<V> equal_power(D d, V position) {
    const auto t = travel(d, position);
    return {quarter_sine(d, t.left), quarter_sine(d, t.right)};
}

/// The 0 dB law, and what a balance knob does to stereo: the near side stays at exactly 1, the far side fades
/// as cos(pi/2 |position|), which leaves the centre without a kink.
template <class D, class V = hn::Vec<D>> HWY_INLINE GainPair<V> balance(D d, V position) {
    const V one = hn::Set(d, 1.0F);
    return {quarter_sine(d, one - position), quarter_sine(d, one + position)};
}

} // namespace ton::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
