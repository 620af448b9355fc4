// SPDX-License-Identifier: GPL-3.0-or-later
// The ducker's kernel. A voice that reaches the threshold takes the strip down along a fixed curve:
//
//   key    = max |side-chain|;  talks = key >= T now or within the last `hold`
//   p[n]   = clamp(p[n-1] + (talks ? 1/attack : -1/release), 0, 1)
//   s      = p^2 (3 - 2p)                        rest at both ends
//   out    = x[n - look-ahead] 2^(depth s)       depth in octaves, <= 0
//
// p arrives at exactly 0 and 1, so the depth is exact while somebody talks, and with nobody talking 2^0 passes every
// bit. Between threshold and hysteresis a voice that talks goes on talking.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_DUCKER_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_DUCKER_INL_H
#undef TON_MODULES_DUCKER_INL_H
#else
#define TON_MODULES_DUCKER_INL_H
#endif

#include "dsp/dynamics-inl.h"
#include "modules/dynamics/key-inl.h"

#ifndef TON_DUCKER_ROWS
#define TON_DUCKER_ROWS
namespace ton::modules::ducker {
enum Row { depth, threshold, attack, hold, release, lookahead, sidechain, sidechain_highpass };
inline constexpr float kHighpassOff = 20.0F; // Hz: the row's minimum
inline constexpr float kHysteresis = 3.0F;   // dB
} // namespace ton::modules::ducker
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

template <class D> struct Ducker : KeyedGain<Ducker<D>, D> {
    using V = hn::Vec<D>;
    using Keyed = KeyedGain<Ducker<D>, D>;
    struct Shared {
        Moving<V> depth;           // octaves
        Moving<V> begins, goes_on; // amplitudes
        KeyHighpass<V> highpass;
        V down, up, hold;          // of p per sample; samples
        V held, place;             // samples left; p
    };
    struct Channel {};
    using Memory = LaneMemory<Ducker, D>;

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        using namespace ducker;
        const auto row = [&](int r) HWY_ATTR { return hn::LoadU(d, u.row(r)); };
        const V octaves = hn::Set(d, dsp::HWY_NAMESPACE::kOctavesPerDecibel), one = hn::Set(d, 1.0F);
        const V khz = hn::Set(d, static_cast<float>(m.setup.sample_rate / 1000.0));
        const V level = row(threshold) * octaves;
        auto& s = m.shared;
        s.depth.aim(row(depth) * octaves);
        s.begins.aim(dsp::HWY_NAMESPACE::amplitude_of(d, level));
        s.goes_on.aim(dsp::HWY_NAMESPACE::amplitude_of(d, level - hn::Set(d, kHysteresis) * octaves));
        s.down = one / hn::Max(row(attack) * khz, one);
        s.up = one / hn::Max(row(release) * khz, one);
        s.hold = hn::Round(row(hold) * khz);
        s.highpass.aim(row(sidechain_highpass), kHighpassOff, static_cast<float>(m.setup.sample_rate), Keyed::filters(m),
                       key_channels(m.setup));
    }

    static HWY_INLINE void silence(D d, Memory m) {
        m.shared.held = m.shared.place = hn::Zero(d);
        for (int r = 0; r < Keyed::extra_rows(m.setup); ++r) m.extra[r] = hn::Zero(d);
    }

    /// levels -> gains
    template <bool moving>
    static HWY_INLINE V follow(D d, Memory m, V* level, int frames) {
        auto s = m.shared;
        const V zero = hn::Zero(d), one = hn::Set(d, 1.0F), two = hn::Set(d, 2.0F), three = hn::Set(d, 3.0F);
        V most = zero;
        for (int i = 0; i < frames; ++i) {
            if constexpr (moving) s.depth.advance(), s.begins.advance(), s.goes_on.advance();
            const auto talked = hn::Gt(s.held, zero);
            const auto talks = hn::Or(hn::Ge(level[i], s.begins.value), hn::And(talked, hn::Ge(level[i], s.goes_on.value)));
            s.held = hn::IfThenElse(talks, s.hold, hn::Max(s.held - one, zero));
            const V step = hn::IfThenElse(hn::Gt(s.held, zero), s.down, zero - s.up);
            s.place = hn::Min(hn::Max(s.place + step, zero), one);
            const V octaves = s.depth.value * (s.place * s.place * (three - two * s.place));
            most = hn::Min(most, octaves);
            level[i] = dsp::HWY_NAMESPACE::amplitude_of(d, octaves);
        }
        m.shared.held = s.held;
        m.shared.place = s.place;
        if constexpr (moving) m.shared.depth = s.depth, m.shared.begins = s.begins, m.shared.goes_on = s.goes_on;
        return zero - most;
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
