// SPDX-License-Identifier: GPL-3.0-or-later
// The kernel of gate and expander. One gain for all channels of a strip, from the loudest channel of the key:
//
//   a[n]   = max |key|
//   open   = a >= T, or open already and (a >= T - hysteresis now or within the last `hold`)
//   asked  = 0 while open; else min(range, (R - 1) (T - L)), or where R is at its maximum (a gate) the range
//   y[n]   = y[n-1] + step (asked - y[n-1])      the attack's step downwards, the release's upwards
//   out    = x[n - look-ahead] 2^-y
//
// L, the level of an expander that is closed, is the peak of the last 12.5 to 25 ms (two buckets of 12.5 ms
// that are emptied in turn): it doesn't fall between the peaks of a wave, down to 40 Hz. Opening and closing
// go by the samples themselves. Lane by lane by masks, without a branch.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_GATE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_GATE_INL_H
#undef TON_MODULES_GATE_INL_H
#else
#define TON_MODULES_GATE_INL_H
#endif

#include "dsp/dynamics-inl.h"
#include "dsp/lane_math-inl.h"
#include "modules/dynamics/key-inl.h"

#ifndef TON_GATE_ROWS
#define TON_GATE_ROWS
namespace ton::modules::gate {
enum Row {
    threshold,
    ratio,
    range,
    hysteresis,
    attack,
    hold,
    release,
    lookahead,
    sidechain,
    sidechain_highpass
};
inline constexpr float kGateRatio = 100.0F;  // from here on not an expander but a gate
inline constexpr float kSilence = 99.0F;     // dB of reduction that are silence
inline constexpr float kHighpassOff = 20.0F; // Hz: the row's minimum
inline constexpr float kBucketMilliseconds = 12.5F;
} // namespace ton::modules::gate
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using dsp::HWY_NAMESPACE::mul_add;
using engine::HWY_NAMESPACE::LaneMemory;

template <class V> struct GateCoefficients {
    Moving<V> opens, closes; // amplitudes
    Moving<V> threshold;     // octaves
    Moving<V> slope;         // R - 1
    Moving<V> range;         // octaves
    Moving<V> attack, release;

    HWY_INLINE void advance() {
        opens.advance(), closes.advance(), threshold.advance(), slope.advance(), range.advance(),
            attack.advance(), release.advance();
    }
};

template <class V> struct GateState {
    V open;        // 1 or 0
    V held;        // samples until it may close
    V now, before; // the buckets' peaks
    V bucket;      // samples until they change
    V reduction;   // y, octaves
};

template <class D> struct Gate : KeyedGain<Gate<D>, D> {
    using V = hn::Vec<D>;
    using Keyed = KeyedGain<Gate<D>, D>;
    struct Shared {
        GateCoefficients<V> coefficients;
        KeyHighpass<V> highpass;
        V hold; // samples
        GateState<V> state;
    };
    struct Channel {};
    using Memory = LaneMemory<Gate, D>;

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        using namespace gate;
        const auto row = [&](int r) HWY_ATTR { return hn::LoadU(d, u.row(r)); };
        const V octaves = hn::Set(d, dsp::HWY_NAMESPACE::kOctavesPerDecibel);
        const auto khz = static_cast<float>(m.setup.sample_rate / 1000.0);
        const V level = row(threshold) * octaves;
        auto& c = m.shared.coefficients;
        c.threshold.aim(level);
        c.opens.aim(dsp::HWY_NAMESPACE::amplitude_of(d, level));
        c.closes.aim(dsp::HWY_NAMESPACE::amplitude_of(d, level - row(hysteresis) * octaves));
        c.slope.aim(row(ratio) - hn::Set(d, 1.0F));
        c.range.aim(row(range) * octaves);
        c.attack.aim(dsp::HWY_NAMESPACE::one_pole_step(d, row(attack), khz));
        c.release.aim(dsp::HWY_NAMESPACE::one_pole_step(d, row(release), khz));
        m.shared.hold = hn::Round(row(hold) * hn::Set(d, khz));
        m.shared.highpass.aim(row(sidechain_highpass), kHighpassOff, static_cast<float>(m.setup.sample_rate),
                              Keyed::filters(m), key_channels(m.setup));
    }

    static HWY_INLINE void silence(D d, Memory m) {
        const V zero = hn::Zero(d);
        m.shared.state = {zero, zero, zero, zero, zero, zero};
        for (int r = 0; r < Keyed::extra_rows(m.setup); ++r) m.extra[r] = zero;
    }

    /// levels -> gains
    template <bool moving> static HWY_INLINE V follow(D d, Memory m, V* level, int frames) {
        const V all = hn::Set(d, gate::kGateRatio - 1.0F);
        const auto& slope = m.shared.coefficients.slope;
        const bool gates = hn::AllTrue(d, hn::And(hn::Ge(slope.value, all), hn::Ge(slope.target, all)));
        return gates ? follow<moving, false>(d, m, level, frames) : follow<moving, true>(d, m, level, frames);
    }

  private:
    /// Opens, holds and closes; keeps the buckets.
    static HWY_INLINE void decide(D d, const GateCoefficients<V>& c, V a, V hold, V span, GateState<V>& s) {
        const V one = hn::Set(d, 1.0F), zero = hn::Zero(d);
        const auto was = hn::Gt(s.open, zero), opens = hn::Ge(a, c.opens.value);
        const auto keeps = hn::Or(opens, hn::And(was, hn::Ge(a, c.closes.value)));
        s.held = hn::IfThenElse(keeps, hold, hn::Max(s.held - one, zero));
        const auto open = hn::Or(keeps, hn::And(was, hn::Gt(s.held, zero)));
        s.open = hn::IfThenElseZero(open, one);
        // The level of what was held open is forgotten when it closes, so that an expander, too, closes then.
        const auto closing = hn::AndNot(open, was);
        s.bucket = s.bucket - one;
        const auto full = hn::Or(closing, hn::Le(s.bucket, zero));
        s.before = hn::IfThenElse(full, hn::IfThenElseZero(hn::Not(closing), s.now), s.before);
        s.now = hn::IfThenElse(full, a, hn::Max(s.now, a));
        s.bucket = hn::IfThenElse(full, span, s.bucket);
    }

    template <bool moving, bool expands> static HWY_INLINE V follow(D d, Memory m, V* level, int frames) {
        auto c = m.shared.coefficients;
        auto s = m.shared.state;
        const V hold = m.shared.hold, zero = hn::Zero(d), gate_slope = hn::Set(d, gate::kGateRatio - 1.0F);
        const V span = hn::Round(
            hn::Set(d, gate::kBucketMilliseconds * static_cast<float>(m.setup.sample_rate / 1000.0)));
        const V silent = hn::Set(d, gate::kSilence * dsp::HWY_NAMESPACE::kOctavesPerDecibel);
        V most = zero;
        for (int i = 0; i < frames; ++i) {
            if constexpr (moving) c.advance();
            decide(d, c, level[i], hold, span, s);
            V asked = c.range.value;
            if constexpr (expands) {
                const V below =
                    c.threshold.value - dsp::HWY_NAMESPACE::octaves_of(d, hn::Max(s.now, s.before));
                const V part = hn::Min(c.slope.value * hn::Max(below, zero), c.range.value);
                asked = hn::IfThenElse(hn::Ge(c.slope.value, gate_slope), asked, part);
            }
            asked = hn::IfThenElse(hn::Gt(s.open, zero), zero, asked);
            const V step = hn::IfThenElse(hn::Lt(asked, s.reduction), c.attack.value, c.release.value);
            s.reduction = mul_add(step, asked - s.reduction, s.reduction);
            most = hn::Max(most, s.reduction);
            const V gain = dsp::HWY_NAMESPACE::amplitude_of(d, zero - s.reduction);
            level[i] = hn::IfThenElseZero(hn::Lt(s.reduction, silent), gain);
        }
        m.shared.state = s;
        if constexpr (moving) m.shared.coefficients = c;
        return most;
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
