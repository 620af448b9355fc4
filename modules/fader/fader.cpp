// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/fader/fader.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_FADER_ROWS
#define TON_FADER_ROWS
namespace ton::modules::fader {
enum Row { level };
} // namespace ton::modules::fader
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// y[n] = g[n] x[n]
template <class D> struct Fader {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Fader, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        for (int c = 0; c < m.setup.channels_out; ++c) {
            float* x = b.audio[c];
            for (int i = 0; i < b.frames; ++i, x += width) {
                const auto v = hn::LoadU(d, b.controls[fader::level].at(i));
                hn::StoreU(hn::LoadU(d, x) * v, d, x);
            }
        }
    }
};
TON_LANE_KERNELS(Fader)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(FaderLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "level",
              .unit = "dB",
              .minimum = -120,
              .maximum = 12,
              .initial = 0,
              .help = "The strip's level; at -120 dB silence.",
              .scale = Scale::fader,
              .rate = Rate::sample,
              .domain = Domain::amplitude},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(FaderLanes)();
}
} // namespace

extern const ModuleType fader_module;
const ModuleType fader_module{
    .name = "fader",
    .summary = "Fader: the strip's level, with a console's travel.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
