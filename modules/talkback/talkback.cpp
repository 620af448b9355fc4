// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/talkback/talkback.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// y[n] = on[n] x[n]
template <class D> struct Talkback {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Talkback, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        for (int c = 0; c < m.setup.channels_out; ++c) {
            float* x = b.audio[c];
            for (int i = 0; i < b.frames; ++i, x += width) hn::StoreU(hn::LoadU(d, x) * hn::LoadU(d, b.controls[0].at(i)), d, x);
        }
    }
};
TON_LANE_KERNELS(Talkback)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(TalkbackLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "on", .help = "Somebody speaks; never on by itself.", .kind = Kind::toggle, .rate = Rate::sample, .momentary = true},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(TalkbackLanes)();
}
} // namespace

extern const ModuleType talkback_module;
const ModuleType talkback_module{
    .name = "talkback",
    .summary = "Talkback: a switch to be held, which dims the monitors.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
    .talks = true,
};

} // namespace ton::modules
#endif
