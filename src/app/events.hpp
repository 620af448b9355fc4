// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/osc/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ton::app {

struct TimedMessage {
    std::int64_t time; ///< absolute sample
    control::osc::Message message;
    int line;
};

/// Reads `render --events`: one event a line, `TIME ADDRESS ARGS…`; TIME in seconds or `123456s` for whole samples.
/// An argument is a number, `true`, `false`, a word, or a JSON string. Empty lines and lines that begin with # are left
/// out. Sorted by time, lines of equal time in their order. Complaints (with their line) go to `errors`.
std::vector<TimedMessage> parse_events(std::string_view text, const std::string& file, double sample_rate,
                                       std::vector<std::string>& errors);

/// The words of a line as OSC arguments, by the same rules; used by `send` and `set`, too.
control::osc::Argument parse_argument(const std::string& word);

} // namespace ton::app
