// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/ring.hpp"
#include "engine/plan.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ton::engine {

/// One callback's audio, by port slot; a null pointer is a port that does not exist (now).
struct AudioIo {
    std::span<const float* const> inputs;
    std::span<float* const> outputs;
    int frames = 0; ///< 0…8192, any number; with 0 only what is due now happens
};

/// What the control side asks of the audio side. Small and plain; see Engine::post.
struct Command {
    enum class What : std::uint8_t { set, transact, fade, batch, solo };
    What what = What::set;
    std::int64_t time = kNow;    ///< absolute sample at which it takes effect, or kNow: the next block's first
    std::uint32_t slot = 0;      ///< set: which module instance (PlanSlots); solo: a strip's mute
    std::int32_t row = 0;        ///< set: which row of its table; solo: which SoloBus
    float value = 0.0F;          ///< set: kernel units (to_kernel); fade, solo: 0 or 1
    std::int64_t fade = -1;      ///< frames; negative, of a set: the row's own smoothing
    Transaction* transaction = nullptr; ///< transact: a new plan, made and warmed on the control side
    Way way = Way::smooth;       ///< set: how it travels there
    const std::vector<Command>* batch = nullptr; ///< batch: any number of sets, at this one's time; see Engine::post
    std::uint32_t following = 0; ///< how many of its batch come after it; Engine::post counts

    static constexpr std::int64_t kNow = -1;
};

/// What comes back.
struct Notice {
    enum class What : std::uint8_t { swapped, healed, late, applied };
    What what = What::swapped;
    std::uint32_t slot = 0;             ///< healed: the strip's number in the plan
    std::int64_t time = 0;
    Transaction* transaction = nullptr; ///< swapped: done with; the old plan inside may be freed
    const std::vector<Command>* batch = nullptr; ///< applied: done with, may be deleted
};

/// Counters that any thread may read; the audio thread writes them.
struct Counters {
    std::atomic<std::uint64_t> cycles{0};  ///< callbacks
    std::atomic<std::int64_t> frames{0};   ///< the absolute sample clock
    std::atomic<std::uint64_t> late{0};    ///< events whose time had passed
    std::atomic<std::uint64_t> dropped{0}; ///< events for instances that are gone
    std::atomic<std::uint64_t> healed{0};  ///< segments in which a NaN or infinity was silenced
};

/// When a callback began: the sample clock beside the machine's. Written by the audio thread, read by one other.
struct ClockReading {
    std::int64_t frame = 0;       ///< absolute sample clock of the callback's first frame
    std::int64_t nanoseconds = 0; ///< CLOCK_MONOTONIC
    int frames = 0;               ///< of that callback
};

/// The audio thread's world: it runs the plan, applies events on their sample, and swaps plans between samples.
class Engine {
  public:
    Engine();
    ~Engine();

    /// Audio thread. The whole callback. Deterministic: the output depends on the input and on the events' times
    /// only, never on how the frames are cut into callbacks.
    void process(const AudioIo& io) TM_NONBLOCKING;

    /// Control thread. All or nothing: the commands take effect together, at the same sample; false when the queue
    /// has no room (keep them and try again), or where they are more than kMostAtOnce. Timed commands should not be sent more
    /// than a second ahead. A transaction that is sent while one is under way waits, and what is sent after it.
    bool post(std::span<const Command> commands);
    bool post(const Command& command) { return post(std::span(&command, 1)); }
    /// The same for any number of sets, at one sample; they lie in memory of their own until the audio side has taken them.
    bool post_large(const std::vector<Command>& sets, std::int64_t time);
    static constexpr std::size_t kMostAtOnce = 8192;
    /// How many commands of their own a callback takes at most, that a flood never makes it long; the rest wait for the next.
    static constexpr int kMostPerCallback = 1024;
    /// Control thread. The next notice, or false.
    bool poll(Notice& notice);
    /// Control thread. The read-outs since the last call that returned true, by Plan::readouts; held ones are the
    /// extremes of the whole time between. False when there is nothing new (or the plan has none).
    bool read_meters(std::vector<float>& values, const Plan*& plan);

    /// Control thread: how many commands were posted and not yet taken (an upper bound).
    std::size_t queued() const { return commands_.size(); }

    const Counters& counters() const { return counters_; }
    /// Control thread: the latest callback's, consistent; false before the first.
    bool clock(ClockReading& reading) const;
    /// How often read-outs are offered, in frames (audio side; set before running). 0: never.
    void set_meter_interval(int frames) { meter_interval_ = frames; }

    /// Control thread, while nobody calls process(): takes the plan out and forgets every command on its way.
    std::unique_ptr<Plan> take_plan();
    /// Likewise: offers the read-outs up to now, whatever the interval, unless the last ones have not been read or are of now.
    void offer_meters() {
        if (plan_ && next_meters_ != position_ + meter_interval_) publish_meters();
    }
    /// Likewise: whether all that was posted has been taken, and the sample at which the plans will change, or -1.
    bool taken_all() const { return commands_.size() == 0 && !holding_; }
    std::int64_t next_swap() const { return transaction_ && swap_time_ < kNever ? swap_time_ : -1; }

  private:
    void accept() TM_NONBLOCKING;
    bool fits(const Command& command) const TM_NONBLOCKING;
    void apply(const Command& command) TM_NONBLOCKING;
    Place aim(Plan* plan, const Command& command, const Place& but) TM_NONBLOCKING;
    bool solo(Plan* plan, const Command& command) TM_NONBLOCKING;
    bool aim(Stage* stage, int lane, const Command& command) TM_NONBLOCKING;
    void run_due() TM_NONBLOCKING;
    void schedule(const Command& command) TM_NONBLOCKING;
    Command take_due() TM_NONBLOCKING;
    void fade_edges(const std::vector<Edge*>& edges, float to) TM_NONBLOCKING;
    void swap() TM_NONBLOCKING;
    void publish_meters() TM_NONBLOCKING;
    void stamp_clock(int frames) TM_NONBLOCKING;
    void notify(const Notice& notice) TM_NONBLOCKING;
    void run_steps(const AudioIo& io, int offset, int frames) TM_NONBLOCKING;
    void write_outputs(const AudioIo& io, int offset, int frames) const TM_NONBLOCKING;
    void look_ahead(const Step& step) const TM_NONBLOCKING;
    void look_at_inputs(const AudioIo& io, int offset) TM_NONBLOCKING;
    void run_parts(std::uint32_t first, std::uint32_t last, int frames) TM_NONBLOCKING;
    void run_part(std::uint32_t index, int frames) TM_NONBLOCKING;
    void read_through(std::uint32_t index, const Edge& only) TM_NONBLOCKING;
    void silence_unfed(const AudioIo& io, int offset, int frames) TM_NONBLOCKING;
    void apply_fade(const AudioIo& io, int offset, int frames) TM_NONBLOCKING;

    static constexpr std::size_t kPending = 16384; // at least two batches
    static constexpr int kMostLarge = 1024;        // less than there is room for notices
    static constexpr std::int64_t kNever = std::int64_t{1} << 62;

    dsp::Ring<Command> commands_{32768};
    dsp::Ring<Notice> notices_{4096};
    struct Pending {
        Command command;
        std::uint64_t order;
    };
    std::unique_ptr<Pending[]> pending_; // a heap by time, then by order of arrival
    std::size_t pending_count_ = 0;
    std::uint64_t order_ = 0;
    Command held_;               // taken from the queue; waits where holding_
    bool holding_ = false;
    std::vector<Command> batch_; // control thread's, for post()
    int large_ = 0;              // control thread's: large batches on their way; each needs a notice

    Plan* plan_ = nullptr;               // owned; the audio thread's
    Transaction* transaction_ = nullptr; // announced, or under way: its leaving edges are fading
    std::int64_t swap_time_ = kNever;    // known from the moment at which it begins
    std::int64_t position_ = 0;

    Ramp fade_{1.0F};                    // the whole desk's: start, rejoin, stop

    float silence_[kSegment] = {};       // what a port that isn't there gives

    int meter_interval_ = 960;
    std::int64_t next_meters_ = 0;
    const Plan* meter_plan_ = nullptr;         // its meter_values: the audio thread writes while meters_full_ is
                                               // false, the control thread reads while it is true
    std::atomic<bool> meters_full_{false};     // audio sets (release), control clears (release)
    // A sequence lock with one writer: odd while the audio thread writes; the reader tries again.
    std::atomic<std::uint32_t> clock_sequence_{0};
    std::atomic<std::int64_t> clock_frame_{0}, clock_nanoseconds_{0};
    std::atomic<int> clock_frames_{0};
    Counters counters_;
};

/// Once per audio thread, before its first callback: denormals flushed to zero, stack touched.
void prepare_audio_thread();

} // namespace ton::engine
