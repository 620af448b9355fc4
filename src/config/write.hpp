// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/json.hpp"

#include <string>
#include <string_view>

namespace ton::config {

inline constexpr std::size_t line_width = 120; ///< characters beyond which written JSON is broken into lines

/// How a text is laid out, as far as new lines in it must follow.
struct TextStyle {
    std::string line_break = "\n";
    std::string step = "  "; ///< deeper by one level
};

/// A value as JSON: on one line where it ends before `line_width`, else an item a line. `indent` stands in front of the
/// line on which the value begins, `column` is how far that line is filled (with what must follow the value).
std::string write_json(const Node& node, std::string_view indent, std::size_t column, const TextStyle& style);

/// The same on one line.
std::string write_json(const Node& node);

/// `text` in double quotes, escaped; what is no UTF-8 becomes U+FFFD.
std::string write_string(std::string_view text);

} // namespace ton::config
