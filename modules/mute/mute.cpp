// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/mute/mute.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_MUTE_ROWS
#define TON_MUTE_ROWS
namespace ton::modules::mute {
enum Row { mute, group_level };
} // namespace ton::modules::mute
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// y[n] = (1 - v[n]) g[n] x[n]; v is 0 or 1, and in between while the switch is thrown; g is what groups add to the fader
template <class D> struct Mute {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Mute, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        const auto &control = b.controls[mute::mute], &group = b.controls[mute::group_level];
        const auto one = hn::Set(d, 1.0F);
        // Open and at rest in all lanes: times one, which changes no bit.
        if (control.stride == 0 && group.stride == 0 &&
            hn::AllTrue(d, hn::And(hn::LoadU(d, control.values) == hn::Zero(d), hn::LoadU(d, group.values) == one)))
            return;
        for (int c = 0; c < m.setup.channels_out; ++c) {
            float* x = b.audio[c];
            for (int i = 0; i < b.frames; ++i, x += width) {
                const auto v = hn::LoadU(d, control.at(i));
                hn::StoreU(hn::LoadU(d, x) * ((one - v) * hn::LoadU(d, group.at(i))), d, x);
            }
        }
    }
};
TON_LANE_KERNELS(Mute)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(MuteLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "mute", .help = "Silences the strip.", .kind = Kind::toggle, .rate = Rate::sample},
    Parameter{.name = "group_level",
              .unit = "dB",
              .minimum = -120,
              .maximum = 24,
              .initial = 0,
              .help = "The sum of the strip's groups' levels; set by them.",
              .scale = Scale::fader,
              .rate = Rate::sample,
              .domain = Domain::amplitude,
              .follows = true},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(MuteLanes)();
}
} // namespace

extern const ModuleType mute_module;
const ModuleType mute_module{
    .name = "mute",
    .summary = "Mute: silences a strip within 20 ms; every strip has one, behind its last fader.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
    .internal = true,
};

} // namespace ton::modules
#endif
