// SPDX-License-Identifier: GPL-3.0-or-later
// Elementary functions on SIMD lanes. Every lane width gives the same bits, and so does every instruction set: nothing here is
// fused (plain x86-64 has no fused multiply-add), since what follows from parameters must not depend on the machine.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_DSP_LANE_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_DSP_LANE_MATH_INL_H
#undef TON_DSP_LANE_MATH_INL_H
#else
#define TON_DSP_LANE_MATH_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// a b + c, rounded twice: the same bits with and without a fused multiply-add in the instruction set.
template <class V> HWY_INLINE V mul_add(V a, V b, V c) { return a * b + c; }

/// 2^x for x in [-126, 127] (clamped); exactly 1 at 0. Relative error below 2e-7.
/// Series of 2^f on |f| <= 1/2 to the 7th power: the first term left out is 5e-9.
template <class D, class V = hn::Vec<D>> HWY_INLINE V exp2(D d, V x) {
    const hn::RebindToSigned<D> di;
    x = hn::Min(hn::Max(x, hn::Set(d, -126.0F)), hn::Set(d, 127.0F));
    const V n = hn::Round(x);
    const V f = x - n;
    V p = hn::Set(d, 1.52527338e-5F);
    p = p * f + hn::Set(d, 1.54035304e-4F);
    p = p * f + hn::Set(d, 1.33335581e-3F);
    p = p * f + hn::Set(d, 9.61812911e-3F);
    p = p * f + hn::Set(d, 5.55041087e-2F);
    p = p * f + hn::Set(d, 2.40226507e-1F);
    p = p * f + hn::Set(d, 6.93147181e-1F);
    p = p * f + hn::Set(d, 1.0F);
    const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(di, n) + hn::Set(di, 127));
    return p * hn::BitCast(d, exponent);
}

/// log2 x for x > 0; exactly 0 at 1. At or below 1e-37 it gives log2 1e-37. Absolute error below 2e-7 near 1.
/// x = 2^e m with m in [sqrt(1/2), sqrt(2)), log2 m = 2/ln 2 atanh((m - 1)/(m + 1)).
template <class D, class V = hn::Vec<D>> HWY_INLINE V log2(D d, V x) {
    const hn::RebindToSigned<D> di;
    x = hn::Max(x, hn::Set(d, 1e-37F));
    const auto bits = hn::BitCast(di, x);
    // Subtracting sqrt(1/2)'s bit pattern carries the exponent over exactly where m passes sqrt(2).
    const auto exponent = hn::ShiftRight<23>(bits - hn::Set(di, 0x3F3504F3));
    const V m = hn::BitCast(d, bits - hn::ShiftLeft<23>(exponent));
    const V one = hn::Set(d, 1.0F);
    const V s = (m - one) / (m + one);
    const V s2 = s * s;
    V p = hn::Set(d, 0.320598898F);            // 2/ln 2 / 9
    p = p * s2 + hn::Set(d, 0.412198583F); // … / 7
    p = p * s2 + hn::Set(d, 0.577078016F); // … / 5
    p = p * s2 + hn::Set(d, 0.961796694F); // … / 3
    p = p * s2 + hn::Set(d, 2.88539008F);
    return p * s + hn::ConvertTo(d, exponent);
}

} // namespace ton::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
