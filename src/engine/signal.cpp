// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/signal.hpp"

#include "dsp/fold_down.hpp"
#include "engine/interleave.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace ton::engine {

namespace {
constexpr float kCentre = 0.70710678F; // mono into stereo: -3 dB each side
constexpr float kHalf = 0.5F;          // stereo into mono: -6 dB each
} // namespace

Signal::Signal(int channels)
    : channels_(channels), memory_(allocate<float>(static_cast<std::size_t>(std::max(channels, 1)) * kSegment)) {
    const int count = std::max(channels, kFew);
    if (channels > kFew) many_ = std::make_unique<const float*[]>(static_cast<std::size_t>(channels));
    planes_ = many_ ? many_.get() : few_;
    for (int c = 0; c < count; ++c) planes_[c] = plane(c < channels ? c : 0);
}

void Ramp::aim(float target, int frames) TM_NONBLOCKING {
    from = at(0);
    value = target;
    elapsed = 0;
    length = frames;
}

float Ramp::at(int frame) const TM_NONBLOCKING {
    const int e = elapsed + frame;
    if (e >= length) return value;
    if (e <= 0) return from;
    const float t = static_cast<float>(e) / static_cast<float>(length);
    return from + (value - from) * (t * t * (3.0F - 2.0F * t));
}

void Ramp::advance(int frames) TM_NONBLOCKING { elapsed = std::min(length, elapsed + frames); }

Edge::Edge(std::shared_ptr<const Signal> source, int channels, int delay, bool fade_in, int fade_frames, int fill)
    : planes_(source->planes()), source_channels_(source->channels()), channels_(channels), delay_(delay),
      gain_(fade_in ? 0.0F : 1.0F), line_(nullptr),
      memory_(static_cast<std::size_t>(source_channels_) * static_cast<std::size_t>(delay)), source_(std::move(source)) {
    line_ = memory_.data();
    const bool fits = source_channels_ == channels_ || (source_channels_ == 1 && channels_ == 2) ||
                      (source_channels_ == 2 && channels_ == 1) || (source_channels_ > 2 && channels_ == 2);
    if (!fits) throw std::invalid_argument("an edge joins equal widths, mono into stereo, stereo into mono, or more into stereo");
    if (!fade_in) return;
    gain_.aim(1.0F, fade_frames);
    gain_.elapsed = -delay - fill;
    fill_ = fill;
}

Edge::Edge(std::shared_ptr<Edge> before, int delay, int fade_frames)
    : Edge(before->source_, before->channels_, delay, false, 0) {
    crossing_ = true;
    crossed_.store(false, std::memory_order_relaxed);
    before_ = std::move(before);
    fade_frames_ = fade_frames;
}

void Edge::leave(int frames) TM_NONBLOCKING {
    fade(0.0F, frames);
    left_ = true;
}

void Edge::begin(int frames) TM_NONBLOCKING {
    if (gain_.value == 1.0F || left_) return;
    if (idle()) {
        ran_ = 0;
        if (crossing_) crossed_.store(true, std::memory_order_release);
        crossing_ = false;
        early_ = delay_ > 0;
        fade_frames_ = frames;
    }
    gain_.aim(1.0F, frames);
    gain_.elapsed = std::min(0, ran_ - fill_);
}

void Edge::count(int frames) TM_NONBLOCKING {
    if (ran_ < fill_ + delay_ + fade_frames_) ran_ += frames;
    else early_ = false;
}

int Edge::crossfades() {
    if (crossed_.load(std::memory_order_acquire)) before_.reset();
    return before_ ? 1 + before_->crossfades() : 0;
}

void Edge::read_source(int channel, float* out, int frames, std::int64_t position) TM_NONBLOCKING {
    const float* in = planes_[channel];
    if (delay_ == 0) {
        std::memcpy(out, in, static_cast<std::size_t>(frames) * sizeof(float));
        return;
    }
    float* line = line_ + static_cast<std::ptrdiff_t>(channel) * delay_;
    int at = static_cast<int>(position % delay_);
    for (int i = 0; i < frames; ++i) {
        const float now = in[i]; // out may be in's plane
        out[i] = line[at];
        line[at] = now;
        if (++at == delay_) at = 0;
    }
}

namespace {
float smoothstep(int elapsed, float inverse) TM_NONBLOCKING {
    const float t = std::clamp(static_cast<float>(elapsed) * inverse, 0.0F, 1.0F);
    return t * t * (3.0F - 2.0F * t);
}
} // namespace

/// y = now + x (delayed - now), x a smoothstep that begins when the delay line is full.
void Edge::read_early(int channel, float* out, int frames, std::int64_t position) TM_NONBLOCKING {
    float delayed[kSegment];
    std::memcpy(out, planes_[channel], static_cast<std::size_t>(frames) * sizeof(float));
    read_source(channel, delayed, frames, position);
    const float inverse = 1.0F / static_cast<float>(std::max(1, fade_frames_));
    for (int i = 0; i < frames; ++i) {
        const float x = smoothstep(ran_ + i - fill_ - delay_, inverse);
        out[i] = x < 1.0F ? out[i] + x * (delayed[i] - out[i]) : delayed[i];
    }
}

void Edge::fold(Planes& planes, int frames) const TM_NONBLOCKING {
    for (int c = 2; c < source_channels_; ++c) {
        const auto gains = dsp::fold_gains(c, source_channels_);
        for (int i = 0; i < frames; ++i) {
            planes[0][i] += gains.left * planes[c][i];
            planes[1][i] += gains.right * planes[c][i];
        }
    }
}

void Edge::produce(Planes& planes, int frames, std::int64_t position) TM_NONBLOCKING {
    for (int c = 0; c < source_channels_; ++c) {
        if (early_ && !crossing_) read_early(c, planes[c], frames, position);
        else read_source(c, planes[c], frames, position);
    }
    if (source_channels_ == 1 && channels_ == 2) {
        for (int i = 0; i < frames; ++i) planes[0][i] = planes[1][i] = planes[0][i] * kCentre;
    } else if (source_channels_ == 2 && channels_ == 1) {
        for (int i = 0; i < frames; ++i) planes[0][i] = (planes[0][i] + planes[1][i]) * kHalf;
    } else if (source_channels_ > 2 && channels_ == 2) {
        fold(planes, frames);
    }
    if (crossing_) cross(planes, frames, position);
    if (gain_.still() && gain_.value == 1.0F) return;
    for (int i = 0; i < frames; ++i) {
        const float g = gain_.at(i);
        for (int c = 0; c < channels_; ++c) planes[c][i] *= g;
    }
    gain_.advance(frames);
}

/// y = old + x (new - old), x a smoothstep that begins when the new delay line is full.
void Edge::cross(Planes& planes, int frames, std::int64_t position) TM_NONBLOCKING {
    Planes old;
    before_->produce(old, frames, position);
    before_->count(frames);
    const float inverse = 1.0F / static_cast<float>(std::max(1, fade_frames_));
    for (int i = 0; i < frames; ++i) {
        const float x = smoothstep(age_ + i - delay_, inverse);
        for (int c = 0; c < channels_; ++c) planes[c][i] = x < 1.0F ? old[c][i] + x * (planes[c][i] - old[c][i]) : planes[c][i];
    }
    age_ += frames;
    if (age_ < delay_ + fade_frames_) return;
    crossing_ = false;
    crossed_.store(true, std::memory_order_release);
}

namespace {
void add_wire(const float* const* from, Signal& sum, int frames, bool first) TM_NONBLOCKING {
    for (int c = 0; c < sum.channels(); ++c) interleave().mix(sum.plane(c), from + c, 1, first, frames);
}
} // namespace

void Edge::add_to(Signal& sum, int frames, std::int64_t position, bool first) TM_NONBLOCKING {
    if (wire() && open()) return add_wire(planes_, sum, frames, first);
    Planes planes;
    produce(planes, frames, position);
    const float* from[kMaxChannels];
    for (int c = 0; c < channels_; ++c) from[c] = planes[c];
    add_wire(from, sum, frames, first);
}

} // namespace ton::engine
