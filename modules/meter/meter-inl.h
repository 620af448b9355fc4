// SPDX-License-Identifier: GPL-3.0-or-later
// The meter's kernel. Included once per instruction set, after <hwy/foreach_target.h>.

#if defined(TON_MODULES_METER_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_MODULES_METER_INL_H
#undef TON_MODULES_METER_INL_H
#else
#define TON_MODULES_METER_INL_H
#endif

#include "engine/lanes-inl.h"
#include "modules/meter/meter.hpp"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// Peak: max |x|. Power of a channel and cross power of L and R: sums over grid cells of kGrid samples, then
///   P[m] = (1 - a) P[m-1] + a/kGrid sum,  a = 1 - exp(-kGrid / (tau fs)),
/// which is an exponential window of tau at a fraction of a per-sample recursion's cost and rounding error.
/// RMS = sqrt(max P); correlation = P_LR / sqrt(P_LL P_RR). True peak: BS.1770-5 Annex 2 with the filters of
/// dsp::Interpolator, worked out along lanes, and only where its bound exceeds what is held already.
template <class D> struct Meter {
    using V = hn::Vec<D>;
    static constexpr int kTail = dsp::Interpolator::taps - 1;

    struct Shared {
        V true_peak_on, keep, share; // 0 or 1; 1 - a; a / kGrid
        V cross_sum, cross;
    };
    struct Channel {
        V sum, power;
    };
    using Memory = LaneMemory<Meter, D>;
    static int extra_rows(const engine::Setup& setup) { return setup.channels_in * kTail; }

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        const double a = -std::expm1(-engine::kGrid / (meter::kTau * m.setup.sample_rate));
        m.shared.keep = hn::Set(d, static_cast<float>(1.0 - a));
        m.shared.share = hn::Set(d, static_cast<float>(a / engine::kGrid));
        m.shared.true_peak_on = hn::LoadU(d, u.row(meter::true_peak_on));
        const auto on = m.shared.true_peak_on > hn::Zero(d);
        for (int i = 0; i < m.setup.channels_in * kTail; ++i) m.extra[i] = hn::IfThenElseZero(on, m.extra[i]);
    }

    static HWY_INLINE void silence(D d, Memory m) {
        m.shared.cross_sum = m.shared.cross = hn::Zero(d);
        for (int c = 0; c < m.setup.channels_in; ++c) m.channel[c] = {hn::Zero(d), hn::Zero(d)};
        for (int i = 0; i < m.setup.channels_in * kTail; ++i) m.extra[i] = hn::Zero(d);
    }

    static HWY_INLINE void settle(Memory m, V& power, V& sum) {
        power = hn::MulAdd(sum, m.shared.share, power * m.shared.keep);
        sum = hn::Zero(D());
    }

    static HWY_INLINE V one_channel(D d, Memory m, const engine::Block& b, int c) {
        const int width = static_cast<int>(hn::Lanes(d));
        V peak = hn::Zero(d);
        auto s = m.channel[c];
        const float* x = b.audio[c];
        for (int done = 0; done < b.frames;) {
            const int cell = engine::kGrid - static_cast<int>((b.position + done) & (engine::kGrid - 1));
            const int n = std::min(cell, b.frames - done);
            for (int i = 0; i < n; ++i, x += width) {
                const V v = hn::LoadU(d, x);
                peak = hn::Max(peak, hn::Abs(v));
                s.sum = hn::MulAdd(v, v, s.sum);
            }
            if (n == cell) settle(m, s.power, s.sum);
            done += n;
        }
        m.channel[c] = s;
        return peak;
    }

    struct Peaks {
        V left, right;
    };
    static HWY_INLINE Peaks pair(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        Peaks peak{hn::Zero(d), hn::Zero(d)};
        auto l = m.channel[0], r = m.channel[1];
        V cross_sum = m.shared.cross_sum, cross = m.shared.cross;
        const float *x = b.audio[0], *y = b.audio[1];
        for (int done = 0; done < b.frames;) {
            const int cell = engine::kGrid - static_cast<int>((b.position + done) & (engine::kGrid - 1));
            const int n = std::min(cell, b.frames - done);
            for (int i = 0; i < n; ++i, x += width, y += width) {
                const V v = hn::LoadU(d, x), w = hn::LoadU(d, y);
                peak.left = hn::Max(peak.left, hn::Abs(v));
                peak.right = hn::Max(peak.right, hn::Abs(w));
                l.sum = hn::MulAdd(v, v, l.sum);
                r.sum = hn::MulAdd(w, w, r.sum);
                cross_sum = hn::MulAdd(v, w, cross_sum);
            }
            if (n == cell) settle(m, l.power, l.sum), settle(m, r.power, r.sum), settle(m, cross, cross_sum);
            done += n;
        }
        m.channel[0] = l, m.channel[1] = r;
        m.shared.cross_sum = cross_sum, m.shared.cross = cross;
        return peak;
    }

    static HWY_INLINE V correlation(D d, Memory m) {
        const V floor = hn::Set(d, meter::kPowerFloor), one = hn::Set(d, 1.0F);
        const V left = m.channel[0].power;
        if (m.setup.channels_in == 1) return hn::IfThenElseZero(left > floor, one);
        const V right = m.channel[1].power;
        const V rho = m.shared.cross / (hn::Sqrt(hn::Max(left, floor)) * hn::Sqrt(hn::Max(right, floor)));
        const V clamped = hn::Min(hn::Max(rho, hn::Neg(one)), one);
        return hn::IfThenElseZero(hn::And(left > floor, right > floor), clamped);
    }

    static HWY_INLINE void hold(D d, const engine::Block& b, int readout, V value) {
        float* to = b.readouts + readout * static_cast<int>(hn::Lanes(d));
        hn::StoreU(hn::Max(value, hn::LoadU(d, to)), d, to);
    }
    static HWY_INLINE void show(D d, const engine::Block& b, int readout, V value) {
        hn::StoreU(value, d, b.readouts + readout * static_cast<int>(hn::Lanes(d)));
    }

    /// For N frames side by side, which share the loads of the taps: the largest of the three points between
    /// the two samples in the middle of w[n…n + kTail], against `most`.
    template <int N> static HWY_INLINE V between(D d, const float* table, const V* w, V most) {
        V half[N], even[N], odd[N];
        for (int n = 0; n < N; ++n) half[n] = even[n] = odd[n] = hn::Zero(d);
        for (int k = 0; k < dsp::Interpolator::folded; ++k) {
            const V h = hn::Set(d, table[3 * k]), e = hn::Set(d, table[3 * k + 1]),
                    o = hn::Set(d, table[3 * k + 2]);
            const V* before = w + dsp::Interpolator::folded - 1 - k;
            const V* after = w + dsp::Interpolator::folded + k;
            for (int n = 0; n < N; ++n) {
                const V s = before[n] + after[n];
                half[n] = hn::MulAdd(h, s, half[n]);
                even[n] = hn::MulAdd(e, s, even[n]);
                odd[n] = hn::MulAdd(o, before[n] - after[n], odd[n]);
            }
        }
        for (int n = 0; n < N; ++n)
            most = hn::Max(most, hn::Max(hn::Abs(half[n]), hn::Abs(even[n]) + hn::Abs(odd[n])));
        return most;
    }

    /// What the interpolated points of w[0…count) can reach at most.
    static HWY_INLINE V bound(D d, const dsp::Interpolator& f, const V* w, int count) {
        V peak = hn::Max(hn::Abs(w[0]), hn::Abs(w[count - 1])), bend = hn::Zero(d);
        for (int i = 1; i < count - 1; ++i) {
            peak = hn::Max(peak, hn::Abs(w[i]));
            bend = hn::Max(bend, hn::Abs(w[i - 1] + w[i + 1] - (w[i] + w[i])));
        }
        return hn::Min(hn::Set(d, f.gain) * peak,
                       hn::MulAdd(hn::Set(d, f.flat), peak, hn::Set(d, f.bend) * bend));
    }

    static HWY_INLINE void true_peak(D d, Memory m, const engine::Block& b, int c) {
        const int width = static_cast<int>(hn::Lanes(d));
        const auto& filter = *meter::filter.load(std::memory_order_relaxed);
        const auto on = m.shared.true_peak_on > hn::Zero(d);
        V* tail = m.extra + c * kTail;
        V line[kTail + engine::kSegment];
        for (int i = 0; i < kTail; ++i) line[i] = tail[i];
        for (int i = 0; i < b.frames; ++i)
            line[kTail + i] = hn::IfThenElseZero(on, hn::LoadU(d, b.audio[c] + i * width));
        for (int i = 0; i < kTail; ++i) tail[i] = line[b.frames + i];

        const V held = hn::LoadU(d, b.readouts + meter::true_peak * width);
        if (hn::AllFalse(d, bound(d, filter, line, kTail + b.frames) > held))
            return; // it would change nothing
        V most = held;
        constexpr int kSide = HWY_MAX_BYTES >= 64 ? 4 : 2; // as many as there are registers for
        int i = 0;
        for (; i + kSide <= b.frames; i += kSide)
            most = between<kSide>(d, filter.table.data(), line + i, most);
        for (; i < b.frames; ++i) most = between<1>(d, filter.table.data(), line + i, most);
        show(d, b, meter::true_peak, most);
    }

    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int channels = m.setup.channels_in;
        Peaks front;
        if (channels == 1)
            front.left = front.right = one_channel(d, m, b, 0);
        else
            front = pair(d, m, b);
        V peak = hn::Max(front.left, front.right), power = m.channel[0].power;
        if (channels > 1) power = hn::Max(power, m.channel[1].power);
        for (int c = 2; c < channels; ++c) {
            peak = hn::Max(peak, one_channel(d, m, b, c));
            power = hn::Max(power, m.channel[c].power);
        }
        hold(d, b, meter::peak, peak);
        hold(d, b, meter::peak_left, front.left);
        hold(d, b, meter::peak_right, front.right);
        show(d, b, meter::rms, hn::Sqrt(power));
        show(d, b, meter::correlation, correlation(d, m));
        const auto on = m.shared.true_peak_on > hn::Zero(d);
        if (hn::AllFalse(d, on)) return;
        hold(d, b, meter::true_peak, hn::IfThenElseZero(on, peak));
        for (int c = 0; c < channels; ++c) true_peak(d, m, b, c);
    }
};

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
