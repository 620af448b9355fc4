// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/automix/automix.cpp"
#include <hwy/foreach_target.h>

#include "engine/module.hpp"
#include "modules/automix/automix-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
TON_LANE_KERNELS(Automix)
} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(AutomixLanes);

namespace {
// A row of the table stays a row.
// clang-format off
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "group", .help = "Name of the group whose gain is shared; any, the same for all its members.",
              .kind = Kind::text, .structural = true, .initial_text = "1"},
    Parameter{.name = "weight", .unit = "dB", .minimum = -60, .maximum = 20, .initial = 0,
              .help = "Added to the level by which it competes; to be heard alone it has no effect.",
              .rate = Rate::sample, .domain = Domain::amplitude},
    Parameter{.name = "on", .initial = 1, .help = "Takes part; off, it is silent and leaves its share to the others.",
              .kind = Kind::toggle, .rate = Rate::sample},
    Parameter{.name = "attack", .unit = "ms", .minimum = 0.5F, .maximum = 100, .initial = 5,
              .help = "Time constant of the level meter upwards.", .scale = Scale::logarithmic},
    Parameter{.name = "release", .unit = "ms", .minimum = 10, .maximum = 2000, .initial = 150,
              .help = "Time constant of the level meter downwards.", .scale = Scale::logarithmic},
    Parameter{.name = "highpass", .unit = "Hz", .minimum = automix::kHighpassOff, .maximum = 500, .initial = 100,
              .help = "High-pass, 12 dB/oct, of the level meter; off at its minimum.", .scale = Scale::logarithmic},
    Parameter{.name = "gain", .unit = "dB", .minimum = -120, .maximum = 0, .initial = 0,
              .help = "Gain of the automix.", .kind = Kind::meter, .domain = Domain::amplitude},
});
// clang-format on
static_assert(kRows[automix::bypass].name == "bypass");

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(AutomixLanes)();
}
} // namespace

extern const ModuleType automix_module;
const ModuleType automix_module{
    .name = "automix",
    .summary = "Automix: shares one microphone's gain among all of a group, by who speaks.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
    .shares = true,
};

} // namespace ton::modules
#endif
