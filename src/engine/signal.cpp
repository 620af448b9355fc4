// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/signal.hpp"

#include "engine/interleave.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace ton::engine {

namespace {
constexpr float kCentre = 0.70710678F; // mono into stereo: -3 dB each side
constexpr float kHalf = 0.5F;          // stereo into mono: -6 dB each
} // namespace

Signal::Signal(int channels) : channels_(channels) {
    const auto n = static_cast<std::size_t>(std::max(channels, 1)) * kSegment;
    owner_ = hwy::AllocateAligned<float>(n);
    memory_ = owner_.get();
    std::fill_n(memory_, n, 0.0F);
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
    const float t = static_cast<float>(e) / static_cast<float>(length);
    return from + (value - from) * (t * t * (3.0F - 2.0F * t));
}

void Ramp::advance(int frames) TM_NONBLOCKING { elapsed = std::min(length, elapsed + frames); }

Edge::Edge(std::shared_ptr<const Signal> source, int channels, int delay, bool fade_in, int fade_frames)
    : source_(std::move(source)), from_(source_.get()), source_channels_(source_->channels()), channels_(channels),
      delay_(delay), gain_(fade_in ? 0.0F : 1.0F),
      memory_(static_cast<std::size_t>(source_channels_) * static_cast<std::size_t>(delay)), line_(memory_.data()) {
    const bool fits = source_channels_ == channels_ || (source_channels_ == 1 && channels_ == 2) ||
                      (source_channels_ == 2 && channels_ == 1);
    if (!fits) throw std::invalid_argument("an edge joins equal widths, mono into stereo, or stereo into mono");
    if (fade_in) gain_.aim(1.0F, fade_frames);
}

void Edge::read_source(int channel, float* out, int frames, std::int64_t position) TM_NONBLOCKING {
    const float* in = from_->plane(channel);
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

void Edge::add_to(Signal& sum, int frames, std::int64_t position, bool first) TM_NONBLOCKING {
    float planes[kMaxChannels][kSegment];
    for (int c = 0; c < source_channels_; ++c) read_source(c, planes[c], frames, position);
    if (source_channels_ == 1 && channels_ == 2) {
        for (int i = 0; i < frames; ++i) planes[0][i] = planes[1][i] = planes[0][i] * kCentre;
    } else if (source_channels_ == 2 && channels_ == 1) {
        for (int i = 0; i < frames; ++i) planes[0][i] = (planes[0][i] + planes[1][i]) * kHalf;
    }
    if (!gain_.still() || gain_.value != 1.0F) {
        for (int i = 0; i < frames; ++i) {
            const float g = gain_.at(i);
            for (int c = 0; c < channels_; ++c) planes[c][i] *= g;
        }
        gain_.advance(frames);
    }
    for (int c = 0; c < channels_; ++c) {
        if (first) std::memcpy(sum.plane(c), planes[c], static_cast<std::size_t>(frames) * sizeof(float));
        else interleave().add(sum.plane(c), planes[c], frames);
    }
}

Mix::Mix(std::shared_ptr<Signal> sum, std::vector<std::shared_ptr<Edge>> edges)
    : sum_(std::move(sum)), edges_(std::move(edges)), to_(sum_.get()) {
    for (const auto& e : edges_) list_.push_back(e.get());
}

void Mix::run(int frames, std::int64_t position) TM_NONBLOCKING {
    const auto count = list_.size();
    Edge* const* edges = list_.data();
    if (count == 0)
        for (int c = 0; c < to_->channels(); ++c)
            std::memset(to_->plane(c), 0, static_cast<std::size_t>(frames) * sizeof(float));
    for (std::size_t e = 0; e < count; ++e) edges[e]->add_to(*to_, frames, position, e == 0);
}

} // namespace ton::engine
