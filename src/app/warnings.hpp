// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/layout.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ton::app {

/// What of a right config will not do what its author probably thinks: `check` prints it and goes on, `run` logs it.
/// Sorted by position. `layout` is make_layout()'s for this desk. Any thread.
std::vector<config::Diagnostic> warnings(const graph::Desk& desk, const graph::Layout& layout);

/// That an OSC address hears the network while `allow` lets nobody in; nullopt where it is loopback's or not so.
std::optional<std::string> nobody_allowed(std::string_view url, bool any_allowed);

} // namespace ton::app
