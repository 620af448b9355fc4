// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/memory.hpp"
#include "engine/module.hpp"
#include "engine/ramps.hpp"

#include <hwy/aligned_allocator.h>

#include <memory>
#include <vector>

namespace ton::engine {

/// Working memory of one audio thread; stages borrow it while they run.
struct Scratch {
    Scratch(int max_sample_rows, std::size_t max_state);
    float* ramps;           ///< moving sample-rate rows, kSegment * kMaxLanes each
    float* dry[kMaxChannels]; ///< what a bypassed module would pass on
    const float* silence;     ///< a plane of it
    float* state;           ///< a copy of a stage's state while one of its lanes is healed
  private:
    hwy::AlignedFreeUniquePtr<float[]> floats_;
};

/// One module for `width` strips side by side: kernel or processor, its parameters and read-outs.
/// Built and primed on the control thread, run on the audio thread.
class alignas(64) Stage {
  public:
    /// `kernel` picks the width of a lane module; null for a planar one, which is made here.
    Stage(const ModuleType& type, const Setup& setup, const LaneKernel* kernel, std::unique_ptr<Processor> processor);

    /// Control thread, before the stage runs: a lane's settings without ramps, then coefficients that stand still.
    void set(int lane, std::span<const float> values);
    void prime();
    /// Likewise, width 1: its switch is off until bear().
    void hold(int row);

    /// Audio thread. In place on interleaved planes; see Block. `frames` 1…kSegment.
    void run(float* const* audio, const float* const* sidechain, float* const* taps, int frames,
             std::int64_t position, Scratch& scratch) TM_NONBLOCKING;
    /// Audio thread. Asks for the moving parameters' memory while something else runs: a big desk is far larger than the
    /// cache. (Kernel states are left to the processor: of an equaliser's most is asleep.)
    void prefetch() const TM_NONBLOCKING { ramps_.prefetch(); }
    /// Audio thread. Forgets the signal of one lane (after a NaN), keeps its coefficients and its neighbours.
    void silence(int lane, Scratch& scratch) TM_NONBLOCKING;
    /// Audio thread. Takes over a strip's column: state, parameters, read-outs. Same type and setup.
    void copy_lane(int lane, const Stage& from, int from_lane) TM_NONBLOCKING;
    /// Audio thread. Switches it on, unless somebody has used the switch in the meantime.
    void bear(int row, float value, std::int64_t now) TM_NONBLOCKING;
    /// Audio thread. A new target in kernel units from the absolute sample `now` on; fade in frames, or negative for the
    /// row's smoothing.
    void aim(int row, int lane, float value, std::int64_t fade, std::int64_t now, Way way = Way::smooth) TM_NONBLOCKING;

    /// Any thread. Whether a value can be aimed at that row.
    bool takes(int row) const TM_NONBLOCKING {
        return row >= 0 && (row < ramps_.rows() || (type_.own_rows > 0 && static_cast<std::size_t>(row) < type_.parameters.size()));
    }

    /// Audio thread. Copies all read-outs (meters * width) and starts the held ones anew.
    void read(float* out) TM_NONBLOCKING;
    int readouts() const TM_NONBLOCKING { return meters_ * width(); }

    const ModuleType& type() const { return type_; }
    const Setup& setup() const { return setup_; }
    int width() const TM_NONBLOCKING { return ramps_.width(); }
    /// Of a stage's memory, what every segment touches comes first.
    static constexpr std::size_t kHot = 128;
    Ramps& ramps() TM_NONBLOCKING { return ramps_; }
    const Ramps& ramps() const TM_NONBLOCKING { return ramps_; }
    Processor* processor() { return processor_.get(); }
    std::size_t state_floats() const { return state_floats_; }

  private:
    static void check_layout();
    void update(std::int64_t now) TM_NONBLOCKING;
    void run_cell(const Block& block) TM_NONBLOCKING;
    void keep_dry(float* const* audio, int frames, std::int64_t position, Scratch& scratch) TM_NONBLOCKING;
    void mix_dry(float* const* audio, int frames, std::ptrdiff_t offset, Scratch& scratch) TM_NONBLOCKING;

    // What every segment of a lane module touches: a big desk has some ten thousand stages. See kHot.
    Ramps ramps_;
    const LaneKernel* kernel_;
    Setup setup_;
    float* state_ = nullptr;
    float* readouts_;         // [meter * width + lane]
    std::uint8_t grid_;       // the type's
    bool moving_ = false;     // the coefficients have a step in this cell
    bool bypassing_ = false;  // the last of them: see check_layout()
    // The rest.
    const ModuleType& type_;
    std::unique_ptr<Processor> processor_;
    int meters_, bypass_row_;
    int held_row_ = -1;
    std::size_t state_floats_ = 0;
    Memory<float> state_memory_;
    std::vector<float> readout_memory_, rest_memory_;
    std::vector<char> hold_memory_;
    const float* rest_;       // value of silence, per meter
    const char* hold_;        // per meter
    Memory<float> delay_memory_; // dry path of a module with latency
};

} // namespace ton::engine
