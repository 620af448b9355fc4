// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/measure/analyse.hpp"

#include <string>
#include <vector>

namespace ton::app {

struct MeasureCommand {
    std::vector<std::string> files;
    MeasureOptions options;
    bool json = false;
    bool strict = false; ///< a verdict of "fail" is an error, too
};

/// `tonmeister measure`: reports on stdout in the order of the files, errors on stderr. Returns 1 where a file could
/// not be read (the others are still measured) or, with `strict`, where a verdict is "fail"; else 0.
int measure(const MeasureCommand& command);

} // namespace ton::app
