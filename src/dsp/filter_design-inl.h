// SPDX-License-Identifier: GPL-3.0-or-later
// Coefficients of second-order filters: matched bells, shelves, passes and notches for the equaliser, and
// bilinear Butterworth sections. M is the number type: ExactMath (double) or LaneMath<D> (float lanes, one
// filter per lane). Included once per instruction set, after <hwy/foreach_target.h>.
//
// A filter is written in Z = (z - 1)/(z + 1), that is j tan(w/2) on the unit circle:
//   H = (b2 Z^2 + b1 Z + b0) / (c2 Z^2 + c1 Z + c0)
// which is well-conditioned in float where b and a of z^-1 are not (at 20 Hz these lose all but three
// digits).
//
// Matched ("decramped") filters: the poles are impulse-invariant, the numerator takes |H| of the analogue
// prototype at DC, at f0 and at Nyquist (a bell: its value and slope at f0; a highpass: a double zero at DC,
// and f0). A notch takes its zeros at f0 and |H| at DC, Nyquist and beside the hole. After M. Vicanek,
// "Matched second order digital filters" (2016); the closed forms in Z, the shelves and the notch are our
// own. A filter whose zeros, not its poles, lie at the lower frequency or damping is the exact inverse of its
// mirror image.

#if defined(TON_DSP_FILTER_DESIGN_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_DSP_FILTER_DESIGN_INL_H
#undef TON_DSP_FILTER_DESIGN_INL_H
#else
#define TON_DSP_FILTER_DESIGN_INL_H
#endif

#include "dsp/exact_math.hpp"
#include "dsp/svf-inl.h"

#include <hwy/highway.h>

#ifndef TON_DSP_FILTER_SHAPES
#define TON_DSP_FILTER_SHAPES
namespace ton::dsp {
/// The filter types of an equaliser's band, as numbers in a lane.
enum Shape { bell, low_shelf, high_shelf, highpass, lowpass, notch, kShapes };
/// Filters stay below this part of the sample rate.
inline constexpr double kHighestFrequency = 0.49;
/// A shelf's Q is held below this: beyond it a shelf is two bells, and its dip could not be matched.
inline constexpr double kSteepestShelf = 2.0;
} // namespace ton::dsp
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::dsp::HWY_NAMESPACE {

template <class V> struct Quadratic {
    V two, one, zero; ///< of Z^2, Z, 1
};

/// H in Z, and its gain at DC.
template <class V> struct Transfer {
    Quadratic<V> above, below;
    V dc;
};

/// The state-variable form of H (see svf-inl.h): a1 = c2/S, a2 = sqrt(c0 c2)/S, a3 = c0/S, S = c0 + c1 + c2.
template <class M, class V = typename M::V> HWY_INLINE SvfCoefficients<V> realise(const Transfer<V>& h) {
    const auto &b = h.above, &c = h.below;
    const V product = c.two * c.zero, root = M::sqrt(product);
    const V lower = c.one + c.zero, sum = c.two + lower;
    const V inverse = M::set(1.0) / (sum * product); // one division for three
    const V part = product * inverse;                // 1/S
    const V top = b.two * (sum * c.zero * inverse);  // b2/c2
    return {.damp = M::set(-2.0) * lower * part,
            .turn = M::set(2.0) * root * part,
            .pull = M::set(2.0) * c.zero * part,
            .direct = (b.two + b.one + b.zero) * part,
            // (b1 + b0 - b2/c2 (c1 + c0))/S sqrt(c2/c0)
            .band = (b.one + b.zero - top * lower) * (part * root) * (sum * c.two * inverse),
            .low = h.dc};
}

/// w = 2 pi f / fs, held below kHighestFrequency.
template <class M, class V = typename M::V> HWY_INLINE V angle(V frequency, double sample_rate) {
    const V w = frequency * M::set(2.0 * 3.14159265358979323846 / sample_rate);
    return M::min(w, M::set(2.0 * 3.14159265358979323846 * kHighestFrequency));
}

template <class V> struct Poles {
    Quadratic<V> below; ///< sums to 4
    V apart, by; ///< apart/by = tan^2(w/2) c2/c0 - 1: how far w lies beside the filter's bilinear frequency
};

/// The poles of 1/(s^2 + 2 q s + 1) at w, impulse-invariant: z = exp(-q w ± w sqrt(q^2 - 1)).
template <class M, class V = typename M::V> HWY_INLINE Poles<V> impulse_invariant(V w, V q) {
    const V one = M::set(1.0), two = M::set(2.0), four = M::set(4.0);
    const V half = M::set(0.5) * w;
    const V s = M::sine(half), c = M::cosine(half);
    const V s2 = s * s, c2 = c * c;

    // Complex pair, with theta = w sqrt(1 - q^2): c0, c2 = (1 - e)^2 + 4 e {sin, cos}^2(theta/2). The sines'
    // difference is taken from the angles' difference, so that apart keeps its digits at low frequencies.
    const V cosine = M::sqrt(M::max((one - q) * (one + q), M::set(0.0)));
    const V difference = half * M::min(q * q, one) / (one + cosine);
    const V sum = w - difference;
    const V decay = M::set(0.0) - M::expm1(M::set(0.0) - q * w);
    const V e4 = four * (one - decay);
    const V shift = M::sine(M::min(sum, M::set(3.14159265358979323846) - sum)) * M::sine(difference);
    const V decay2 = decay * decay;
    Quadratic<V> p{decay2 + e4 * (c2 + shift), two * decay * (two - decay), decay2 + e4 * (s2 - shift)};
    V apart = e4 * shift - decay2 * (c2 - s2);

    const auto real = M::less(one, q);
    if (M::any(real)) {
        const V faster = q + M::sqrt(M::max((q - one) * (q + one), M::set(0.0)));
        const V fast = M::set(0.0) - M::expm1(M::set(0.0) - faster * w);
        const V slow = M::set(0.0) - M::expm1(M::set(0.0) - w / faster);
        const Quadratic<V> r{(two - fast) * (two - slow), two * (fast + slow - fast * slow), fast * slow};
        p = {M::select(real, r.two, p.two), M::select(real, r.one, p.one), M::select(real, r.zero, p.zero)};
        apart = M::select(real, s2 * r.two - c2 * r.zero, apart);
    }
    return {p, apart, c2 * p.zero};
}

/// What a band asks for. gain in dB, q as in the Audio EQ Cookbook.
template <class V> struct Wish { V shape, w, gain, q; };

/// What the other shapes take at w.
template <class V> struct Corner {
    V u;      ///< tan^2(w/2)
    V tilted; ///< |c(Z)|^2
};

/// The masks that the shapes share.
template <class M> struct Outline {
    using V = typename M::V;
    using Mask = typename M::Mask;
    Mask is_bell, is_low_shelf, is_high_shelf, is_shelf, is_highpass, is_lowpass, is_notch;
    V shelf_q;

    static HWY_INLINE Mask is(const Wish<V>& x, Shape s) { return M::equal(x.shape, M::set(s)); }
    explicit HWY_INLINE Outline(const Wish<V>& x)
        : is_bell(is(x, bell)), is_low_shelf(is(x, low_shelf)), is_high_shelf(is(x, high_shelf)),
          is_shelf(M::either(is_low_shelf, is_high_shelf)), is_highpass(is(x, highpass)), is_lowpass(is(x, lowpass)),
          is_notch(is(x, notch)), shelf_q(M::min(x.q, M::set(kSteepestShelf))) {}
};

/// Bell, boost: |H| = 1 at DC, |H| = gain and d|H|/dw = 0 at w.
template <class M, class V = typename M::V> HWY_INLINE Quadratic<V> bell_zeros(const Poles<V>& p, V gain) {
    const V one = M::set(1.0), two = M::set(2.0), none = M::set(0.0);
    const auto& c = p.below;
    const V whole = p.by + p.apart, whole2 = whole * whole, gain2 = gain * gain;
    const V inverse = one / (p.by * whole2); // one division for two
    const V detune = p.apart * whole2 * inverse;
    const V rise = (gain2 - one) * p.apart * (p.by + whole) * (p.by * inverse); // n2^2 - 1
    const V n2 = M::sqrt(M::max(one + rise, none));
    const V n2_less_1 = rise / (one + n2);
    const V product = c.two * c.zero;
    const V bend = two * ((gain2 - one - rise) * detune - n2 * n2_less_1);
    const V least = M::set(1e-6) * n2 * product; // keeps the inverse damped
    return {n2 * c.two, M::sqrt(M::max(gain2 * c.one * c.one + product * bend, least)), c.zero};
}

/// Numerator with the prototype's |H| at DC (`dc`), at w (`here2`, squared) and at Nyquist (`top2`, squared).
template <class M, class V = typename M::V>
HWY_INLINE Quadratic<V> three_point_zeros(const Quadratic<V>& c, const Corner<V>& at, V dc, V here2, V top2) {
    const V b0 = dc * c.zero;
    const V b2 = M::sqrt(top2) * c.two;
    const V gap = b0 - b2 * at.u;
    const V least = M::set(1e-6) * b0 * b2;
    return {b2, M::sqrt(M::max((here2 * at.tilted - gap * gap) / at.u, least)), b0};
}

template <class M, class V = typename M::V>
HWY_INLINE Quadratic<V> choose(typename M::Mask m, const Quadratic<V>& yes, const Quadratic<V>& no) {
    return {M::select(m, yes.two, no.two), M::select(m, yes.one, no.one), M::select(m, yes.zero, no.zero)};
}

/// Zeros of everything but the bell. y = (w/pi)^2 stands for the prototype's s^2 at Nyquist.
template <class M, class V = typename M::V>
HWY_INLINE Quadratic<V> other_zeros(const Wish<V>& x, const Outline<M>& o, V gain, const Corner<V>& at,
                                    const Quadratic<V>& c, Quadratic<V> b) {
    const V one = M::set(1.0), none = M::set(0.0);
    const V over_pi = x.w * M::set(1.0 / 3.14159265358979323846);
    const V y = over_pi * over_pi;
    if (M::any(M::either(o.is_shelf, o.is_lowpass))) {
        // shelf: A (s^2 + s sqrt(A)/Q + A)/(A s^2 + s sqrt(A)/Q + 1), its gain A^2; lowpass: 1/(s^2 + s/Q +
        // 1)
        const V a = M::sqrt(gain);
        const V q = M::select(o.is_shelf, o.shelf_q, x.q);
        const V width = y / (q * q);
        const V near = a * y - one, far = y - a, low = y - one;
        const V shelf2 = gain * (near * near + a * width) / (far * far + a * width);
        const V pass2 = y * y / (low * low + width);
        b = choose<M>(M::either(o.is_shelf, o.is_lowpass),
                      three_point_zeros<M>(c, at, M::select(o.is_shelf, gain, one),
                                           M::select(o.is_shelf, gain, q * q),
                                           M::select(o.is_shelf, shelf2, pass2)),
                      b);
    }
    if (M::any(o.is_highpass)) b = choose<M>(o.is_highpass, {x.q * M::sqrt(at.tilted) / at.u, none, none}, b);
    return b;
}

/// Poles of a notch whose zeros are Z^2 + u: |H| = 1 at DC, the prototype's at Nyquist, and the prototype's
/// slope on both sides of the hole, that is |c(Z)|^2 = (du/dx)^2/Q^2 at w, x = (w/w0)^2.
template <class M, class V = typename M::V> HWY_INLINE Quadratic<V> notch_poles(const Wish<V>& x, V u) {
    const V one = M::set(1.0);
    const V over_pi = x.w * M::set(1.0 / 3.14159265358979323846);
    const V y = over_pi * over_pi;
    const V c2 = M::sqrt((one - y) * (one - y) + y / (x.q * x.q)) / (one - y);
    const V slope = (one + u) * M::set(0.5) * x.w / x.q; // du/dx / (Q sqrt(u))
    const V gap = one - c2;
    const V least = M::set(1e-6) * c2 * u;
    return {c2, M::sqrt(M::max(slope * slope - u * gap * gap, least)), u};
}

/// A matched filter on the drawing board. Each step is a chain of roots and divisions that wait for one another: a bank of
/// filters takes them step by step, so that one filter's wait is the next one's time.
template <class M> struct Draft {
    using V = typename M::V;
    Wish<V> wish;
    V gain;       ///< amplitude of |gain|: at least 1
    V w, damping; ///< of the poles
    Poles<V> poles;

    /// Step 1: gains.
    HWY_INLINE void begin(const Wish<V>& x) {
        const V one = M::set(1.0);
        wish = x;
        const Outline<M> o(x);
        const V octaves = M::abs(x.gain) * M::set(0.16609640474436813); // log2(10)/20
        gain = M::exp2(octaves);
        // Poles: a bell's damping is 1/(2 Q sqrt(gain)), a shelf's frequency f0/sqrt(A) = f0 gain^(-1/4).
        const V narrow = M::exp2(octaves * M::select(o.is_bell, M::set(-0.5), M::set(-0.25)));
        const V half_width = M::set(0.5) / M::select(o.is_shelf, o.shelf_q, x.q);
        w = x.w * M::select(o.is_shelf, narrow, one);
        damping = half_width * M::select(o.is_bell, narrow, one);
    }
    /// Step 2.
    HWY_INLINE void find_poles() { poles = impulse_invariant<M>(w, damping); }
    /// Step 3.
    HWY_INLINE Transfer<V> transfer() const;
};

template <class M> HWY_INLINE Transfer<typename M::V> Draft<M>::transfer() const {
    const V one = M::set(1.0), half = M::set(0.5);
    const Wish<V>& x = wish;
    const Outline<M> o(x);
    auto c = poles.below;
    auto b = c;
    if (M::any(o.is_bell)) b = bell_zeros<M>(poles, gain);
    const auto others = M::either(o.is_shelf, M::either(o.is_lowpass, M::either(o.is_highpass, o.is_notch)));
    V dc = one;
    if (M::any(others)) {
        const V s = M::sine(half * x.w), k = M::cosine(half * x.w);
        const V u = (s * s) / (k * k), gap = c.zero - c.two * u;
        b = other_zeros<M>(x, o, gain, {u, gap * gap + c.one * c.one * u}, c, b);
        if (M::any(o.is_notch)) {
            c = choose<M>(o.is_notch, notch_poles<M>(x, u), c);
            b = choose<M>(o.is_notch, {one, M::set(0.0), u}, b);
        }
        dc = M::select(o.is_highpass, M::set(0.0), one);
        if (M::any(o.is_shelf)) {
            const V signed_gain = M::exp2(x.gain * M::set(0.16609640474436813));
            dc = M::select(o.is_low_shelf, signed_gain, dc);
            // A high shelf is the low shelf of the opposite gain, times its own: low for a cut, inverse for a
            // boost.
            const V level = M::select(o.is_high_shelf, signed_gain, one);
            const auto boost = M::both(o.is_high_shelf, M::less(M::set(0.0), x.gain));
            b = {b.two * M::select(boost, one, level), b.one * M::select(boost, one, level),
                 b.zero * M::select(boost, one, level)};
            c = {c.two * M::select(boost, level, one), c.one * M::select(boost, level, one),
                 c.zero * M::select(boost, level, one)};
        }
    }
    const auto by_cut = M::both(M::less(x.gain, M::set(0.0)), M::either(o.is_bell, o.is_low_shelf));
    const auto inverse = M::either(by_cut, M::both(o.is_high_shelf, M::less(M::set(0.0), x.gain)));
    return {choose<M>(inverse, c, b), choose<M>(inverse, b, c), dc};
}

/// The matched filter of that shape, gain, frequency and q.
template <class M, class V = typename M::V> HWY_INLINE Transfer<V> matched(const Wish<V>& x) {
    Draft<M> draft;
    draft.begin(x);
    draft.find_poles();
    return draft.transfer();
}

/// One section s^2 + k s + 1 of a bilinear Butterworth high- or low-pass, with g = tan(w/2). `first_order` is
/// 1 for a section of the first order, written as (s + 1) over (s + 1)^2 (k = 2), else 0.
template <class M, class V = typename M::V>
HWY_INLINE SvfCoefficients<V> butterworth(bool high, V g, V k, V first_order) {
    const V one = M::set(1.0), two = M::set(2.0);
    const V part = one / (one + g * (g + k));
    SvfCoefficients<V> f{.damp = M::set(-2.0) * g * (g + k) * part,
                         .turn = two * g * part,
                         .pull = two * g * g * part,
                         .direct = (g + first_order) * g * part,
                         .band = (g + first_order) * part,
                         .low = one};
    if (high) {
        f.direct = (one + first_order * g) * part;
        f.band = (first_order - k - g) * part;
        f.low = M::set(0.0);
    }
    return f;
}

} // namespace ton::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
