// SPDX-License-Identifier: GPL-3.0-or-later
// The state-variable filter behind every equaliser and cut filter, with coefficients that may move at any
// speed. Included once per instruction set, after <hwy/foreach_target.h>.
//
// Trapezoidal integrators (A. Simper, "Linear trapezoidal integrated SVF", 2013; V. Zavalishin, "The art of
// VA filter design", 2012), for 1/(s^2 + k s + 1), s = Z/g, Z = (z - 1)/(z + 1); a1 = 1/(1 + g(g + k)), a2 =
// g a1, a3 = g a2:
//   v3 = x - i2,   v1 = a1 i1 + a2 v3,   v2 = i2 + a2 i1 + a3 v3,   i1' = 2 v1 - i1,   i2' = 2 v2 - i2
//   y = m0 x + m1 v1 + m2 v2
// is computed as
//   i1' = i1 + (2 a1 - 2) i1 + 2 a2 v3,   i2' = i2 + 2 a2 i1 + 2 a3 v3,   y = direct v3 + band i1 + low i2
// whose small coefficients keep their relative precision in float however low the frequency.
//
// Why it is stable however the coefficients move: without input, with i' = 2 v - i and v - i = g (-k v1 - v2,
// v1),
//   |i'|^2 - |i|^2 = 4 v . (v - i) = -4 g k v1^2 <= 0,
// so each step is a contraction of the state's Euclidean norm for every g, k > 0. The step's matrix is linear
// in (a1, a2, a3): coefficients on a straight line between two filters give a convex combination of two
// contractions, which is one again. No frequency, Q or gain movement can make the state grow; y is a bounded
// map of state and input.

#if defined(TON_DSP_SVF_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_DSP_SVF_INL_H
#undef TON_DSP_SVF_INL_H
#else
#define TON_DSP_SVF_INL_H
#endif

#include "dsp/lane_bits-inl.h"
#include "dsp/lane_math-inl.h"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ton::dsp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V> struct SvfCoefficients {
    V damp;   ///< 2 a1 - 2: at most 0
    V turn;   ///< 2 a2
    V pull;   ///< 2 a3
    V direct; ///< of v3
    V band;   ///< of i1
    V low;    ///< of i2: the gain at DC
};

template <class V> struct SvfState { V i1, i2; };

template <class V> HWY_INLINE V svf_tick(const SvfCoefficients<V>& f, SvfState<V>& s, V x) {
    const V v3 = x - s.i2;
    const V y = mul_add(f.direct, v3, mul_add(f.band, s.i1, f.low * s.i2));
    const V i2 = mul_add(f.pull, v3, mul_add(f.turn, s.i1, s.i2));
    s.i1 = mul_add(f.turn, v3, mul_add(f.damp, s.i1, s.i1));
    s.i2 = i2;
    return y;
}

/// A filter's way through a cell: value falls by step per sample.
template <class V> struct SvfWay { SvfCoefficients<V> value, step; };

/// Filters on their way: coefficients move in a straight line through each cell of the sample clock. A change
/// of kind (type, slope, on and off) travels for many cells on a smooth curve. A filter that does nothing
/// sleeps: it costs nothing where all lanes sleep, passes every bit where a neighbour is awake, and wakes up
/// from rest. Their memory is small, since a big desk's is read once per segment: the way through a cell is
/// found at the cell's start, and kept only where a call ends in the cell's middle.
template <class V, int N> struct MovingSvfs {
    static_assert(N <= 8);
    using D = hn::DFromV<V>;
    using Mask = hn::Mask<D>;
    using Coefficients = SvfCoefficients<V>;
    using Way = SvfWay<V>;
    LaneBits<V> flags;      ///< see busy(), awake(), travels()
    Coefficients target[N]; ///< due at the cell's end; what plays where it stands still
    V travel[N];            ///< cells left of a change of kind
    Way kept[N];            ///< where a block ended in a cell's middle

    /// Filter n moves: it wants cell() when the next one begins.
    static constexpr std::uint32_t busy(int n) { return 1U << n; }
    /// It doesn't sleep.
    static constexpr std::uint32_t awake(int n) { return 0x100U << n; }
    /// It is on a change of kind.
    static constexpr std::uint32_t travels(int n) { return 0x10000U << n; }
    static constexpr std::uint32_t kAllTravels = 0xFF0000U;

    static HWY_INLINE V set(float x) { return hn::Set(D(), x); }

    template <class F> static HWY_INLINE void each(Coefficients& a, const Coefficients& b, F f) {
        f(a.damp, b.damp), f(a.turn, b.turn), f(a.pull, b.pull);
        f(a.direct, b.direct), f(a.band, b.band), f(a.low, b.low);
    }
    struct Replace {
        Mask where;
        HWY_INLINE void operator()(V& a, V b) const { a = hn::IfThenElse(where, b, a); }
    };
    struct Approach { // from b, by the part `rest` that is left of the way to a
        Mask where;
        V rest;
        HWY_INLINE void operator()(V& a, V b) const {
            a = hn::IfThenElse(where, mul_add(rest, b - a, a), a);
        }
    };

    /// x -> x for any state, with the poles of `f`.
    static HWY_INLINE Coefficients identity(const Coefficients& f) {
        return {f.damp, f.turn, f.pull, set(1.0F), set(0.0F), set(1.0F)};
    }
    static HWY_INLINE Mask is_identity(const Coefficients& f) {
        return hn::And(f.direct == set(1.0F), hn::And(f.band == set(0.0F), f.low == set(1.0F)));
    }
    /// x -> x to the bit, signed zeros too, while the state is +0: which it then stays.
    static HWY_INLINE Coefficients asleep() {
        return {set(0.0F), set(0.0F), set(0.0F), set(1.0F), set(-0.0F), set(-0.0F)};
    }
    /// What is left of a change with `cells` left: 1 at the start, 0 at the end, both with slope 0.
    static HWY_INLINE V smooth(V cells, V all) {
        const V r = cells / all;
        return r * r * (set(3.0F) - r - r);
    }

    /// The very first coefficients of filter n in those lanes: they stand still.
    HWY_INLINE void start(int n, const Coefficients& next, Mask where) {
        const Mask sleeps = hn::And(where, is_identity(next));
        each(target[n], next, Replace{where});
        each(target[n], asleep(), Replace{sleeps});
        travel[n] = hn::IfThenElse(where, set(0.0F), travel[n]);
        flags.set(travels(n), hn::AndNot(where, flags.test(travels(n))));
        flags.set(busy(n), hn::AndNot(where, flags.test(busy(n))));
        flags.set(awake(n), hn::AndNot(sleeps, hn::Or(where, flags.test(awake(n)))));
    }
    HWY_INLINE Way rest(int n) const {
        const V none = set(0.0F);
        return {target[n], {none, none, none, none, none, none}};
    }
    /// In a cell's middle: what was kept there of those lanes that move.
    HWY_INLINE Way resume(int n) const {
        const Mask on_its_way = flags.test(busy(n));
        Way way = rest(n);
        each(way.value, kept[n].value, Replace{on_its_way});
        each(way.step, kept[n].step, Replace{on_its_way});
        return way;
    }

    /// At a cell's start: the last cell's target was reached, `next` is due at the new one's end (its direct,
    /// band and low are those of identity() where the filter shall do nothing). `turns` begins a change of
    /// kind over `cells` cells of `cell_length` samples. Returns where it has just fallen asleep: there the
    /// state must be cleared.
    HWY_INLINE Mask cell(int n, const Coefficients& next, Mask turns, V cells, int cell_length, Way& way) {
        auto& value = way.value;
        auto& end = target[n];
        value = end;
        const Mask wakes = hn::Not(flags.test(awake(n)));
        if (!hn::AllFalse(D(), wakes)) each(value, identity(next), Replace{wakes});
        end = next;
        Mask travelling = hn::Or(turns, flags.test(travels(n)));
        if (!hn::AllFalse(D(), travelling)) {
            const V before = hn::IfThenElse(turns, cells, travel[n]), left = before - set(1.0F);
            const V rest = smooth(left, cells) / smooth(before, cells);
            each(end, value, Approach{travelling, rest});
            travel[n] = hn::IfThenElseZero(travelling, left);
            travelling = travel[n] > set(0.0F);
            flags.set(travels(n), travelling);
        }
        const V per_sample = set(1.0F / static_cast<float>(cell_length));
        way.step = {(value.damp - end.damp) * per_sample, (value.turn - end.turn) * per_sample,
                    (value.pull - end.pull) * per_sample, (value.direct - end.direct) * per_sample,
                    (value.band - end.band) * per_sample, (value.low - end.low) * per_sample};
        const Mask sleeps = hn::And(is_identity(value), is_identity(end));
        Mask moving = hn::Or(travelling, moves(value, end));
        if (!hn::AllFalse(D(), sleeps)) {
            each(end, asleep(), Replace{sleeps});
            each(value, asleep(), Replace{sleeps});
            each(way.step, rest(n).step, Replace{sleeps});
            moving = hn::AndNot(hn::AndNot(travelling, sleeps), moving);
        }
        flags.set(busy(n), moving);
        flags.set(awake(n), hn::Not(sleeps));
        return hn::AndNot(wakes, sleeps);
    }

    static HWY_INLINE Mask moves(const Coefficients& a, const Coefficients& b) {
        const Mask state = hn::Or(a.damp != b.damp, hn::Or(a.turn != b.turn, a.pull != b.pull));
        return hn::Or(state, hn::Or(a.direct != b.direct, hn::Or(a.band != b.band, a.low != b.low)));
    }
};

/// x - 0 is x for signed zeros too: a filter that stands still keeps its bits beside one that moves.
template <class V> HWY_INLINE void svf_advance(SvfCoefficients<V>& f, const SvfCoefficients<V>& step) {
    f.damp = f.damp - step.damp;
    f.turn = f.turn - step.turn;
    f.pull = f.pull - step.pull;
    f.direct = f.direct - step.direct;
    f.band = f.band - step.band;
    f.low = f.low - step.low;
}

/// Runs N filters in series over `frames` samples in place, from the coefficients in `now`, and leaves these
/// where they have got to. All is kept in registers: copied in, looped, copied out.
template <int N, bool kMoving, class D, class V = hn::Vec<D>>
HWY_INLINE void svf_series(D d, SvfCoefficients<V>* now, const SvfCoefficients<V>* const* steps,
                           SvfState<V>* const* states, float* HWY_RESTRICT audio, int frames) {
    const int width = static_cast<int>(hn::Lanes(d));
    SvfCoefficients<V> f[N], step[N];
    SvfState<V> s[N];
    for (int n = 0; n < N; ++n) {
        f[n] = now[n], s[n] = *states[n];
        if constexpr (kMoving) step[n] = *steps[n];
    }
    for (int i = 0; i < frames; ++i, audio += width) {
        V y = hn::LoadU(d, audio);
        for (int n = 0; n < N; ++n) y = svf_tick(f[n], s[n], y);
        if constexpr (kMoving)
            for (int n = 0; n < N; ++n) svf_advance(f[n], step[n]);
        hn::StoreU(y, d, audio);
    }
    for (int n = 0; n < N; ++n) now[n] = f[n], *states[n] = s[n];
}

/// N filters over all channels; every channel sees the same coefficients. `ways` only where they move.
template <int N, bool kMoving, class D, class V = hn::Vec<D>>
HWY_INLINE void svf_channels(D d, const SvfCoefficients<V>* const* still, SvfWay<V>* const* ways, SvfState<V>* const* states,
                             int channel_stride, float* const* audio, int channels, int frames) {
    SvfCoefficients<V> now[N];
    const SvfCoefficients<V>* steps[N] = {};
    SvfState<V>* here[N];
    for (int c = 0; c < channels; ++c) {
        for (int n = 0; n < N; ++n) {
            now[n] = kMoving ? ways[n]->value : *still[n];
            if constexpr (kMoving) steps[n] = &ways[n]->step;
            here[n] = states[n] + c * channel_stride;
        }
        svf_series<N, kMoving>(d, now, steps, here, audio[c], frames);
    }
    if constexpr (kMoving)
        for (int n = 0; n < N; ++n) ways[n]->value = now[n];
}

/// A chain of `Count` filters: those that are awake in any lane, several at a time so that one's latency hides
/// the other's: two where they move (with their steps they fill the registers), four where they stand still.
/// states[n] of channel c stands at states + c * channel_stride + n. While `moving`, never across a cell's end, and
/// ways[n] leads on from here.
template <int Count, class D, class V = hn::Vec<D>>
HWY_INLINE void svf_chain(D d, const MovingSvfs<V, Count>& filters, bool moving, SvfWay<V>* ways, SvfState<V>* states,
                          int channel_stride, float* const* audio, int channels, int frames) {
    const SvfCoefficients<V>* still[Count];
    SvfWay<V>* way[Count];
    SvfState<V>* state[Count];
    int count = 0;
    const auto flags = filters.flags.any();
    for (int n = 0; n < Count; ++n)
        if ((flags & filters.awake(n)) != 0) still[count] = &filters.target[n], way[count] = ways + n, state[count++] = states + n;
    int n = 0;
    if (moving) {
        for (; n + 2 <= count; n += 2)
            svf_channels<2, true>(d, still + n, way + n, state + n, channel_stride, audio, channels, frames);
        if (n < count)
            svf_channels<1, true>(d, still + n, way + n, state + n, channel_stride, audio, channels, frames);
        return;
    }
    for (; n + 4 <= count; n += 4)
        svf_channels<4, false>(d, still + n, way + n, state + n, channel_stride, audio, channels, frames);
    for (; n + 2 <= count; n += 2)
        svf_channels<2, false>(d, still + n, way + n, state + n, channel_stride, audio, channels, frames);
    if (n < count) svf_channels<1, false>(d, still + n, way + n, state + n, channel_stride, audio, channels, frames);
}

} // namespace ton::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
