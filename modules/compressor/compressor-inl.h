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
#include "dsp/lane_bits-inl.h"
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
using dsp::HWY_NAMESPACE::LaneBits;
using dsp::HWY_NAMESPACE::mul_add;
using engine::HWY_NAMESPACE::LaneMemory;

template <class V> struct CompressorCurve {
    Moving<V> start, knee, bend, slope;

    HWY_INLINE dsp::HWY_NAMESPACE::GainComputer<V> now() const {
        return {start.value, knee.value, bend.value, slope.value};
    }
    HWY_INLINE void advance() { start.advance(), knee.advance(), bend.advance(), slope.advance(); }
};

template <class V> struct CompressorBallistics {
    Moving<V> attack, release, makeup, mix;

    HWY_INLINE void advance() { attack.advance(), release.advance(), makeup.advance(), mix.advance(); }
};

template <class D> struct Compressor {
    using V = hn::Vec<D>;
    struct Shared {
        LaneBits<V> flags;
        CompressorCurve<V> curve;
        CompressorBallistics<V> ballistics;
        Moving<V> link, rms; // 0…1
        KeyHighpass<V> highpass;
    };
    struct Channel {
        V held, reduction; // y1, y
    };
    /// Flags: what has a step in this cell; and whether the key's mean square and high-pass are used.
    static constexpr std::uint32_t kStart = 1, kBend = 2, kAttack = 4, kRelease = 8, kMakeup = 16, kMix = 32, kLink = 64, kRms = 128,
                                   kHighpass = 256, kTimes = kAttack | kRelease | kMakeup | kMix;
    static constexpr std::uint32_t kUsesRms = 0x10000, kUsesHighpass = 0x20000;
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

    /// Only what moves is worked out: most often a threshold moves alone, and of a big desk's compressors all else rests.
    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        using namespace compressor;
        auto& s = m.shared;
        const auto had = s.flags.any(); // a step in the last cell: it has arrived, and stands still from now on
        const auto due = [&](std::uint32_t what, std::uint64_t rows) HWY_ATTR {
            const bool steps = (u.stepped & rows) != 0, is_due = steps || (had & what) != 0;
            const V zero = hn::Zero(d);
            if (is_due) s.flags.set(what, steps ? zero == zero : zero != zero);
            return is_due;
        };
        const auto row = [&](int r) HWY_ATTR { return hn::LoadU(d, u.row(r)); };
        const auto khz = static_cast<float>(m.setup.sample_rate / 1000.0);
        constexpr std::uint64_t kCurveRows = bits(threshold) | bits(ratio) | bits(knee);
        const bool starts = due(kStart, bits(threshold) | bits(knee)), bends = due(kBend, bits(ratio) | bits(knee));
        // Half of what a full-scale level is reduced by is given back, so that loudness stays about the same.
        const bool gives_back = (u.stepped & kCurveRows) != 0 && !hn::AllTrue(d, row(auto_makeup) == hn::Zero(d));
        const bool makes_up = due(kMakeup, bits(makeup) | bits(auto_makeup) | (gives_back ? kCurveRows : 0));
        if (starts || bends || makes_up) aim_curve(d, m, u, starts, bends, makes_up);
        auto& ballistics = s.ballistics;
        if (due(kAttack, bits(attack))) ballistics.attack.aim(dsp::HWY_NAMESPACE::one_pole_step(d, row(attack), khz));
        if (due(kRelease, bits(release))) ballistics.release.aim(dsp::HWY_NAMESPACE::one_pole_step(d, row(release), khz));
        if (due(kMix, bits(mix))) ballistics.mix.aim(row(mix));
        if (due(kLink, bits(link))) s.link.aim(row(link));
        if (due(kRms, bits(detector))) aim_rms(d, m, row(detector));
        if (due(kHighpass, bits(sidechain_highpass))) {
            s.highpass.aim(row(sidechain_highpass), kHighpassOff, static_cast<float>(m.setup.sample_rate), filters(m), key_channels(m.setup));
            s.flags.set(kUsesHighpass, s.highpass.used());
        }
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
    static constexpr std::uint64_t bits(int row) { return std::uint64_t{1} << row; }
    static HWY_INLINE void aim_curve(D d, Memory m, const engine::Update& u, bool starts, bool bends, bool makes_up) {
        using namespace compressor;
        const auto row = [&](int r) HWY_ATTR { return hn::LoadU(d, u.row(r)); };
        const V one = hn::Set(d, 1.0F), zero = hn::Zero(d), half = hn::Set(d, 0.5F);
        const V octaves = hn::Set(d, dsp::HWY_NAMESPACE::kOctavesPerDecibel);
        const V w = row(knee) * octaves, start = row(threshold) * octaves - half * w;
        auto& curve = m.shared.curve;
        if (starts) curve.start.aim(start);
        if (!bends && !makes_up) return;
        const V slope = one - one / row(ratio);
        const V bend = hn::IfThenElseZero(hn::Gt(w, zero), half * slope / hn::Max(w, hn::Set(d, 1e-6F)));
        if (bends) curve.knee.aim(w), curve.bend.aim(bend), curve.slope.aim(slope);
        const V give_back = half * dsp::HWY_NAMESPACE::GainComputer<V>{start, w, bend, slope}.reduction(zero);
        if (makes_up) m.shared.ballistics.makeup.aim(mul_add(row(auto_makeup), give_back, row(makeup) * octaves));
    }
    static HWY_INLINE void aim_rms(D d, Memory m, V weight) {
        auto& rms = m.shared.rms;
        rms.aim(weight);
        const V zero = hn::Zero(d);
        const auto used = hn::Or(hn::Gt(rms.value, zero), hn::Gt(rms.target, zero));
        m.shared.flags.set(kUsesRms, used);
        for (int c = 0; c < key_channels(m.setup); ++c) powers(m)[c] = hn::IfThenElseZero(used, powers(m)[c]);
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
        const auto flags = m.shared.flags.any();
        const bool filtered = (flags & kUsesHighpass) != 0, rms = (flags & kUsesRms) != 0;
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
        const auto used = m.shared.flags.test(kUsesRms);
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
            const auto flags = m.shared.flags.any();
            const bool bends = (flags & kBend) != 0, times = (flags & kTimes) != 0;
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
