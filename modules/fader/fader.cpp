// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "modules/support/scale.hpp"

namespace ton::modules {
using namespace engine;

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "level",
              .unit = "dB",
              .minimum = -120,
              .maximum = 12,
              .initial = 0,
              .help = "The strip's level; at -120 dB silence.",
              .scale = Scale::fader,
              .rate = Rate::sample,
              .domain = Domain::amplitude},
});
} // namespace

extern const ModuleType fader_module;
const ModuleType fader_module{
    .name = "fader",
    .summary = "Fader: the strip's level, with a console's travel.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = scale_lanes,
};

} // namespace ton::modules
