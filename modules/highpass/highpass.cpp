// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/highpass/highpass.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "engine/module.hpp"
#include "modules/support/cut-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
template <class D> struct Highpass : Cut<D, true> {};
TON_LANE_KERNELS(Highpass)
} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(HighpassLanes);

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "frequency", .unit = "Hz", .minimum = 10, .maximum = 20000, .initial = 80,
              .help = "Where the level is 3 dB down.", .scale = Scale::logarithmic, .smoothing = 50},
    Parameter{.name = "slope", .unit = "dB/oct", .maximum = 5, .initial = 1,
              .help = "How steeply the level falls below it.", .kind = Kind::choice, .smoothing = 0,
              .choices = "6|12|18|24|36|48"},
});

const LaneKernels& lanes() { return HWY_DYNAMIC_DISPATCH(HighpassLanes)(); }
} // namespace

extern const ModuleType highpass_module;
const ModuleType highpass_module{
    .name = "highpass",
    .summary = "High-pass: takes out rumble and pops, Butterworth, 6 to 48 dB per octave.",
    .parameters = kRows,
    .channels_out = same_channels,
    .grid = kCoarseGrid,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
