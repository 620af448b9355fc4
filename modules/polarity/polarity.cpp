// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/polarity/polarity.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_POLARITY_ROWS
#define TON_POLARITY_ROWS
namespace ton::modules::polarity {
enum Row { invert };
} // namespace ton::modules::polarity
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// y[n] = (1 - 2 v[n]) x[n]; v is 0 or 1, and in between while the switch is thrown
template <class D> struct Polarity {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Polarity, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        for (int c = 0; c < m.setup.channels_out; ++c) {
            float* x = b.audio[c];
            for (int i = 0; i < b.frames; ++i, x += width) {
                const auto v = hn::LoadU(d, b.controls[polarity::invert].at(i));
                hn::StoreU(hn::LoadU(d, x) * (hn::Set(d, 1.0F) - (v + v)), d, x);
            }
        }
    }
};
TON_LANE_KERNELS(Polarity)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(PolarityLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "invert",
              .help = "Turns the signal upside down.",
              .kind = Kind::toggle,
              .rate = Rate::sample},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(PolarityLanes)();
}
} // namespace

extern const ModuleType polarity_module;
const ModuleType polarity_module{
    .name = "polarity",
    .summary = "Polarity: inverts the signal, without a click.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
