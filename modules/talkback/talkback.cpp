// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "modules/support/scale.hpp"

namespace ton::modules {
using namespace engine;

namespace {
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "on", .help = "Somebody speaks; never on by itself.", .kind = Kind::toggle, .rate = Rate::sample, .momentary = true},
});
} // namespace

extern const ModuleType talkback_module;
const ModuleType talkback_module{
    .name = "talkback",
    .summary = "Talkback: a switch to be held, which dims the monitors.",
    .parameters = kRows,
    .channels_out = same_channels,
    .lanes = scale_lanes,
    .talks = true,
};

} // namespace ton::modules
