// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/engine.hpp"

#include <chrono>
#include <cstdint>

namespace ton::control {

/// Turns wall-clock times into absolute samples. Callbacks wake late, never early, by anything up to milliseconds; so
/// the earliest of each 200 ms is believed: at once where it lies below the line so far, or far above it (cycles were
/// lost), by half where it lies a little above (the sound card's clock drifts against the machine's). Control thread.
class AudioClock {
  public:
    /// Often (each control tick).
    void update(const engine::Engine& engine, double sample_rate);
    void reset() { valid_ = false; }
    /// The sample for an instant. One block later than the instant itself, so that what is due now is still ahead of the
    /// audio thread; kNow before the first reading.
    std::int64_t sample_at(std::chrono::system_clock::time_point time) const;

  private:
    bool valid_ = false;
    double sample_rate_ = 48000;
    double offset_ = 0; // ns: monotonic time at which sample 0 would have begun
    double lowest_ = 0; // ns: the same, earliest of the window under way
    int readings_ = 0;  // in that window
    int block_ = 0;
    std::int64_t last_frame_ = -1;
};

} // namespace ton::control
