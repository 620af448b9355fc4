// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/gate/gate.cpp"
#include <hwy/foreach_target.h>

#include "engine/module.hpp"
#include "modules/gate/gate-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
TON_LANE_KERNELS(Gate)
} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace ton::modules {
using namespace engine;

HWY_EXPORT(GateLanes);

namespace {
// A row of the table stays a row.
// clang-format off
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "threshold", .unit = "dBFS", .minimum = -80, .maximum = 0, .initial = -40,
              .help = "Level that opens the gate.", .smoothing = 50},
    Parameter{.name = "ratio", .minimum = 1, .maximum = gate::kGateRatio, .initial = gate::kGateRatio,
              .help = "Below the threshold 1 dB of level is this many dB of output; at its maximum a gate.",
              .scale = Scale::logarithmic, .smoothing = 50},
    Parameter{.name = "range", .unit = "dB", .minimum = 0, .maximum = 100, .initial = 60,
              .help = "How far a closed gate turns down at most; 100 is silence.", .smoothing = 50},
    Parameter{.name = "hysteresis", .unit = "dB", .minimum = 0, .maximum = 20, .initial = 4,
              .help = "How far below the threshold an open gate stays open.", .smoothing = 50},
    Parameter{.name = "attack", .unit = "ms", .minimum = 0.05F, .maximum = 250, .initial = 1,
              .help = "Time constant of opening (63 % of the reduction in dB).",
              .scale = Scale::logarithmic},
    Parameter{.name = "hold", .unit = "ms", .minimum = 5, .maximum = 2000, .initial = 50,
              .help = "Time for which the gate stays open after the level has gone.",
              .scale = Scale::logarithmic, .smoothing = 0},
    Parameter{.name = "release", .unit = "ms", .minimum = 5, .maximum = 4000, .initial = 150,
              .help = "Time constant of closing.", .scale = Scale::logarithmic},
    Parameter{.name = "lookahead", .unit = "ms", .minimum = 0, .maximum = 20, .initial = 0,
              .help = "How much earlier the gate hears the signal; it delays the strip by as much.",
              .smoothing = 0, .structural = true},
    Parameter{.name = "sidechain", .help = "What opens the gate: a strip's output, or \"strip/module\"; empty for its own input.",
              .kind = Kind::text, .structural = true, .point = true},
    Parameter{.name = "sidechain_highpass", .unit = "Hz", .minimum = gate::kHighpassOff, .maximum = 500,
              .initial = gate::kHighpassOff,
              .help = "High-pass, 12 dB/oct, before the detector; off at its minimum.",
              .scale = Scale::logarithmic},
    Parameter{.name = "reduction", .unit = "dB", .minimum = -100, .maximum = 0, .initial = 0,
              .help = "Gain of the gate: the deepest since the last reading.", .kind = Kind::meter,
              .hold = true},
});
// clang-format on

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(GateLanes)();
}

int latency(const Settings& settings, double sample_rate) {
    return static_cast<int>(
        std::lround(static_cast<double>(settings.value("lookahead")) * sample_rate / 1000.0));
}
} // namespace

extern const ModuleType gate_module;
const ModuleType gate_module{
    .name = "gate",
    .summary = "Gate and expander: hysteresis, hold, side-chain, look-ahead.",
    .parameters = kRows,
    .channels_out = same_channels,
    .latency = latency,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
