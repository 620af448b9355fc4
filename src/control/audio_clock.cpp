// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/audio_clock.hpp"

#include <cmath>

namespace ton::control {

void AudioClock::update(const engine::Engine& engine, double sample_rate) {
    engine::ClockReading now;
    if (!engine.clock(now) || now.frame == last_frame_) return;
    last_frame_ = now.frame;
    block_ = now.frames;
    const double offset = static_cast<double>(now.nanoseconds) - static_cast<double>(now.frame) * 1e9 / sample_rate;
    // A jump of more than 50 ms is no jitter: the audio server stopped and went on.
    if (!valid_ || sample_rate != sample_rate_ || std::abs(offset - offset_) > 50e6) offset_ = offset;
    else offset_ += (offset < offset_ ? 1.0 : 0.005) * (offset - offset_);
    sample_rate_ = sample_rate;
    valid_ = true;
}

std::int64_t AudioClock::sample_at(std::chrono::system_clock::time_point time) const {
    if (!valid_) return engine::Command::kNow;
    using namespace std::chrono;
    const auto ahead = time - system_clock::now();
    const auto monotonic = duration_cast<nanoseconds>(steady_clock::now().time_since_epoch() + ahead).count();
    const double sample = (static_cast<double>(monotonic) - offset_) * sample_rate_ / 1e9;
    return std::max<std::int64_t>(0, std::llround(sample) + block_);
}

} // namespace ton::control
