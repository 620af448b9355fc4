// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// JSON of messages, for edits. Control thread.
namespace ton::control {

/// JSON of a message; `error` says what is wrong with it.
std::optional<config::Node> read_argument(std::string_view json, std::string& error);
/// The same of a setting: who writes plain words where JSON belongs is told what was `expected`, and how that is written.
std::optional<config::Node> read_setting(std::string_view json, std::string_view expected, std::string& error);
config::Node text_node(std::string text);
/// Where a config has that strip.
inline config::Path strip_path(const std::string& name) { return {std::string("strips"), name}; }
/// The texts of a list, or of one text alone; what is no text is passed over.
std::vector<std::string> texts_of(const config::Node& node);

} // namespace ton::control
