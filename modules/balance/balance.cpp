// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/balance/balance.cpp"
#include <hwy/foreach_target.h>

#include "dsp/pan_law-inl.h"
#include "engine/lanes-inl.h"
#include "engine/module.hpp"

#ifndef TON_BALANCE_ROWS
#define TON_BALANCE_ROWS
namespace ton::modules::balance {
enum Row { position };
} // namespace ton::modules::balance
#endif

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

/// y_L[n] = cos(pi/2 max(0, p[n])) x_L[n], y_R[n] = cos(pi/2 max(0, -p[n])) x_R[n]
template <class D> struct Balance {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Balance, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        const auto& position = b.controls[balance::position];
        float *left = b.audio[0], *right = b.audio[1];
        auto g = dsp::HWY_NAMESPACE::balance(d, hn::LoadU(d, position.at(0)));
        for (int i = 0; i < b.frames; ++i, left += width, right += width) {
            if (position.stride != 0) g = dsp::HWY_NAMESPACE::balance(d, hn::LoadU(d, position.at(i)));
            hn::StoreU(hn::LoadU(d, left) * g.left, d, left);
            hn::StoreU(hn::LoadU(d, right) * g.right, d, right);
        }
    }
};
TON_LANE_KERNELS(Balance)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(BalanceLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "position",
              .minimum = -1,
              .maximum = 1,
              .initial = 0,
              .help = "At -1 only the left channel is left over, at 1 only the right one.",
              .rate = Rate::sample},
});

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(BalanceLanes)();
}
int stereo_only(int channels_in, const Settings&) {
    return channels_in == 2 ? 2 : 0;
}
} // namespace

extern const ModuleType balance_module;
const ModuleType balance_module{
    .name = "balance",
    .summary = "Balance: turns one side of a stereo signal down, the other stays as it is.",
    .parameters = kRows,
    .channels_out = stereo_only,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
