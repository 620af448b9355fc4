// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/signal.hpp"
#include "engine/stage.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace ton::engine {

/// Interleaved working planes of one audio thread: [plane][frame * width + lane].
struct SectionScratch {
    SectionScratch(int max_sample_rows, std::size_t max_state);
    float* audio[kMaxChannels];
    float* sidechain[kMaxChannels];
    float* taps[kMaxChannels];
    Scratch stage;

  private:
    hwy::AlignedFreeUniquePtr<float[]> memory_;
};

/// A run of consecutive modules that `width` strips share: it interleaves their inputs once, runs the modules on the
/// lanes and takes the outputs apart again. Of width 1 it is a single strip's, planar.
class alignas(64) Section {
  public:
    /// What others hear of a lane's signal before one of the stages.
    struct Probe {
        int stage;
        std::shared_ptr<Signal> signal; ///< of the signal's first channels, or all
        bool switched = false;          ///< heard only while listen() says so
        bool operator==(const Probe&) const = default;
    };

    /// What one strip brings: where it reads and writes. Null in unused lanes.
    struct Lane {
        std::shared_ptr<const Signal> input;
        std::shared_ptr<Signal> output;
        std::vector<std::shared_ptr<const Signal>> sidechains; ///< what the first stage listens to, in order
        std::vector<std::shared_ptr<Signal>> taps;             ///< per stage that sends, in order
        std::vector<Probe> probes;
        int strip = -1;                                        ///< its number, for notices
    };

    Section(int channels_in, int channels_out, std::vector<std::shared_ptr<Stage>> stages, std::vector<Lane> lanes);

    /// Audio thread. Returns how many lanes had to be healed in this segment. `next` is the section that runs after this
    /// one, or null: its memory is fetched meanwhile.
    int run(int frames, std::int64_t position, SectionScratch& scratch, const Section* next) TM_NONBLOCKING;

    /// Any thread: in how many segments this lane's NaN or infinity was silenced.
    std::uint32_t healed(int lane) const { return healed_[static_cast<std::size_t>(lane)].load(std::memory_order_relaxed); }
    /// Audio thread: a lane's input is read from there in this segment (see MixPart::reader).
    void read_from(int lane, const float* const* planes) TM_NONBLOCKING {
        for (int c = 0; c < channels_in_; ++c) *input_place(lane, c) = planes[c];
    }
    /// Audio thread: where a lane's input is read from.
    const float** input_place(int lane, int channel) TM_NONBLOCKING { return input_data_ + channel * width_ + lane; }
    /// Audio thread, between two segments: a lane's output is written to `memory` (channels_out planes) from now on.
    void write_to(int lane, float* memory) TM_NONBLOCKING {
        for (int c = 0; c < channels_out_; ++c) output_data_[c * width_ + lane] = memory + c * kSegment;
    }
    /// Audio thread: whether the switched probe of that lane, before that stage, is heard.
    void listen(int lane, int stage, bool on) TM_NONBLOCKING;
    int width() const { return width_; }
    /// Of a section's memory, what every segment touches comes first.
    static constexpr std::size_t kHot = 64;
    int channels_out() const { return channels_out_; }
    int channels_in() const { return channels_in_; }
    const std::vector<std::shared_ptr<Stage>>& stages() const { return stages_; }
    const std::vector<Lane>& lanes() const { return lanes_; }

  private:
    static void check_layout();
    void prefetch_inputs(int frames) const TM_NONBLOCKING;
    /// Silences what isn't sane, lane by lane; with `overflowed`, the lane's modules forget their signal too.
    int heal_plane(float* plane, int frames, SectionScratch* overflowed) TM_NONBLOCKING;

    struct ProbeView {
        int lane, channels;
        float* planes; // kSegment apart
        bool switched, on;
    };
    struct Wires { // of a stage that hears or feeds more than the chain
        std::vector<const float*> sidechain; // [channel * width + lane], empty if none
        std::vector<float*> taps;
        std::vector<ProbeView> probes;
        int probing = 0; // how many of them are on
    };
    struct StageView { // most stages have no wires: a big desk's views should take little memory
        Stage* stage;
        std::unique_ptr<Wires> wires;
    };
    std::unique_ptr<Wires> wires_of(int stage, std::size_t& sender) const;
    std::vector<const float*> listened_planes() const;
    int hear(const Wires& wires, int frames, SectionScratch& scratch) TM_NONBLOCKING;
    int feed(const Wires& wires, int frames, SectionScratch& scratch) TM_NONBLOCKING;
    static void copy_probes(const Wires& wires, const float* const* audio, int width, int frames) TM_NONBLOCKING;

    // What every segment touches. See kHot.
    int width_, channels_in_, channels_out_;
    const float** input_data_ = nullptr; // plane pointers, [channel * width + lane] (signals never move)
    float** output_data_ = nullptr;
    std::vector<StageView> views_; // the last of them: see check_layout()
    // The rest.
    std::vector<std::shared_ptr<Stage>> stages_;
    std::vector<Lane> lanes_;
    std::vector<const float*> inputs_;
    std::vector<float*> outputs_;
    std::unique_ptr<std::atomic<std::uint32_t>[]> healed_; // per lane: the audio thread adds, anybody reads
};

} // namespace ton::engine
