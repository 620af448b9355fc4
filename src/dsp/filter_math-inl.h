// SPDX-License-Identifier: GPL-3.0-or-later
// The number type of filter_design-inl.h for SIMD lanes of float; same interface as dsp::ExactMath.
// Included once per instruction set, after <hwy/foreach_target.h>.
//
// No fused multiply-add: every step is one correctly rounded operation, so that a setting has the same
// coefficients, to the bit, on every instruction set.

#if defined(TON_DSP_FILTER_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_DSP_FILTER_MATH_INL_H
#undef TON_DSP_FILTER_MATH_INL_H
#else
#define TON_DSP_FILTER_MATH_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D> struct LaneMath {
    using V = hn::Vec<D>;
    using Mask = hn::Mask<D>;
    static HWY_INLINE V set(double x) { return hn::Set(D(), static_cast<float>(x)); }

    /// sin x on [0, pi/2], relative error below 2.5e-7. Our own minimax fit of sin(x)/x in x^2 (5e-9 before
    /// rounding).
    static HWY_INLINE V sine(V x) {
        const V z = x * x;
        V p = set(2.601903068e-6);
        p = p * z + set(-1.980741873e-4);
        p = p * z + set(8.333025139e-3);
        p = p * z + set(-1.666665668e-1);
        return (p * z) * x + x;
    }
    /// cos x on [0, pi/2], absolute error below 3e-7.
    static HWY_INLINE V cosine(V x) { return sine(set(1.5707963267948966) - x); }

    /// 2^x for x in [-126, 127]; exactly 1 at 0.
    static HWY_INLINE V exp2(V x) {
        const V n = hn::Round(x);
        const V f = x - n;
        return power_of_two(n) * (f * series(f) + set(1.0));
    }
    /// e^x - 1 for x <= 0, relative error below 4e-7: 2^n (2^f - 1) + (2^n - 1), so that nothing cancels
    /// where x is small (n = 0).
    static HWY_INLINE V expm1(V x) {
        const V y = hn::Max(x * set(1.4426950408889634), set(-126.0));
        const V n = hn::Round(y);
        const V f = y - n;
        const V scale = power_of_two(n);
        return (scale * f) * series(f) + (scale - set(1.0));
    }
    static HWY_INLINE V sqrt(V x) { return hn::Sqrt(x); }
    static HWY_INLINE V min(V a, V b) { return hn::Min(a, b); }
    static HWY_INLINE V max(V a, V b) { return hn::Max(a, b); }
    static HWY_INLINE V abs(V x) { return hn::Abs(x); }
    static HWY_INLINE V select(Mask m, V yes, V no) { return hn::IfThenElse(m, yes, no); }
    static HWY_INLINE Mask less(V a, V b) { return a < b; }
    static HWY_INLINE Mask equal(V a, V b) { return a == b; }
    static HWY_INLINE Mask both(Mask a, Mask b) { return hn::And(a, b); }
    static HWY_INLINE Mask either(Mask a, Mask b) { return hn::Or(a, b); }
    /// For shortcuts over work that no lane needs; the result for a lane never depends on it.
    static HWY_INLINE bool any(Mask m) { return !hn::AllFalse(D(), m); }

  private:
    /// (2^f - 1)/f on |f| <= 1/2: the Taylor series, the first term left out is 2e-9 of it.
    static HWY_INLINE V series(V f) {
        V p = set(1.52527338e-5);
        p = p * f + set(1.54035304e-4);
        p = p * f + set(1.33335581e-3);
        p = p * f + set(9.61812911e-3);
        p = p * f + set(5.55041087e-2);
        p = p * f + set(2.40226507e-1);
        return p * f + set(6.93147181e-1);
    }
    static HWY_INLINE V power_of_two(V n) {
        const hn::RebindToSigned<D> di;
        return hn::BitCast(D(), hn::ShiftLeft<23>(hn::ConvertTo(di, n) + hn::Set(di, 127)));
    }
};

} // namespace ton::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
