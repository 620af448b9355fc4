// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/path_latencies.hpp"

#include <algorithm>

namespace ton::app {

namespace {

using backend::PathLatency;

/// From every strip's inputs to `out`.
void add_ways_in(const graph::Compiled& compiled, const graph::Port& out, std::vector<PathLatency>& paths) {
    const bool sends = out.module >= 0;
    const int latency = sends ? compiled.layout.latency_at(out.strip, out.module) : compiled.layout.latency_of(out.strip);
    const auto& hears = compiled.layout.strips[static_cast<std::size_t>(out.strip)].hears;
    for (const auto& in : compiled.ports)
        if (in.input && in.module < 0 && std::ranges::find(hears, in.strip) != hears.end())
            paths.push_back({in.slot, out.slot, latency, latency, sends ? PathLatency::Told::capture : PathLatency::Told::both});
}

/// From what an insert returns to every strip's outputs.
void add_ways_out(const graph::Compiled& compiled, const graph::Port& back, std::vector<PathLatency>& paths) {
    const auto reached = compiled.layout.reached(back.strip, back.module);
    const int behind = compiled.layout.latency_behind({back.strip, back.module});
    for (const auto& out : compiled.ports) {
        if (out.input || out.module >= 0 || reached[static_cast<std::size_t>(out.strip)] == 0) continue;
        const int latency = compiled.layout.latency_of(out.strip) - behind;
        paths.push_back({back.slot, out.slot, latency, latency, PathLatency::Told::playback});
    }
}

} // namespace

std::vector<PathLatency> path_latencies(const graph::Compiled& compiled) {
    std::vector<PathLatency> paths;
    for (const auto& port : compiled.ports) {
        if (!port.input) add_ways_in(compiled, port, paths);
        else if (port.module >= 0) add_ways_out(compiled, port, paths);
    }
    return paths;
}

} // namespace ton::app
