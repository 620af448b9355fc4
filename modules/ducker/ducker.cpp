// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/ducker/ducker.cpp"
#include <hwy/foreach_target.h>

#include "engine/module.hpp"
#include "modules/ducker/ducker-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
TON_LANE_KERNELS(Ducker)
} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace ton::modules {
using namespace engine;

HWY_EXPORT(DuckerLanes);

namespace {
// A row of the table stays a row.
// clang-format off
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "depth", .unit = "dB", .minimum = -60, .maximum = 0, .initial = -12,
              .help = "Gain while somebody talks.", .smoothing = 50},
    Parameter{.name = "threshold", .unit = "dBFS", .minimum = -80, .maximum = 0, .initial = -40,
              .help = "Level of the side-chain from which on somebody talks; until 3 dB below it he goes on.",
              .smoothing = 50},
    Parameter{.name = "attack", .unit = "ms", .minimum = 1, .maximum = 2000, .initial = 50,
              .help = "Time of the whole way down.", .scale = Scale::logarithmic, .smoothing = 0},
    Parameter{.name = "hold", .unit = "ms", .minimum = 10, .maximum = 10000, .initial = 500,
              .help = "Time after the last word before it comes back.", .scale = Scale::logarithmic, .smoothing = 0},
    Parameter{.name = "release", .unit = "ms", .minimum = 10, .maximum = 20000, .initial = 1000,
              .help = "Time of the whole way back.", .scale = Scale::logarithmic, .smoothing = 0},
    Parameter{.name = "lookahead", .unit = "ms", .minimum = 0, .maximum = 100, .initial = 0,
              .help = "How much earlier the voice is heard than the strip; it delays the strip by as much.",
              .smoothing = 0, .structural = true},
    Parameter{.name = "sidechain", .help = "Who talks: a strip's output, or \"strip/module\"; empty for its own input.",
              .kind = Kind::text, .structural = true, .point = true},
    Parameter{.name = "sidechain_highpass", .unit = "Hz", .minimum = ducker::kHighpassOff, .maximum = 500,
              .initial = 100, .help = "High-pass, 12 dB/oct, before the detector; off at its minimum.",
              .scale = Scale::logarithmic},
    Parameter{.name = "reduction", .unit = "dB", .minimum = -60, .maximum = 0, .initial = 0,
              .help = "Gain of the ducker: the deepest since the last reading.", .kind = Kind::meter, .hold = true},
});
// clang-format on

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(DuckerLanes)();
}

int latency(const Settings& settings, double sample_rate) {
    return static_cast<int>(
        std::lround(static_cast<double>(settings.value("lookahead")) * sample_rate / 1000.0));
}
} // namespace

extern const ModuleType ducker_module;
const ModuleType ducker_module{
    .name = "ducker",
    .summary = "Ducker: takes the strip down while another one talks.",
    .parameters = kRows,
    .channels_out = same_channels,
    .latency = latency,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
