// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/gain/gain.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_GAIN_ROWS
#define TON_GAIN_ROWS
namespace ton::modules::gain {
enum Row { level };
} // namespace ton::modules::gain
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// y[n] = g[n] x[n]
template <class D> struct Gain {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Gain, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        for (int c = 0; c < m.setup.channels_out; ++c) {
            float* x = b.audio[c];
            for (int i = 0; i < b.frames; ++i, x += width)
                hn::StoreU(hn::LoadU(d, x) * hn::LoadU(d, b.controls[gain::level].at(i)), d, x);
        }
    }
};
TON_LANE_KERNELS(Gain)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(GainLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "level", .unit = "dB", .minimum = -120, .maximum = 24, .initial = 0,
              .help = "Gain; at -120 dB silence.", .scale = Scale::fader, .rate = Rate::sample,
              .domain = Domain::amplitude},
});

const LaneKernels& lanes() { return HWY_DYNAMIC_DISPATCH(GainLanes)(); }
} // namespace

extern const ModuleType gain_module;
const ModuleType gain_module{
    .name = "gain",
    .summary = "Gain: a trim, before or after other modules.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
