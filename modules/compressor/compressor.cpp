// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/compressor/compressor.cpp"
#include <hwy/foreach_target.h>

#include "engine/module.hpp"
#include "modules/compressor/compressor-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
TON_LANE_KERNELS(Compressor)
} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace ton::modules {
using namespace engine;

HWY_EXPORT(CompressorLanes);

namespace {
// A row of the table stays a row.
// clang-format off
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "threshold", .unit = "dBFS", .minimum = -60, .maximum = 0, .initial = -20,
              .help = "Level at which compression begins (the middle of the knee).", .smoothing = 50},
    Parameter{.name = "ratio", .minimum = 1, .maximum = 100, .initial = 4,
              .help = "Above the threshold the level must rise by this many dB for the output to rise by 1.",
              .scale = Scale::logarithmic, .smoothing = 50},
    Parameter{.name = "knee", .unit = "dB", .minimum = 0, .maximum = 30, .initial = 6,
              .help = "Width of the bend around the threshold; 0 is a hard corner.", .smoothing = 50},
    Parameter{.name = "attack", .unit = "ms", .minimum = 0.05F, .maximum = 250, .initial = 10,
              .help = "Time constant of coming down (63 % of the reduction in dB).",
              .scale = Scale::logarithmic},
    Parameter{.name = "release", .unit = "ms", .minimum = 5, .maximum = 5000, .initial = 150,
              .help = "Time constant of coming back; the attack's adds to it.", .scale = Scale::logarithmic},
    Parameter{.name = "makeup", .unit = "dB", .minimum = -24, .maximum = 24, .initial = 0,
              .help = "Gain of the compressed signal.", .smoothing = 50},
    Parameter{.name = "auto_makeup", .help = "Also give back half of what a full-scale level is reduced by.",
              .kind = Kind::toggle, .smoothing = 50},
    Parameter{.name = "mix", .minimum = 0, .maximum = 1, .initial = 1,
              .help = "1 is all compressed, 0 all uncompressed, between them compression in parallel.",
              .smoothing = 50},
    Parameter{.name = "link", .minimum = 0, .maximum = 1, .initial = 1,
              .help = "How far every channel's reduction follows the channel that asks for most.",
              .smoothing = 50},
    Parameter{.name = "detector", .help = "What counts as level: the peak, or the RMS of about 10 ms.",
              .kind = Kind::choice, .choices = "peak|rms"},
    Parameter{.name = "lookahead", .unit = "ms", .minimum = 0, .maximum = 20, .initial = 0,
              .help = "How much earlier the detector hears the signal; it delays the strip by as much.",
              .smoothing = 0, .structural = true},
    Parameter{.name = "sidechain", .help = "What the detector hears: a strip's output, or \"strip/module\"; empty for its own input.",
              .kind = Kind::text, .structural = true, .point = true},
    Parameter{.name = "sidechain_highpass", .unit = "Hz", .minimum = compressor::kHighpassOff,
              .maximum = 500, .initial = compressor::kHighpassOff,
              .help = "High-pass, 12 dB/oct, before the detector; off at its minimum.",
              .scale = Scale::logarithmic},
    Parameter{.name = "reduction", .unit = "dB", .minimum = -60, .maximum = 0, .initial = 0,
              .help = "Gain of the compressor, without makeup: the deepest since the last reading.",
              .kind = Kind::meter, .hold = true},
});
// clang-format on

const LaneKernels& lanes() {
    return HWY_DYNAMIC_DISPATCH(CompressorLanes)();
}

int latency(const Settings& settings, double sample_rate) {
    return static_cast<int>(
        std::lround(static_cast<double>(settings.value("lookahead")) * sample_rate / 1000.0));
}
} // namespace

extern const ModuleType compressor_module;
const ModuleType compressor_module{
    .name = "compressor",
    .summary = "Compressor: soft knee, smooth detector, side-chain, look-ahead, parallel mix.",
    .parameters = kRows,
    .channels_out = [](int channels, const Settings&) { return channels <= compressor::kMostChannels ? channels : 0; },
    .latency = latency,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
