// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace ton::app {

/// `tonmeister check`: all errors on stderr, or the strips in their order with widths and latencies on stdout.
int check(const std::string& config);

} // namespace ton::app
