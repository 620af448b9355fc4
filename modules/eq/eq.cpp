// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/eq/eq.cpp"
#include <hwy/foreach_target.h>

#include "engine/module.hpp"
#include "modules/eq/eq-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
TON_LANE_KERNELS(Eq)
} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(EqLanes);

namespace {
constexpr std::array kBand{
    Parameter{.name = "on", .initial = 1, .help = "Whether the band is heard.", .kind = Kind::toggle,
              .smoothing = 0},
    Parameter{.name = "type", .maximum = dsp::kShapes - 1, .initial = dsp::bell,
              .help = "What the band does.", .kind = Kind::choice, .smoothing = 0,
              .choices = "bell|low_shelf|high_shelf|highpass|lowpass|notch"},
    Parameter{.name = "frequency", .unit = "Hz", .minimum = 10, .maximum = 22000, .initial = 1000,
              .help = "Centre of a bell or notch, middle of a shelf, corner of a pass; below 0.49 of the "
                      "sample rate.",
              .scale = Scale::logarithmic, .smoothing = 50},
    Parameter{.name = "gain", .unit = "dB", .minimum = -24, .maximum = 24, .initial = 0,
              .help = "Of bells and shelves; a cut is the exact inverse of the boost, 0 dB passes every bit.",
              .smoothing = 60},
    Parameter{.name = "q", .minimum = 0.1F, .maximum = 40, .initial = 0.71F,
              .help = "Narrowness of a bell or notch, steepness of a shelf (2 at most), resonance of a pass.",
              .scale = Scale::logarithmic, .smoothing = 50},
};

/// Bands spread over the range, shelves at its ends.
consteval auto bands() {
    auto rows = repeat<eq::kBands>("band", kBand);
    constexpr std::array<float, eq::kBands> frequencies{80, 150, 300, 600, 1200, 2500, 5000, 10000};
    for (std::size_t n = 0; n < eq::kBands; ++n) {
        const std::size_t row = n * eq::kRowsPerBand;
        rows[row + eq::frequency].initial = frequencies[n];
        if (n > 0 && n + 1 < eq::kBands) rows[row + eq::q].initial = 1.0F;
    }
    rows[eq::type].initial = dsp::low_shelf;
    rows[(eq::kBands - 1) * eq::kRowsPerBand + eq::type].initial = dsp::high_shelf;
    return rows;
}
constexpr auto kRows = parameter_table(bands());

const LaneKernels& lanes() { return HWY_DYNAMIC_DISPATCH(EqLanes)(); }
} // namespace

extern const ModuleType eq_module;
const ModuleType eq_module{
    .name = "eq",
    .summary = "Equaliser: eight bands, each a bell, shelf, pass or notch, true to the analogue curves.",
    .parameters = kRows,
    .channels_out = same_channels,
    .grid = kCoarseGrid,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
