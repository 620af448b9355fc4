// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"
#include "engine/memory.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace ton::engine {

/// A planar buffer of one segment: what flows between strips.
class Signal {
  public:
    explicit Signal(int channels);
    int channels() const TM_NONBLOCKING { return channels_; }
    float* plane(int channel) TM_NONBLOCKING { return memory_.get() + channel * kSegment; }

    /// Where readers find the planes: this signal's own memory, or what view() said. The table itself never moves.
    /// (A port's signal is a view of the backend's buffer. A signal that is read at once, before another section runs,
    /// is a view of memory that all such signals share, and so never leaves the cache.)
    const float* const* planes() const TM_NONBLOCKING { return planes_; }
    /// Audio thread, or before it runs.
    void view(int channel, const float* plane) TM_NONBLOCKING { planes_[channel] = plane; }

  private:
    int channels_;
    Memory<float> memory_;
    static constexpr int kFew = 16;
    const float* few_[kFew];                    // of most signals: a big desk has thousands
    std::unique_ptr<const float*[]> many_;      // of wider ones
    const float** planes_;
};

/// One value on its way: a raised-cosine-like cubic (smoothstep), exact at both ends, frame by frame.
struct Ramp {
    explicit Ramp(float v = 1.0F) : value(v), from(v) {}
    float value, from;   ///< target, start
    int elapsed = 0, length = 0; ///< negative: it has not begun

    void aim(float target, int frames) TM_NONBLOCKING;
    bool still() const TM_NONBLOCKING { return elapsed >= length; }
    float at(int frame) const TM_NONBLOCKING; ///< the value `frame` frames from now
    void advance(int frames) TM_NONBLOCKING;
};

/// A connection from a signal into a mix: a delay (latency compensation), a change of width, and a gain that is 1
/// except while the edge comes or goes.
class alignas(64) Edge {
  public:
    /// Widths may be equal, 1 into 2 (panned to the centre, -3 dB each), 2 into 1 (summed, -6 dB each) or more into 2 (dsp::fold_gains).
    /// Fades in when its delay line, and what is behind it (`fill` frames), is full: before, there is nothing to be heard.
    Edge(std::shared_ptr<const Signal> source, int channels, int delay, bool fade_in, int fade_frames, int fill = 0);
    /// The same connection with another delay, in the place of `before`: it plays on what that one gives (its fade, if one is
    /// under way, included) until its own delay line is full, and then crossfades to it, equal in gain. The two are never in
    /// one plan.
    Edge(std::shared_ptr<Edge> before, int delay, int fade_frames);

    /// Audio thread. To the gain 0 or 1, from where it is.
    void fade(float to, int frames) TM_NONBLOCKING {
        if (!left_) gain_.aim(to, frames);
    }
    /// To silence, for good: nothing else moves it from now on.
    void leave(int frames) TM_NONBLOCKING;
    /// Of an edge of a solo bus: is heard within `frames`, without its delay as long as the line is not full; silent it need not run.
    void begin(int frames) TM_NONBLOCKING;
    void open_now() TM_NONBLOCKING { gain_ = Ramp(1.0F); } ///< where it goes on for the one before
    bool idle() const TM_NONBLOCKING { return gain_.still() && gain_.value == 0.0F; }
    void count(int frames) TM_NONBLOCKING;
    /// Adds this edge's `frames` samples to the planes of `sum`, or sets them where `first`.
    void add_to(Signal& sum, int frames, std::int64_t position, bool first) TM_NONBLOCKING;

    /// A wire as it was built (no delay, no change of width), and as it is now (its fade has ended at 1).
    bool wire() const TM_NONBLOCKING { return delay_ == 0 && source_channels_ == channels_; }
    bool open() const TM_NONBLOCKING { return gain_.still() && gain_.value == 1.0F && !crossing_; }
    const std::shared_ptr<const Signal>& source() const { return source_; }
    const float* const* source_planes() const TM_NONBLOCKING { return planes_; }

    // Control thread.
    int delay() const { return delay_; }
    Edge* before() const { return before_.get(); }
    bool replaces(const Edge& other) const { return before_.get() == &other; }
    /// How many crossfades are under way here, one upon the other. Frees what is behind a finished one.
    int crossfades();

  private:
    using Planes = float[kMaxChannels][kSegment];
    void read_source(int channel, float* out, int frames, std::int64_t position) TM_NONBLOCKING;
    void read_early(int channel, float* out, int frames, std::int64_t position) TM_NONBLOCKING;
    void fold(Planes& planes, int frames) const TM_NONBLOCKING;
    void produce(Planes& planes, int frames, std::int64_t position) TM_NONBLOCKING;
    void cross(Planes& planes, int frames, std::int64_t position) TM_NONBLOCKING;

    // What every segment touches comes first and fits a cache line: a big desk has thousands of edges.
    const float* const* planes_;
    int source_channels_, channels_, delay_;
    bool crossing_ = false, early_ = false, left_ = false;
    Ramp gain_{1.0F};
    float* line_;
    std::vector<float> memory_; // delay lines, [source channel][delay]
    std::shared_ptr<const Signal> source_;
    std::shared_ptr<Edge> before_; // control thread's; the audio thread looks at it only while crossing_
    int ran_ = 0, fill_ = 0; // of a solo bus: frames since it began, and what is behind it at first
    int age_ = 0, fade_frames_ = 0; // of a crossfade: frames since this edge took over, and its length
    std::atomic<bool> crossed_{true}; // audio sets (release) when it needs before_ no more, control reads (acquire)
};

} // namespace ton::engine
