// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"

#include <hwy/aligned_allocator.h>

#include <array>
#include <memory>
#include <vector>

namespace ton::engine {

/// A planar buffer of one segment: what flows between strips.
class Signal {
  public:
    explicit Signal(int channels);
    int channels() const TM_NONBLOCKING { return channels_; }
    float* plane(int channel) TM_NONBLOCKING { return memory_ + channel * kSegment; }
    const float* plane(int channel) const TM_NONBLOCKING { return memory_ + channel * kSegment; }

  private:
    int channels_;
    hwy::AlignedFreeUniquePtr<float[]> owner_;
    float* memory_;
};

/// One value on its way: a raised-cosine-like cubic (smoothstep), exact at both ends, frame by frame.
struct Ramp {
    explicit Ramp(float v = 1.0F) : value(v), from(v) {}
    float value, from;   ///< target, start
    int elapsed = 0, length = 0;

    void aim(float target, int frames) TM_NONBLOCKING;
    bool still() const TM_NONBLOCKING { return elapsed >= length; }
    float at(int frame) const TM_NONBLOCKING; ///< the value `frame` frames from now
    void advance(int frames) TM_NONBLOCKING;
};

/// A connection from a signal into a mix: a delay (latency compensation), a change of width, and a gain that is 1
/// except while the edge comes or goes.
class Edge {
  public:
    /// Widths may be equal, 1 into 2 (panned to the centre, -3 dB each) or 2 into 1 (summed, -6 dB each).
    Edge(std::shared_ptr<const Signal> source, int channels, int delay, bool fade_in, int fade_frames);

    void fade_out(int frames) TM_NONBLOCKING { gain_.aim(0.0F, frames); }
    /// Adds this edge's `frames` samples to the planes of `sum`, or sets them where `first`.
    void add_to(Signal& sum, int frames, std::int64_t position, bool first) TM_NONBLOCKING;

    /// A plain wire: nothing to compute, the reader may use the source itself.
    bool is_wire() const TM_NONBLOCKING {
        return delay_ == 0 && source_channels_ == channels_ && gain_.still() && gain_.value == 1.0F;
    }
    const std::shared_ptr<const Signal>& source() const { return source_; }
    int delay() const { return delay_; }

  private:
    void read_source(int channel, float* out, int frames, std::int64_t position) TM_NONBLOCKING;

    std::shared_ptr<const Signal> source_;
    const Signal* from_;
    int source_channels_, channels_, delay_;
    Ramp gain_{1.0F};
    std::vector<float> memory_; // delay lines, [source channel][delay]
    float* line_;
};

/// The sum of all that feeds a point, always in the same order, so that the bits don't depend on scheduling.
class Mix {
  public:
    Mix(std::shared_ptr<Signal> sum, std::vector<std::shared_ptr<Edge>> edges);
    void run(int frames, std::int64_t position) TM_NONBLOCKING;
    const std::vector<std::shared_ptr<Edge>>& edges() const { return edges_; }
    const std::shared_ptr<Signal>& sum() const { return sum_; }

  private:
    std::shared_ptr<Signal> sum_;
    std::vector<std::shared_ptr<Edge>> edges_;
    Signal* to_;
    std::vector<Edge*> list_;
};

} // namespace ton::engine
