// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/mute/mute.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_MUTE_ROWS
#define TON_MUTE_ROWS
namespace ton::modules::mute {
enum Row { mute };
} // namespace ton::modules::mute
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// y[n] = (1 - v[n]) x[n]; v is 0 or 1, and in between while the switch is thrown
template <class D> struct Mute {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Mute, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        const auto& control = b.controls[mute::mute];
        // Open and at rest in all lanes: times one, which changes no bit.
        if (control.stride == 0 && hn::AllTrue(d, hn::LoadU(d, control.values) == hn::Zero(d))) return;
        for (int c = 0; c < m.setup.channels_out; ++c) {
            float* x = b.audio[c];
            for (int i = 0; i < b.frames; ++i, x += width) {
                const auto v = hn::LoadU(d, control.at(i));
                hn::StoreU(hn::LoadU(d, x) * (hn::Set(d, 1.0F) - v), d, x);
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
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(MuteLanes)();
}
} // namespace

extern const ModuleType mute_module;
const ModuleType mute_module{
    .name = "mute",
    .summary = "Mute: silences a strip within 20 ms; every strip has one at its end.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
    .internal = true,
};

} // namespace ton::modules
#endif
