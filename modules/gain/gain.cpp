// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "modules/support/scale.hpp"

namespace ton::modules {
using namespace engine;

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "level", .unit = "dB", .minimum = -120, .maximum = 24, .initial = 0,
              .help = "Gain; at -120 dB silence.", .scale = Scale::fader, .rate = Rate::sample,
              .domain = Domain::amplitude},
});
} // namespace

extern const ModuleType gain_module;
const ModuleType gain_module{
    .name = "gain",
    .summary = "Gain: a trim, before or after other modules.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = scale_lanes,
};

} // namespace ton::modules
