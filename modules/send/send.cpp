// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/send/send.cpp"
#include <hwy/foreach_target.h>

#include "dsp/pan_law-inl.h"
#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_SEND_ROWS
#define TON_SEND_ROWS
namespace ton::modules::send {
enum Row { to, level, pan, on };
} // namespace ton::modules::send
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using dsp::HWY_NAMESPACE::balance;
using dsp::HWY_NAMESPACE::equal_power;
using dsp::HWY_NAMESPACE::GainPair;
using engine::HWY_NAMESPACE::LaneMemory;

/// tap[n] = g[n] x[n]; the input itself passes. Mono into stereo is panned by the -3 dB law, stereo into
/// stereo is balanced, stereo into mono is 0.5 (L + R); other widths go channel by channel, what is missing
/// is silent.
template <class D> struct Send {
    using V = hn::Vec<D>;
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Send, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}

    static HWY_INLINE V level(D d, const engine::Block& b, int i) {
        return hn::LoadU(d, b.controls[send::level].at(i)) * hn::LoadU(d, b.controls[send::on].at(i));
    }

    static HWY_INLINE void into_stereo(D d, bool mono, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        const auto& position = b.controls[send::pan];
        const float *left = b.audio[0], *right = mono ? left : b.audio[1];
        float *tap_left = b.taps[0], *tap_right = b.taps[1];
        const V still_at = hn::LoadU(d, position.at(0));
        GainPair<V> g = mono ? equal_power(d, still_at) : balance(d, still_at);
        for (int i = 0, at = 0; i < b.frames; ++i, at += width) {
            if (position.stride != 0) {
                const V p = hn::LoadU(d, position.at(i));
                g = mono ? equal_power(d, p) : balance(d, p);
            }
            const V v = level(d, b, i);
            hn::StoreU(hn::LoadU(d, left + at) * v * g.left, d, tap_left + at);
            hn::StoreU(hn::LoadU(d, right + at) * v * g.right, d, tap_right + at);
        }
    }

    static HWY_INLINE void stereo_into_mono(D d, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        const V half = hn::Set(d, 0.5F);
        for (int i = 0, at = 0; i < b.frames; ++i, at += width) {
            const V sum = hn::LoadU(d, b.audio[0] + at) + hn::LoadU(d, b.audio[1] + at);
            hn::StoreU(half * sum * level(d, b, i), d, b.taps[0] + at);
        }
    }

    static HWY_INLINE void straight(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        for (int c = 0; c < m.setup.tap_channels; ++c) {
            const bool there = c < m.setup.channels_in;
            for (int i = 0, at = 0; i < b.frames; ++i, at += width) {
                const V x = there ? hn::LoadU(d, b.audio[c] + at) : hn::Zero(d);
                hn::StoreU(x * level(d, b, i), d, b.taps[c] + at);
            }
        }
    }

    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int in = m.setup.channels_in, out = m.setup.tap_channels;
        if (!b.taps) return; // feeds nothing
        if (out == 2 && in <= 2)
            into_stereo(d, in == 1, b);
        else if (out == 1 && in == 2)
            stereo_into_mono(d, b);
        else
            straight(d, m, b);
    }
};
TON_LANE_KERNELS(Send)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(SendLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "to", .help = "The strip that is fed.", .kind = Kind::text, .structural = true},
    Parameter{.name = "level",
              .unit = "dB",
              .minimum = -120,
              .maximum = 12,
              .initial = 0,
              .help = "How much is sent; at -120 dB nothing.",
              .scale = Scale::fader,
              .rate = Rate::sample,
              .domain = Domain::amplitude},
    Parameter{.name = "pan",
              .minimum = -1,
              .maximum = 1,
              .initial = 0,
              .help =
                  "Where it goes in a stereo strip: mono is panned (-3 dB in the centre), stereo balanced.",
              .rate = Rate::sample},
    Parameter{.name = "on", .initial = 1, .help = "Sends.", .kind = Kind::toggle, .rate = Rate::sample},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(SendLanes)();
}
} // namespace

extern const ModuleType send_module;
const ModuleType send_module{
    .name = "send",
    .summary = "Send: feeds another strip, before or after the fader by its place in the chain.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
    .send = true,
};

} // namespace ton::modules
#endif
