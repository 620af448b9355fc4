// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/meter/meter.cpp"
#include <hwy/foreach_target.h>

#include "engine/module.hpp"
#include "modules/meter/meter-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
TON_LANE_KERNELS(Meter)
} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {
using namespace engine;

HWY_EXPORT(MeterLanes);

namespace {
constexpr Parameter readout(std::string_view name, std::string_view unit, bool hold, std::string_view help) {
    return {.name = name,
            .unit = unit,
            .minimum = -120,
            .maximum = 24,
            .initial = -120,
            .help = help,
            .kind = Kind::meter,
            .domain = Domain::amplitude,
            .hold = hold};
}

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "true_peak_on",
              .initial = 1,
              .help = "Measures the true peak as well, which costs more than all the rest.",
              .kind = Kind::toggle,
              .smoothing = 0},
    readout("peak", "dBFS", true, "Highest sample of all channels since the last reading."),
    readout("peak_left", "dBFS", true,
            "Highest sample of the left (or only) channel since the last reading."),
    readout("peak_right", "dBFS", true,
            "Highest sample of the right (or only) channel since the last reading."),
    readout("rms", "dBFS", false,
            "RMS of the loudest channel, averaged exponentially over 300 ms; a full-scale sine reads -3.01."),
    readout("true_peak", "dBTP", true, "Highest true peak (ITU-R BS.1770, 4x) since the last reading."),
    Parameter{.name = "correlation",
              .minimum = -1,
              .maximum = 1,
              .initial = 0,
              .help =
                  "Left with right over 300 ms: 1 alike, 0 unrelated or silent, -1 opposed; mono reads 1.",
              .kind = Kind::meter},
});

const LaneKernels& lanes() {
    meter::filter.store(&dsp::interpolator(4), std::memory_order_relaxed);
    return HWY_DYNAMIC_DISPATCH(MeterLanes)();
}
} // namespace

extern const ModuleType meter_module;
const ModuleType meter_module{
    .name = "meter",
    .summary = "Meter: peak, RMS, true peak and correlation; every strip has one at its end.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = lanes,
};

} // namespace ton::modules
#endif
