// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/guard/guard.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#ifndef TON_GUARD_ROWS
#define TON_GUARD_ROWS
namespace ton::modules::guard {
enum Row { on, ceiling, bypass };
enum Readout { reduction, dc };

constexpr double kHold = 0.1;    // s after the last peak that was held down
constexpr double kRelease = 20;  // dB/s
constexpr double kStep = 0.5;    // s: the window of the mean moves on by that much
constexpr int kSteps = 10;       // 5 s, as acceptance.md section 8 asks for
constexpr int kChains = 4;       // partial sums, by the absolute clock: additions that need not wait for each other
inline int step_frames(double sample_rate) { return static_cast<int>(kStep * sample_rate + 0.5); }
} // namespace ton::modules::guard
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// With p[n] = max over channels of |x[n]| and the ceiling C:
///   need[n] = min(1, C / p[n]);  g[n] = min(need[n], g[n-1] while held, else min(1, k g[n-1]));  y[n] = g[n] x[n]
/// so |y| <= C from the first sample on, without look-ahead. At rest g is 1, which changes no bit.
/// DC: the mean over the last ten steps of half a second of the absolute clock, the channel that is farthest from 0. Both
/// read-outs are of what leaves, and so heed the switch that the engine turns behind the kernel: bypass.
template <class D> struct Guard {
    using V = hn::Vec<D>;
    struct Shared {
        V on, growth, hold; // on: above 0; hold: frames
        V gain, held;       // gain 0: nothing happened yet, as 1; held: frames to come
    };
    struct Channel {
        V sum[guard::kChains], steps[guard::kSteps];
    };
    using Memory = LaneMemory<Guard, D>;

    static HWY_INLINE void update(D d, Memory m, const engine::Update& u) {
        m.shared.growth = hn::Set(d, static_cast<float>(std::pow(10.0, guard::kRelease / 20.0 / m.setup.sample_rate)));
        m.shared.hold = hn::Set(d, static_cast<float>(std::lround(guard::kHold * m.setup.sample_rate)));
        m.shared.on = hn::LoadU(d, u.row(guard::on));
    }

    /// At sample i of the block; what is off is open.
    static HWY_INLINE V ceiling_at(D d, Memory m, const engine::Block& b, int i) {
        const V open = hn::Set(d, std::numeric_limits<float>::max());
        return hn::IfThenElse(m.shared.on > hn::Zero(d), hn::LoadU(d, b.controls[guard::ceiling].at(i)), open);
    }

    static HWY_INLINE void silence(D d, Memory m) {
        m.shared.gain = m.shared.held = hn::Zero(d);
        for (int c = 0; c < m.setup.channels_in; ++c) {
            for (V& sum : m.channel[c].sum) sum = hn::Zero(d);
            for (V& step : m.channel[c].steps) step = hn::Zero(d);
        }
    }

    /// Adds to the channel's sums.
    static HWY_INLINE void listen(D d, V* sum, const float* x, std::int64_t position, int frames) {
        const int width = static_cast<int>(hn::Lanes(d));
        const auto take = [&](int i, int chain) HWY_ATTR { sum[chain] = sum[chain] + hn::LoadU(d, x + static_cast<std::ptrdiff_t>(i) * width); };
        int i = 0;
        for (; i < frames && (position + i) % guard::kChains != 0; ++i) take(i, static_cast<int>((position + i) % guard::kChains));
        for (; i + guard::kChains <= frames; i += guard::kChains)
            for (int k = 0; k < guard::kChains; ++k) take(i + k, k);
        for (int k = 0; i < frames; ++i, ++k) take(i, k);
    }

    /// The size of the channel's sum over all steps, now that one more has ended.
    static HWY_INLINE V end_step(D d, Channel& channel, std::int64_t step) {
        channel.steps[step % guard::kSteps] = (channel.sum[0] + channel.sum[1]) + (channel.sum[2] + channel.sum[3]);
        for (V& sum : channel.sum) sum = hn::Zero(d);
        V all = hn::Zero(d);
        for (const V& one : channel.steps) all = all + one;
        return hn::Abs(all);
    }

    /// One more step of the mean has ended with the sample before `now`.
    static HWY_INLINE void tell_dc(D d, Memory m, const engine::Block& b, std::int64_t now) {
        const int width = static_cast<int>(hn::Lanes(d)), step = guard::step_frames(m.setup.sample_rate);
        V most = hn::Zero(d);
        for (int c = 0; c < m.setup.channels_in; ++c) most = hn::Max(most, end_step(d, m.channel[c], (now - 1) / step));
        hn::StoreU(most * hn::Set(d, 1.0F / static_cast<float>(guard::kSteps * step)), d, b.readouts + guard::dc * width);
    }

    static HWY_INLINE void listen(D d, Memory m, const engine::Block& b, int from, int frames) {
        const auto offset = static_cast<std::ptrdiff_t>(from) * static_cast<std::ptrdiff_t>(hn::Lanes(d));
        for (int c = 0; c < m.setup.channels_in; ++c) listen(d, m.channel[c].sum, b.audio[c] + offset, b.position + from, frames);
    }

    /// Of all channels.
    static HWY_INLINE V peak_of(D d, Memory m, const engine::Block& b) {
        V peak = hn::Zero(d);
        for (int c = 0; c < m.setup.channels_in; ++c)
            for (int i = 0; i < b.frames; ++i)
                peak = hn::Max(peak, hn::Abs(hn::LoadU(d, b.audio[c] + static_cast<std::ptrdiff_t>(i) * static_cast<std::ptrdiff_t>(hn::Lanes(d)))));
        return peak;
    }

    /// And listens to what leaves.
    static HWY_INLINE void hold_down(D d, Memory m, const engine::Block& b, int from, int frames) {
        const int width = static_cast<int>(hn::Lanes(d));
        const bool moves = b.controls[guard::ceiling].stride != 0;
        const V one = hn::Set(d, 1.0F), zero = hn::Zero(d);
        V ceiling = ceiling_at(d, m, b, 0), floor = hn::Neg(ceiling);
        const V growth = m.shared.growth, hold = m.shared.hold;
        V gain = hn::IfThenElse(m.shared.gain > zero, m.shared.gain, one), held = m.shared.held, lowest = one;
        for (int i = from; i < from + frames; ++i) {
            const auto at = static_cast<std::ptrdiff_t>(i) * width;
            if (moves) ceiling = ceiling_at(d, m, b, i), floor = hn::Neg(ceiling);
            V peak = zero;
            for (int c = 0; c < m.setup.channels_in; ++c) peak = hn::Max(peak, hn::Abs(hn::LoadU(d, b.audio[c] + at)));
            const V need = hn::IfThenElse(peak > ceiling, ceiling / peak, one);
            const V grown = hn::IfThenElse(held > zero, gain, hn::Min(one, gain * growth));
            held = hn::IfThenElse(hn::And(need < one, need <= grown), hold, hn::Max(zero, held - one));
            gain = hn::Min(need, grown);
            const V bypass = hn::LoadU(d, b.controls[guard::bypass].at(i));
            lowest = hn::Min(lowest, hn::IfThenElse(bypass < one, gain, one));
            for (int c = 0; c < m.setup.channels_in; ++c) {
                float* to = b.audio[c] + at;
                const V x = hn::LoadU(d, to), scaled = x * gain; // within a rounding of the ceiling; a NaN stays one, and is silenced
                const V y = hn::IfThenElse(scaled > ceiling, ceiling, hn::IfThenElse(scaled < floor, floor, scaled));
                hn::StoreU(y, d, to);
                V& sum = m.channel[c].sum[(b.position + i) % guard::kChains];
                sum = sum + hn::IfThenElse(bypass > zero, y + bypass * (x - y), y);
            }
        }
        m.shared.gain = gain, m.shared.held = held;
        float* to = b.readouts + guard::reduction * width;
        hn::StoreU(hn::Min(lowest, hn::LoadU(d, to)), d, to);
    }

    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const V gain = m.shared.gain;
        const auto under_way = hn::And(gain > hn::Zero(d), gain < hn::Set(d, 1.0F));
        const auto on = m.shared.on > hn::Zero(d);
        // While a ceiling moves each sample has its own. Else told by what is not above, so that a NaN in one lane is no reason
        // to look at the others.
        const auto needed = [&]() HWY_ATTR {
            return b.controls[guard::ceiling].stride != 0 || !hn::AllFalse(d, hn::Or(peak_of(d, m, b) > ceiling_at(d, m, b, 0), under_way));
        };
        const bool holds = !hn::AllFalse(d, hn::Or(on, under_way)) && needed();
        const int step = guard::step_frames(m.setup.sample_rate);
        for (int i = 0; i < b.frames;) {
            const auto now = b.position + i;
            const int n = std::min(b.frames - i, step - static_cast<int>(now % step));
            if (holds) hold_down(d, m, b, i, n);
            else listen(d, m, b, i, n);
            i += n;
            if ((now + n) % step == 0) tell_dc(d, m, b, now + n);
        }
    }
};
TON_LANE_KERNELS(Guard)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(GuardLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "on",
              .help = "Holds every sample that leaves at or below the ceiling.",
              .kind = Kind::toggle,
              .smoothing = 0},
    Parameter{.name = "ceiling",
              .unit = "dBFS",
              .minimum = -60,
              .maximum = 0,
              .initial = 0,
              .help = "What no sample exceeds; protection, no mastering: for that there is the limiter.",
              .rate = Rate::sample,
              .domain = Domain::amplitude},
    Parameter{.name = "reduction",
              .unit = "dB",
              .minimum = -120,
              .maximum = 0,
              .initial = 0,
              .help = "How far the ceiling holds the level down: the deepest since the last reading; 0 while bypassed.",
              .kind = Kind::meter,
              .domain = Domain::amplitude,
              .hold = true},
    Parameter{.name = "dc",
              .unit = "dBFS",
              .minimum = -120,
              .maximum = 24,
              .initial = -120,
              .help = "DC offset that leaves: the mean over 5 s, of the channel that is farthest from 0.",
              .kind = Kind::meter,
              .domain = Domain::amplitude},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(GuardLanes)();
}
} // namespace

extern const ModuleType guard_module;
const ModuleType guard_module{
    .name = "guard",
    .summary = "Guard: a ceiling that nothing passes, and a watch for DC; every strip with outputs has one at its end.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
    .internal = true,
};

} // namespace ton::modules
#endif
