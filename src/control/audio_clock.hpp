// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/engine.hpp"

#include <chrono>
#include <cstdint>

namespace ton::control {

/// Turns wall-clock times into absolute samples. Callbacks wake late, never early, by anything up to milliseconds; so
/// single readings are not believed, but the line through their earliest ones: a new reading pulls the line at once
/// when it lies below it, and only slowly (0.5 % of the difference) when above. Control thread.
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
    int block_ = 0;
    std::int64_t last_frame_ = -1;
};

} // namespace ton::control
