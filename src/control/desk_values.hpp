// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/carry.hpp"
#include "control/console.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A desk's settings as values by address, apart from the console that runs it. Control thread.
namespace ton::control {

using Settings = std::vector<std::pair<std::string, Value>>;

/// False where the desk has no such address. Nothing is checked: the value was a setting of such a desk.
bool put_setting(graph::Desk& desk, std::string_view address, const Value& value);

/// Texts that name a strip, or a point in it, follow it; where that is gone they are again as in `said`, the same strips and chains
/// that were renamed before (null: empty).
void rename_in_texts(graph::Desk& desk, const Renames& renames, const graph::Desk* said = nullptr);

/// Settings that were moved by hand and that the way back from a desk to come would not find by itself, as they stand.
/// `back` leads from there to the strips before.
Settings lost_settings(const graph::Desk& loaded, const graph::Desk& live, const graph::Desk& next_loaded, const graph::Desk& next_live, const Origins& back);

} // namespace ton::control
