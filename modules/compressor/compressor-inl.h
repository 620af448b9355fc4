// SPDX-License-Identifier: GPL-3.0-or-later
// The compressor's kernel. Feed-forward, in the log domain, with the decoupled smooth peak detector on the
// output of the gain computer (Giannoulis, Massberg and Reiss, JAES 60(6), 2012), so that the release returns
// from the true reduction to zero and neither knee nor ratio bend the timing:
//
//   L  = log2 max |key|                          in octaves, all key channels that are linked
//   xL = reduction(L)                            the gain computer, dynamics-inl.h
//   y1 = max(xL, y1 + r (xL - y1))               release
//   y  = y + a (y1 - y)                          attack
//   out = x[n - look-ahead] ((1 - mix) + mix 2^(makeup - y))
//
// With nothing to reduce y is 0, 2^0 is exactly 1, and (1 - mix) + mix rounds to exactly 1: every bit passes.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_COMPRESSOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_COMPRESSOR_INL_H
#undef TON_MODULES_COMPRESSOR_INL_H
#else
#define TON_MODULES_COMPRESSOR_INL_H
#endif

#include "dsp/dynamics-inl.h"
#include "dsp/lane_math-inl.h"
#include "modules/dynamics/key-inl.h"

#ifndef TON_COMPRESSOR_ROWS
#define TON_COMPRESSOR_ROWS
namespace ton::modules::compressor {
enum Row {
    threshold,
    ratio,
    knee,
    attack,
    release,
    makeup,
    auto_makeup,
    mix,
    link,
    detector,
    lookahead,
    sidechain,
    sidechain_highpass
};
inline constexpr int kMostChannels = 16;         // their levels lie on the stack
inline constexpr float kHighpassOff = 20.0F;     // Hz: the row's minimum
inline constexpr float kRmsMilliseconds = 10.0F; // time constant of the mean square
inline constexpr int kTogether = 8;              // samples whose logarithms are taken side by side
} // namespace ton::modules::compressor
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using dsp::HWY_NAMESPACE::mul_add;
using engine::HWY_NAMESPACE::LaneMemory;

template <class V> struct CompressorCurve {
    Moving<V> start, knee, bend, slope;

    HWY_INLINE dsp::HWY_NAMESPACE::GainComputer<V> now() const {
        return {start.value, knee.value, bend.value, slope.value};
    }
    HWY_INLINE void advance() { start.advance(), knee.advance(), bend.advance(), slope.advance(); }
    HWY_INLINE bool bends() const { return knee.moves() || bend.moves() || slope.moves(); }
};

template <class V> struct CompressorBallistics {
    Moving<V> attack, release, makeup, mix;

    HWY_INLINE void advance() { attack.advance(), release.advance(), makeup.advance(), mix.advance(); }
    HWY_INLINE bool moves() const { return attack.moves() || release.moves() || makeup.moves() || mix.moves(); }
};

template <class D> struct Compressor {
    using V = hn::Vec<D>;
    struct Shared {
        CompressorCurve<V> curve;
        CompressorBallistics<V> ballistics;
        Moving<V> link, rms; // 0…1
        KeyHighpass<V> highpass;
    };
    struct Channel {
        V held, reduction; // y1, y
    };
    using Memory = LaneMemory<Compressor, D>;

    /// Behind the channels: per key channel the high-pass's memory and the mean square, then the look-ahead
    /// lines.
    static int extra_rows(const engine::Setup& s) { return 3 * key_channels(s) + s.latency * s.channels_in; }
    static HWY_INLINE typename KeyHighpass<V>::Memory* filters(Memory m) {
        return reinterpret_cast<typename KeyHighpass<V>::Memory*>(m.extra);
    }
    static HWY_INLINE V* powers(Memory m) { return m.extra + 2 * key_channels(m.setup); }
    static HWY_INLINE V* line(Memory m, int c) {
        return m.extra + 3 * key_channels(m.setup) + c * m.setup.latency;
    }

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        using namespace compressor;
        const auto row = [&](int r) HWY_ATTR { return hn::LoadU(d, u.row(r)); };
        const V one = hn::Set(d, 1.0F), zero = hn::Zero(d), half = hn::Set(d, 0.5F);
        const V octaves = hn::Set(d, dsp::HWY_NAMESPACE::kOctavesPerDecibel);
        const V w = row(knee) * octaves, s = one - one / row(ratio);
        const V bend = hn::IfThenElseZero(hn::Gt(w, zero), half * s / hn::Max(w, hn::Set(d, 1e-6F)));
        const dsp::HWY_NAMESPACE::GainComputer<V> target{row(threshold) * octaves - half * w, w, bend, s};
        auto& curve = m.shared.curve;
        curve.start.aim(target.start);
        curve.knee.aim(w);
        curve.bend.aim(bend);
        curve.slope.aim(s);

        const auto khz = static_cast<float>(m.setup.sample_rate / 1000.0);
        auto& ballistics = m.shared.ballistics;
        ballistics.attack.aim(dsp::HWY_NAMESPACE::one_pole_step(d, row(attack), khz));
        ballistics.release.aim(dsp::HWY_NAMESPACE::one_pole_step(d, row(release), khz));
        // Half of what a full-scale level is reduced by, so that loudness stays about the same.
        const V give_back = half * target.reduction(zero);
        ballistics.makeup.aim(mul_add(row(auto_makeup), give_back, row(makeup) * octaves));
        ballistics.mix.aim(row(mix));
        m.shared.link.aim(row(link));

        m.shared.rms.aim(row(detector));
        for (int c = 0; c < key_channels(m.setup); ++c)
            powers(m)[c] = hn::IfThenElseZero(uses_rms(m.shared.rms), powers(m)[c]);
        m.shared.highpass.aim(row(sidechain_highpass), kHighpassOff, static_cast<float>(m.setup.sample_rate),
                              filters(m), key_channels(m.setup));
    }

    static HWY_INLINE void silence(D d, Memory m) {
        for (int c = 0; c < m.setup.channels_in; ++c) m.channel[c] = {hn::Zero(d), hn::Zero(d)};
        for (int r = 0; r < extra_rows(m.setup); ++r) m.extra[r] = hn::Zero(d);
    }

    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) { run_slices<Compressor>(d, m, b); }

    template <bool moving>
    static HWY_INLINE void slice(D d, Memory m, const engine::Block& b, int first, int frames) {
        const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
        V level[compressor::kMostChannels][kSlice], top[kSlice];
        const bool one = one_detector(d, m);
        detect<moving>(d, m, b, first, frames, one ? nullptr : level, top);
        V deepest = hn::Zero(d);
        if (one) {
            reduce_linked<moving>(d, m, top, frames, deepest);
            for (int c = 1; c < m.setup.channels_in; ++c) m.channel[c] = m.channel[0];
        } else {
            reduce_channels<moving>(d, m, level, top, frames, deepest);
        }
        for (int c = 0; c < m.setup.channels_in; ++c)
            apply_gain(d, one ? top : level[c], b.audio[c] + first * width, frames, line(m, c),
                       m.setup.latency, b.position + first);
        const V decibels = deepest * hn::Set(d, -dsp::HWY_NAMESPACE::kDecibelsPerOctave);
        hn::StoreU(hn::Min(decibels, hn::LoadU(d, b.readouts)), d, b.readouts);
    }

  private:
    static HWY_INLINE auto uses_rms(const Moving<V>& rms) {
        const V zero = hn::Zero(D());
        return hn::Or(hn::Gt(rms.value, zero), hn::Gt(rms.target, zero));
    }

    /// Whether one detector for all channels gives the bits that one per channel would give.
    static HWY_INLINE bool one_detector(D d, Memory m) {
        if (m.setup.channels_in == 1 || key_channels(m.setup) != m.setup.channels_in) return true;
        const V one = hn::Set(d, 1.0F);
        auto same = hn::And(hn::Ge(m.shared.link.value, one), hn::Ge(m.shared.link.target, one));
        for (int c = 1; c < m.setup.channels_in; ++c) {
            same = hn::And(same, hn::Eq(m.channel[c].held, m.channel[0].held));
            same = hn::And(same, hn::Eq(m.channel[c].reduction, m.channel[0].reduction));
        }
        return hn::AllTrue(d, same);
    }

    /// The levels (amplitudes) of the key's channels, and the highest of them.
    template <bool moving>
    static HWY_INLINE void detect(D d, Memory m, const engine::Block& b, int first, int frames,
                                  V (*level)[kSlice], V* top) {
        const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
        const bool filtered = !m.shared.highpass.idle(), rms = !hn::AllFalse(d, uses_rms(m.shared.rms));
        if (!filtered && !rms && level == nullptr) return key_peaks(d, m.setup, b, first, frames, top);
        const auto highpass = m.shared.highpass;
        const auto weight = m.shared.rms;
        for (int c = 0; c < key_channels(m.setup); ++c) {
            const float* key = key_plane(m.setup, b, c) + first * width;
            V own[kSlice];
            for (int i = 0; i < frames; ++i) own[i] = hn::LoadU(d, key + i * width);
            m.shared.highpass = highpass;
            m.shared.rms = weight;
            if (filtered) pass_highs<moving>(m.shared.highpass, filters(m)[c], own, frames);
            for (int i = 0; i < frames; ++i) own[i] = hn::Abs(own[i]);
            if (rms) mean<moving>(d, m, c, own, frames);
            for (int i = 0; i < frames; ++i) top[i] = c == 0 ? own[i] : hn::Max(top[i], own[i]);
            for (int i = 0; level != nullptr && i < frames; ++i) level[c][i] = own[i];
        }
    }

    /// Blends from the peak to sqrt(2 mean x^2): the RMS that reads a sine as its peak does (as AES17 counts
    /// dBFS).
    template <bool moving> static HWY_INLINE void mean(D d, Memory m, int c, V* x, int frames) {
        const float samples = compressor::kRmsMilliseconds * static_cast<float>(m.setup.sample_rate / 1000.0);
        const V step = hn::Set(d, 1.0F / samples), two = hn::Set(d, 2.0F);
        const V bound = hn::Set(d, 1e12F); // its square is finite
        const auto used = uses_rms(m.shared.rms);
        auto weight = m.shared.rms;
        V power = powers(m)[c];
        for (int i = 0; i < frames; ++i) {
            if constexpr (moving) weight.advance();
            const V a = hn::Min(x[i], bound);
            power = hn::IfThenElseZero(used, mul_add(step, a * a - power, power));
            x[i] = mul_add(weight.value, hn::Sqrt(two * power) - x[i], x[i]);
        }
        powers(m)[c] = power;
        m.shared.rms = weight;
    }

    /// From the reduction that is asked for to the one that is given.
    static HWY_INLINE V follow(const CompressorBallistics<V>& q, V asked, Channel& s, V& deepest) {
        s.held = hn::Max(asked, mul_add(q.release.value, asked - s.held, s.held));
        s.reduction = mul_add(q.attack.value, s.held - s.reduction, s.reduction);
        deepest = hn::Max(deepest, s.reduction);
        return s.reduction;
    }
    static HWY_INLINE V gain(D d, const CompressorBallistics<V>& q, V reduction) {
        const V wet = dsp::HWY_NAMESPACE::amplitude_of(d, q.makeup.value - reduction);
        return mul_add(q.mix.value, wet, hn::Set(d, 1.0F) - q.mix.value);
    }

    /// levels -> gains. Most often a threshold moves alone: what has no step in any lane is not advanced, to the same bits.
    template <bool moving>
    static HWY_INLINE void reduce_linked(D d, Memory m, V* level, int frames, V& deepest) {
        if constexpr (moving) {
            const bool bends = m.shared.curve.bends(), times = m.shared.ballistics.moves();
            if (!bends && !times) return reduce_moving<false, false, true>(d, m, level, frames, deepest);
            if (!times) return reduce_moving<true, false, true>(d, m, level, frames, deepest);
            return reduce_moving<true, true, true>(d, m, level, frames, deepest);
        } else {
            reduce_moving<false, false, false>(d, m, level, frames, deepest);
        }
    }
    template <bool bends, bool times, bool starts>
    static HWY_INLINE void reduce_moving(D d, Memory m, V* level, int frames, V& deepest) {
        auto curve = m.shared.curve;
        auto ballistics = m.shared.ballistics;
        Channel state = m.channel[0];
        V most = deepest;
        int i = 0;
        for (; i + compressor::kTogether <= frames; i += compressor::kTogether)
            reduce_some<bends, times, starts, compressor::kTogether>(d, curve, ballistics, state, level + i, most);
        for (; i < frames; ++i) reduce_some<bends, times, starts, 1>(d, curve, ballistics, state, level + i, most);
        deepest = most;
        m.channel[0] = state;
        if constexpr (bends) m.shared.curve = curve;
        else if constexpr (starts) m.shared.curve.start = curve.start;
        if constexpr (times) m.shared.ballistics = ballistics;
    }
    /// Only the detector depends on the sample before: `count` logarithms around it run side by side, and where no time moves the
    /// exponentials too; one sample after another would fill the processor's window with a single chain.
    template <bool bends, bool times, bool starts, int count>
    static HWY_INLINE void reduce_some(D d, CompressorCurve<V>& curve, CompressorBallistics<V>& ballistics, Channel& state,
                                       V* level, V& most) {
        V asked[count];
        for (int i = 0; i < count; ++i) {
            if constexpr (bends) curve.advance();
            else if constexpr (starts) curve.start.advance();
            asked[i] = curve.now().reduction(dsp::HWY_NAMESPACE::octaves_of(d, level[i]));
        }
        if constexpr (times) {
            for (int i = 0; i < count; ++i) {
                ballistics.advance();
                level[i] = gain(d, ballistics, follow(ballistics, asked[i], state, most));
            }
        } else {
            V reduction[count];
            for (int i = 0; i < count; ++i) reduction[i] = follow(ballistics, asked[i], state, most);
            for (int i = 0; i < count; ++i) level[i] = gain(d, ballistics, reduction[i]);
        }
    }

    /// The same with a detector per channel: `link` draws what each channel asks for towards what the loudest
    /// does.
    template <bool moving>
    static HWY_INLINE void reduce_channels(D d, Memory m, V (*level)[kSlice], V* top, int frames,
                                           V& deepest) {
        const auto curve = m.shared.curve;
        const auto ballistics = m.shared.ballistics;
        const auto link = m.shared.link;
        const V one = hn::Set(d, 1.0F);
        ask<moving>(d, m, top, frames);
        for (int c = 0; c < m.setup.channels_in; ++c) {
            m.shared.curve = curve;
            ask<moving>(d, m, level[c], frames);
            auto q = ballistics;
            auto drawn = link;
            Channel state = m.channel[c];
            for (int i = 0; i < frames; ++i) {
                if constexpr (moving) q.advance(), drawn.advance();
                const V part = mul_add(drawn.value, top[i] - level[c][i], level[c][i]);
                const V asked = hn::IfThenElse(hn::Ge(drawn.value, one), top[i], part);
                level[c][i] = gain(d, q, follow(q, asked, state, deepest));
            }
            m.channel[c] = state;
            m.shared.ballistics = q;
            m.shared.link = drawn;
        }
    }

    /// levels -> reductions asked for
    template <bool moving> static HWY_INLINE void ask(D d, Memory m, V* level, int frames) {
        auto curve = m.shared.curve;
        for (int i = 0; i < frames; ++i) {
            if constexpr (moving) curve.advance();
            level[i] = curve.now().reduction(dsp::HWY_NAMESPACE::octaves_of(d, level[i]));
        }
        m.shared.curve = curve;
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
