// SPDX-License-Identifier: GPL-3.0-or-later
// What compressor, gate and ducker have in common around their detectors: where the key signal comes from, its
// high-pass, and the look-ahead delay of the audio. Included once per instruction set, after
// <hwy/foreach_target.h>.

#if defined(TON_MODULES_DYNAMICS_KEY_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_DYNAMICS_KEY_INL_H
#undef TON_MODULES_DYNAMICS_KEY_INL_H
#else
#define TON_MODULES_DYNAMICS_KEY_INL_H
#endif

#include "dsp/dynamics-inl.h"
#include "dsp/lane_math-inl.h"
#include "engine/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using dsp::HWY_NAMESPACE::mul_add;
using engine::HWY_NAMESPACE::Moving;

inline int key_channels(const engine::Setup& s) TM_NONBLOCKING {
    return s.sidechain_channels > 0 ? s.sidechain_channels : s.channels_in;
}

/// The plane that detector channel `c` listens to: the side-chain's where there is one, else the strip's own
/// input.
inline const float* key_plane(const engine::Setup& s, const engine::Block& b, int c) TM_NONBLOCKING {
    return s.sidechain_channels > 0 ? b.sidechain[c] : b.audio[c];
}

/// Second-order Butterworth high-pass of the key: trapezoidal state-variable filter (Simper 2013, Zavalishin
/// 2012)
///   v3 = x - s2;  v1 = a1 s1 + a2 v3;  v2 = s2 + a2 s1 + a3 v3;  s1 = 2 v1 - s1;  s2 = 2 v2 - s2
///   y = x - sqrt(2) v1 - v2,  a1 = 1/(1 + g (g + sqrt 2)), a2 = g a1, a3 = g a2, g = tan(pi f / rate)
/// Off is a = (1, 0, 0) on an empty memory, which passes x to the bit: a lane that is off is not disturbed by
/// a neighbour that is on, and where all are off nothing needs to be done.
template <class V> struct KeyHighpass {
    Moving<V> a1, a2, a3;

    struct Memory {
        V s1, s2;
    };

    /// Off where frequency <= off_at (Hz). Memories of lanes that have come to rest at off are emptied.
    HWY_INLINE void aim(V frequency, float off_at, float sample_rate, Memory* memory, int channels) {
        const hn::DFromV<V> d;
        const V one = hn::Set(d, 1.0F);
        const V w = frequency * hn::Set(d, 3.14159265F / sample_rate); // below 0.04: three terms of tan
        const V w2 = w * w;
        const V g = w * mul_add(w2, mul_add(w2, hn::Set(d, 2.0F / 15), hn::Set(d, 1.0F / 3)), one);
        const V b1 = one / mul_add(g, g + hn::Set(d, 1.41421356F), one);
        const auto on = hn::Gt(frequency, hn::Set(d, off_at));
        a1.aim(hn::IfThenElse(on, b1, one));
        a2.aim(hn::IfThenElseZero(on, g * b1));
        a3.aim(hn::IfThenElseZero(on, g * g * b1));
        const auto in_use = used();
        for (int c = 0; c < channels; ++c) {
            memory[c].s1 = hn::IfThenElseZero(in_use, memory[c].s1);
            memory[c].s2 = hn::IfThenElseZero(in_use, memory[c].s2);
        }
    }
    HWY_INLINE auto used() const {
        const V zero = hn::Zero(hn::DFromV<V>());
        return hn::Or(hn::Gt(a2.value, zero), hn::Gt(a2.target, zero));
    }
    HWY_INLINE bool idle() const {
        const hn::DFromV<V> d;
        return hn::AllTrue(d, hn::And(hn::Eq(a2.value, hn::Zero(d)), hn::Eq(a2.target, hn::Zero(d))));
    }
    HWY_INLINE void advance() { a1.advance(), a2.advance(), a3.advance(); }

    static HWY_INLINE V tick(V x, V c1, V c2, V c3, Memory& m) {
        const hn::DFromV<V> d;
        const V v3 = x - m.s2;
        const V v1 = mul_add(c1, m.s1, c2 * v3);
        const V v2 = mul_add(c2, m.s1, mul_add(c3, v3, m.s2));
        m.s1 = v1 + v1 - m.s1;
        m.s2 = v2 + v2 - m.s2;
        return x - mul_add(hn::Set(d, 1.41421356F), v1, v2);
    }
};

/// Filters `x` through channel memory `memory`; the coefficients move on with the samples.
template <bool moving, class V>
HWY_INLINE void pass_highs(KeyHighpass<V>& coefficients, typename KeyHighpass<V>::Memory& memory, V* x,
                           int frames) {
    auto highpass = coefficients;
    auto state = memory;
    for (int i = 0; i < frames; ++i) {
        if constexpr (moving) highpass.advance();
        x[i] = highpass.tick(x[i], highpass.a1.value, highpass.a2.value, highpass.a3.value, state);
    }
    memory = state;
    coefficients = highpass;
}

/// top[n] = max |key| over its channels, unfiltered.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void key_peaks(D d, const engine::Setup& setup, const engine::Block& b, int first, int frames,
                          V* top) {
    const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
    for (int c = 0; c < key_channels(setup); ++c) {
        const float* key = key_plane(setup, b, c) + first * width;
        for (int i = 0; i < frames; ++i, key += width) {
            const V a = hn::Abs(hn::LoadU(d, key));
            top[i] = c == 0 ? a : hn::Max(top[i], a);
        }
    }
}

/// The same behind the high-pass; `filters` are the memories of the key's channels.
template <bool moving, class D, class V = hn::Vec<D>>
HWY_INLINE void filtered_key_peaks(D d, const engine::Setup& setup, const engine::Block& b, int first, int frames,
                                   KeyHighpass<V>& highpass, typename KeyHighpass<V>::Memory* filters, V* top) {
    const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
    const auto before = highpass;
    for (int c = 0; c < key_channels(setup); ++c) {
        const float* key = key_plane(setup, b, c) + first * width;
        V own[engine::kGrid];
        for (int i = 0; i < frames; ++i) own[i] = hn::LoadU(d, key + i * width);
        highpass = before;
        pass_highs<moving>(highpass, filters[c], own, frames);
        for (int i = 0; i < frames; ++i) top[i] = c == 0 ? hn::Abs(own[i]) : hn::Max(top[i], hn::Abs(own[i]));
    }
}

inline constexpr int kSlice = 32; // frames whose levels are kept on the stack

/// K::slice on pieces of at most kSlice frames.
template <class K, class D, class Memory> HWY_INLINE void run_slices(D d, Memory m, const engine::Block& b) {
    for (int first = 0; first < b.frames; first += kSlice) {
        const int frames = b.frames - first < kSlice ? b.frames - first : kSlice;
        if (b.moving) K::template slice<true>(d, m, b, first, frames);
        else K::template slice<false>(d, m, b, first, frames);
    }
}

/// x[n] -> g[n] x[n - latency], in place; `line` holds `latency` vectors. The place in the line follows from
/// the absolute clock, so that all lanes of a group, and the strips that move between groups, share it.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void apply_gain(D d, const V* gain, float* x, int frames, V* line, int latency,
                           std::int64_t position) {
    const int width = static_cast<int>(hn::Lanes(d));
    if (latency == 0) {
        for (int i = 0; i < frames; ++i, x += width) hn::StoreU(hn::LoadU(d, x) * gain[i], d, x);
        return;
    }
    auto place = static_cast<int>(position % latency);
    for (int i = 0; i < frames; ++i, x += width) {
        const V delayed = line[place];
        line[place] = hn::LoadU(d, x);
        hn::StoreU(delayed * gain[i], d, x);
        if (++place == latency) place = 0;
    }
}

/// What gate and ducker have around theirs: one gain for all channels, from the loudest channel of the key.
///   K::follow<moving>(d, memory, levels -> gains, frames)      returns the deepest reduction, in octaves
/// K::Shared has a `highpass`.
template <class K, class D> struct KeyedGain {
    using V = hn::Vec<D>;
    using Filter = typename KeyHighpass<V>::Memory;

    /// The key's high-pass memories, then the look-ahead lines.
    static int extra_rows(const engine::Setup& s) { return 2 * key_channels(s) + s.latency * s.channels_in; }
    template <class M> static HWY_INLINE Filter* filters(M m) { return reinterpret_cast<Filter*>(m.extra); }
    template <class M> static HWY_INLINE void run(D d, M m, const engine::Block& b) { run_slices<KeyedGain>(d, m, b); }

    template <bool moving, class M> static HWY_INLINE void slice(D d, M m, const engine::Block& b, int first, int frames) {
        const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
        V gain[kSlice];
        if (m.shared.highpass.idle()) key_peaks(d, m.setup, b, first, frames, gain);
        else filtered_key_peaks<moving>(d, m.setup, b, first, frames, m.shared.highpass, filters(m), gain);
        const V deepest = K::template follow<moving>(d, m, gain, frames);
        V* const lines = m.extra + 2 * key_channels(m.setup);
        for (int c = 0; c < m.setup.channels_in; ++c)
            apply_gain(d, gain, b.audio[c] + first * width, frames, lines + c * m.setup.latency, m.setup.latency, b.position + first);
        const V decibels = deepest * hn::Set(d, -dsp::HWY_NAMESPACE::kDecibelsPerOctave);
        hn::StoreU(hn::Min(decibels, hn::LoadU(d, b.readouts)), d, b.readouts);
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
