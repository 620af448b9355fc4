// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "backend/backend.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace ton::backend {

/// A range of latencies in frames, as JACK counts them.
struct LatencyRange {
    int minimum = 0, maximum = 0;
    bool operator==(const LatencyRange&) const = default;
};

/// JACK's rule (jack/types.h, jack_latency_callback_mode_t): an output's capture latency is the union, over
/// the inputs that it hears, of the input's capture latency plus the path's own; an input's playback latency
/// likewise over the outputs that hear it. A port with no path begins or ends the sound, and is 0.
///
/// Nothing allocates after the constructor: JACK2 may cancel the thread that asks.
class LatencyPaths {
  public:
    explicit LatencyPaths(std::span<const PathLatency> paths) {
        for (const auto& path : paths) {
            if (path.told != PathLatency::Told::capture) by_input_.push_back(path);
            if (path.told != PathLatency::Told::playback) by_output_.push_back(path);
        }
        std::sort(by_input_.begin(), by_input_.end(),
                  [](const auto& a, const auto& b) { return a.input_slot < b.input_slot; });
        std::sort(by_output_.begin(), by_output_.end(),
                  [](const auto& a, const auto& b) { return a.output_slot < b.output_slot; });
    }

    /// Any thread. `capture(input_slot)` gives that input's range; the result is the output's.
    template <class Capture> LatencyRange of_output(int slot, Capture&& capture) const {
        return unite(by_output_, &PathLatency::output_slot, &PathLatency::input_slot, slot, capture);
    }
    /// Any thread. `playback(output_slot)` gives that output's range; the result is the input's.
    template <class Playback> LatencyRange of_input(int slot, Playback&& playback) const {
        return unite(by_input_, &PathLatency::input_slot, &PathLatency::output_slot, slot, playback);
    }

  private:
    template <class Get>
    static LatencyRange unite(const std::vector<PathLatency>& paths, int PathLatency::*near,
                              int PathLatency::*far, int slot, Get& get) {
        auto path = std::lower_bound(paths.begin(), paths.end(), slot,
                                     [near](const PathLatency& p, int wanted) { return p.*near < wanted; });
        LatencyRange range;
        for (bool first = true; path != paths.end() && (*path).*near == slot; ++path, first = false) {
            const LatencyRange there = get((*path).*far);
            const LatencyRange through{there.minimum + path->minimum, there.maximum + path->maximum};
            range = first ? through
                          : LatencyRange{std::min(range.minimum, through.minimum),
                                         std::max(range.maximum, through.maximum)};
        }
        return range;
    }

    std::vector<PathLatency> by_input_, by_output_; // for playback and for capture, each sorted by its slot
};

} // namespace ton::backend
