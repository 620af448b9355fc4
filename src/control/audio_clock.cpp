// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/audio_clock.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ton::control {

namespace {
constexpr double kStop = 50e6;       // ns
constexpr double kLostCycle = 0.2e6; // ns: less than the shortest usual block, 16 frames at 48 kHz
constexpr int kWindow = 20;          // readings, one a tick: 200 ms
} // namespace

void AudioClock::update(const engine::Engine& engine, double sample_rate) {
    engine::ClockReading now;
    if (!engine.clock(now) || now.frame == last_frame_) return;
    last_frame_ = now.frame;
    block_ = now.frames;
    const double offset = static_cast<double>(now.nanoseconds) - static_cast<double>(now.frame) * 1e9 / sample_rate;
    // A jump of more than 50 ms is no jitter: the audio server stopped and went on.
    if (!valid_ || sample_rate != sample_rate_ || std::abs(offset - offset_) > kStop) {
        offset_ = offset;
        lowest_ = std::numeric_limits<double>::infinity();
        readings_ = 0;
    }
    // A callback may begin late but never early, so the lowest of many is the truth.
    offset_ = std::min(offset_, offset);
    lowest_ = std::min(lowest_, offset);
    if (++readings_ == kWindow) {
        // All of a window well above it: cycles were lost, and frames with them. Else the two clocks drift.
        offset_ += (lowest_ - offset_ > kLostCycle ? 1.0 : 0.5) * (lowest_ - offset_);
        lowest_ = std::numeric_limits<double>::infinity();
        readings_ = 0;
    }
    sample_rate_ = sample_rate;
    valid_ = true;
}

std::int64_t AudioClock::sample_at(std::chrono::system_clock::time_point time) const {
    if (!valid_) return engine::Command::kNow;
    using namespace std::chrono;
    auto before = steady_clock::now();
    nanoseconds ahead{};
    for (int attempt = 0; attempt < 4; ++attempt) { // again where this thread was set aside between the two clocks
        before = steady_clock::now();
        ahead = duration_cast<nanoseconds>(time - system_clock::now());
        if (steady_clock::now() - before < microseconds(5)) break;
    }
    const auto monotonic = duration_cast<nanoseconds>(before.time_since_epoch() + ahead).count();
    const double sample = (static_cast<double>(monotonic) - offset_) * sample_rate_ / 1e9;
    return std::max<std::int64_t>(0, std::llround(sample) + block_);
}

} // namespace ton::control
