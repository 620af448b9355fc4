// SPDX-License-Identifier: GPL-3.0-or-later
// Gain sharing after Dugan (US patent 3,992,584, 1976): every microphone's gain in dB is its own level minus the
// level of all of them together. As powers:
//
//   q       = mean x^2 over the channels, high-passed
//   p[n]    = p[n-1] + (q > p ? attack : release) (q - p[n-1])
//   own     = w^2 p (1 - bypass) on               what this strip tells its group
//   total   = the sum of everybody's own           the graph's: one mix, N edges
//   h       = own / total, twice through a one-pole of 2 ms
//   y       = x sqrt(h)
//
// The shares own/total add up to 1; so do the h while there is something to hear, since all are smoothed by the same linear
// filter: the powers of the gains add up to that of one open microphone. N equal levels have -10 log10 N dB each (-6 dB for four, -9 dB for eight,
// as Dugan's Model N shows for ambience), one alone 0 dB; 3 dB more in one gives 3 dB more gain, too.
// In digital silence (total below 1e-30) everybody keeps his share, but who is off has none: where all are off, all are silent (and until the
// others' have grown again, the sum is below one).
//
// The first half measures and tells the group, the second hears it; the engine bypasses the second only.
// Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_AUTOMIX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_AUTOMIX_INL_H
#undef TON_MODULES_AUTOMIX_INL_H
#else
#define TON_MODULES_AUTOMIX_INL_H
#endif

#include "dsp/dynamics-inl.h"
#include "modules/dynamics/key-inl.h"

#ifndef TON_AUTOMIX_ROWS
#define TON_AUTOMIX_ROWS
namespace ton::modules::automix {
enum Row { group, weight, on, attack, release, highpass, bypass };
inline constexpr float kHighpassOff = 20.0F; // Hz: the row's minimum
inline constexpr float kSmooth = 2.0F;       // ms, of each of the two one-poles; the same for all members
} // namespace ton::modules::automix
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

template <class D> struct Automix {
    using V = hn::Vec<D>;
    struct Shared {
        Moving<V> attack, release;
        KeyHighpass<V> highpass;
        V power;         // p
        V first, share;  // h on its way, and h
        V begun;         // 1 once the share was taken from a group that is not silent
    };
    struct Channel {};
    using Memory = LaneMemory<Automix, D>;
    using Filter = typename KeyHighpass<V>::Memory;

    /// The high-pass's memories, of the first half.
    static int extra_rows(const engine::Setup& s) { return s.half == 1 ? 2 * s.channels_in : 0; }
    static HWY_INLINE Filter* filters(Memory m) { return reinterpret_cast<Filter*>(m.extra); }

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        using namespace automix;
        if (m.setup.half != 1) return;
        const auto khz = static_cast<float>(m.setup.sample_rate / 1000.0);
        m.shared.attack.aim(dsp::HWY_NAMESPACE::one_pole_step(d, hn::LoadU(d, u.row(attack)), khz));
        m.shared.release.aim(dsp::HWY_NAMESPACE::one_pole_step(d, hn::LoadU(d, u.row(release)), khz));
        m.shared.highpass.aim(hn::LoadU(d, u.row(highpass)), kHighpassOff, static_cast<float>(m.setup.sample_rate),
                              filters(m), m.setup.channels_in);
    }

    static HWY_INLINE void silence(D d, Memory m) {
        m.shared.power = hn::Zero(d);
        for (int r = 0; r < extra_rows(m.setup); ++r) m.extra[r] = hn::Zero(d);
    }

    /// Alone, as neither half, it is a group of one: 0 dB.
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        if (m.setup.half == 1) {
            for (int first = 0; first < b.frames; first += engine::kGrid) {
                const int frames = b.frames - first < engine::kGrid ? b.frames - first : engine::kGrid;
                if (b.moving)
                    tell<true>(d, m, b, first, frames);
                else
                    tell<false>(d, m, b, first, frames);
            }
        } else if (m.setup.half == 2) {
            hear(d, m, b);
        }
    }

  private:
    template <bool moving>
    static HWY_INLINE void tell(D d, Memory m, const engine::Block& b, int first, int frames) {
        const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
        V power[engine::kGrid];
        measure<moving>(d, m, b, first, frames, power);
        auto s = m.shared;
        const V one = hn::Set(d, 1.0F);
        float* own = b.audio[m.setup.channels_in] + first * width;
        float* tap = b.taps[0] + first * width;
        for (int i = 0; i < frames; ++i, own += width, tap += width) {
            if constexpr (moving) s.attack.advance(), s.release.advance();
            const V step = hn::IfThenElse(hn::Gt(power[i], s.power), s.attack.value, s.release.value);
            s.power = mul_add(step, power[i] - s.power, s.power);
            const V w = hn::LoadU(d, b.controls[automix::weight].at(first + i));
            const V part = (one - hn::LoadU(d, b.controls[automix::bypass].at(first + i))) * hn::LoadU(d, b.controls[automix::on].at(first + i));
            const V told = w * w * s.power * part;
            hn::StoreU(told, d, own);
            hn::StoreU(told, d, tap);
        }
        m.shared.power = s.power;
        if constexpr (moving) m.shared.attack = s.attack, m.shared.release = s.release;
    }

    /// The mean of the channels' squares.
    template <bool moving>
    static HWY_INLINE void measure(D d, Memory m, const engine::Block& b, int first, int frames, V* power) {
        const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
        const bool filtered = !m.shared.highpass.idle();
        const auto before = m.shared.highpass;
        const V part = hn::Set(d, 1.0F / static_cast<float>(m.setup.channels_in));
        for (int i = 0; i < frames; ++i) power[i] = hn::Zero(d);
        for (int c = 0; c < m.setup.channels_in; ++c) {
            const float* x = b.audio[c] + first * width;
            V own[engine::kGrid];
            for (int i = 0; i < frames; ++i) own[i] = hn::LoadU(d, x + i * width);
            m.shared.highpass = before;
            if (filtered) pass_highs<moving>(m.shared.highpass, filters(m)[c], own, frames);
            for (int i = 0; i < frames; ++i) power[i] = mul_add(own[i] * own[i], part, power[i]);
        }
    }

    static HWY_INLINE void hear(D d, Memory m, const engine::Block& b) {
        const auto width = static_cast<std::ptrdiff_t>(hn::Lanes(d));
        const V one = hn::Set(d, 1.0F), zero = hn::Zero(d), least = hn::Set(d, 1e-30F);
        const V step = dsp::HWY_NAMESPACE::one_pole_step(d, hn::Set(d, automix::kSmooth), static_cast<float>(m.setup.sample_rate / 1000.0));
        auto s = m.shared;
        V gain = hn::Sqrt(s.share);
        for (int i = 0; i < b.frames; ++i) {
            const auto at = i * width;
            const V own = hn::LoadU(d, b.audio[m.setup.channels_out] + at), total = hn::LoadU(d, b.sidechain[0] + at);
            const auto heard = hn::Ge(total, least);
            // More than all there is only while its edge fades in, less than nothing never: a healed sample at most.
            const V ratio = hn::Max(hn::Min(own / hn::Max(total, least), one), zero);
            const auto fresh = hn::AndNot(hn::Gt(s.begun, zero), heard);
            const auto moves = hn::Or(heard, hn::Eq(hn::LoadU(d, b.controls[automix::on].at(i)), zero));
            s.first = hn::IfThenElse(moves, hn::IfThenElse(fresh, ratio, mul_add(step, ratio - s.first, s.first)), s.first);
            s.share = hn::IfThenElse(moves, hn::IfThenElse(fresh, ratio, mul_add(step, s.first - s.share, s.share)), s.share);
            s.begun = hn::IfThenElse(heard, one, s.begun);
            gain = hn::Sqrt(s.share);
            for (int c = 0; c < m.setup.channels_out; ++c)
                hn::StoreU(hn::LoadU(d, b.audio[c] + at) * gain, d, b.audio[c] + at);
        }
        m.shared = s;
        hn::StoreU(gain, d, b.readouts);
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
