// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ton::app {

struct RenderOptions {
    std::string config;
    std::vector<std::pair<std::string, std::string>> inputs, outputs; ///< strip, file
    std::string events;
    int block = 0;                  ///< frames; 0: the config's
    std::optional<double> length;   ///< s
    double tail = 0;                ///< s after the longest input
    std::string bits = "24";        ///< 16, 24 or 32f
    bool raw = false;               ///< keep the latency in
    bool dither = true;
    bool quiet = false;
    int lane_width = 0;
};

/// `tonmeister render`: the engine offline, faster than real time. Returns the exit code; errors go to stderr.
int render(const RenderOptions& options);

} // namespace ton::app
