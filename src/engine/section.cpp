// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/section.hpp"

#include "engine/interleave.hpp"

#include <algorithm>
#include <cstddef>

namespace ton::engine {

namespace {
// A line more than a plane's 4 kB, or the planes of a wide strip would all compete for the same few sets of the cache.
constexpr std::size_t kPitch = static_cast<std::size_t>(kSegment) * kMaxLanes + 16;
// Where unused lanes read and write. Written by the audio thread only, and never looked at.
Signal& nowhere() {
    static Signal signal(1);
    return signal;
}
Signal& nothing() {
    static Signal signal(1);
    return signal;
}
} // namespace

SectionScratch::SectionScratch(int max_sample_rows, std::size_t max_state)
    : stage(max_sample_rows, max_state), memory_(hwy::AllocateAligned<float>(3 * kMaxChannels * kPitch)) {
    std::fill_n(memory_.get(), 3 * kMaxChannels * kPitch, 0.0F);
    for (std::size_t c = 0; c < kMaxChannels; ++c) {
        audio[c] = memory_.get() + c * kPitch;
        sidechain[c] = memory_.get() + (kMaxChannels + c) * kPitch;
        taps[c] = memory_.get() + (2 * kMaxChannels + c) * kPitch;
    }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof" // as in Stage
void Section::check_layout() { static_assert(offsetof(Section, views_) + sizeof(views_) <= kHot); }
#pragma GCC diagnostic pop

Section::Section(int channels_in, int channels_out, std::vector<std::shared_ptr<Stage>> stages,
                 std::vector<Lane> lanes)
    : width_(static_cast<int>(lanes.size())), channels_in_(channels_in), channels_out_(channels_out),
      stages_(std::move(stages)), lanes_(std::move(lanes)),
      healed_(std::make_unique<std::atomic<std::uint32_t>[]>(lanes_.size())) {
    for (int c = 0; c < channels_in_; ++c)
        for (const auto& lane : lanes_) inputs_.push_back(lane.input ? lane.input->planes()[c] : nothing().plane(0));
    for (int c = 0; c < channels_out_; ++c)
        for (const auto& lane : lanes_) outputs_.push_back(lane.output ? lane.output->plane(c) : nowhere().plane(0));
    input_data_ = inputs_.data();
    output_data_ = outputs_.data();
    std::size_t sender = 0;
    for (const auto& stage : stages_) views_.push_back({stage.get(), wires_of(static_cast<int>(views_.size()), sender)});
}

/// Null where there are none. `sender` counts the stages that send.
std::unique_ptr<Section::Wires> Section::wires_of(int stage, std::size_t& sender) const {
    const auto& setup = stages_[static_cast<std::size_t>(stage)]->setup();
    Wires wires;
    if (setup.sidechain_channels > 0) wires.sidechain = listened_planes();
    for (int c = 0; c < setup.tap_channels; ++c)
        for (const auto& lane : lanes_) wires.taps.push_back(lane.input ? lane.taps.at(sender)->plane(c) : nowhere().plane(0));
    sender += setup.tap_channels > 0 ? 1 : 0;
    for (int l = 0; l < width_; ++l)
        for (const auto& probe : lanes_[static_cast<std::size_t>(l)].probes)
            if (probe.stage == stage) {
                wires.probes.push_back({l, probe.signal->channels(), probe.signal->plane(0), probe.switched, !probe.switched});
                wires.probing += probe.switched ? 0 : 1;
            }
    const bool none = wires.sidechain.empty() && wires.taps.empty() && wires.probes.empty();
    return none ? nullptr : std::make_unique<Wires>(std::move(wires));
}

/// The planes of all that the lanes listen to, one signal after another: [channel * width + lane].
std::vector<const float*> Section::listened_planes() const {
    std::vector<const float*> planes;
    const auto used = std::ranges::find_if(lanes_, [](const Lane& lane) { return lane.input != nullptr; });
    for (std::size_t i = 0; i < used->sidechains.size(); ++i)
        for (int c = 0; c < used->sidechains[i]->channels(); ++c)
            for (const auto& lane : lanes_) planes.push_back(lane.input ? lane.sidechains.at(i)->planes()[c] : nothing().plane(0));
    return planes;
}

int Section::run(int frames, std::int64_t position, SectionScratch& scratch, const Section* next) TM_NONBLOCKING {
    const auto& move = interleave();
    const auto width = static_cast<std::ptrdiff_t>(width_);
    int healed = 0;
    for (int c = 0; c < channels_in_; ++c) {
        move.gather(input_data_ + c * width, scratch.audio[c], width_, frames);
        if (!move.sane(scratch.audio[c], frames * width_)) healed += heal_plane(scratch.audio[c], frames, nullptr);
    }
    if (next) next->prefetch_inputs(frames);
    const StageView* ahead = next ? next->views_.data() : nullptr;
    const StageView* const ahead_end = next ? ahead + next->views_.size() : nullptr;
    for (auto& view : views_) {
        if (ahead != ahead_end) (ahead++)->stage->prefetch();
        if (view.wires) healed += hear(*view.wires, frames, scratch);
        view.stage->run(scratch.audio, scratch.sidechain, scratch.taps, frames, position, scratch.stage);
        if (view.wires) healed += feed(*view.wires, frames, scratch);
    }
    for (int c = 0; c < channels_out_; ++c) {
        if (!move.sane(scratch.audio[c], frames * width_)) healed += heal_plane(scratch.audio[c], frames, &scratch);
        move.scatter(scratch.audio[c], output_data_ + c * width, width_, frames);
    }
    return healed;
}

/// Before a stage: what it listens to is gathered, and who listens to its input gets it.
int Section::hear(const Wires& wires, int frames, SectionScratch& scratch) TM_NONBLOCKING {
    const auto& move = interleave();
    const auto width = static_cast<std::size_t>(width_);
    int healed = 0;
    for (std::size_t c = 0; c * width < wires.sidechain.size(); ++c) {
        move.gather(wires.sidechain.data() + c * width, scratch.sidechain[c], width_, frames);
        if (!move.sane(scratch.sidechain[c], frames * width_)) healed += heal_plane(scratch.sidechain[c], frames, nullptr);
    }
    if (wires.probing > 0) copy_probes(wires, scratch.audio, width_, frames);
    return healed;
}

/// Behind a stage that sends.
int Section::feed(const Wires& wires, int frames, SectionScratch& scratch) TM_NONBLOCKING {
    const auto& move = interleave();
    const auto width = static_cast<std::size_t>(width_);
    int healed = 0;
    for (std::size_t c = 0; c * width < wires.taps.size(); ++c) {
        if (!move.sane(scratch.taps[c], frames * width_)) healed += heal_plane(scratch.taps[c], frames, &scratch);
        move.scatter(scratch.taps[c], wires.taps.data() + c * width, width_, frames);
    }
    return healed;
}

/// Ports are read for the first time here; they come from another process.
void Section::prefetch_inputs(int frames) const TM_NONBLOCKING {
    constexpr int kLine = 64 / sizeof(float);
    for (int i = 0; i < channels_in_ * width_; ++i)
        for (int f = 0; f < frames; f += kLine) __builtin_prefetch(input_data_[i] + f);
}

/// Silenced here where it is not sane, since many may hear it; counted at the section's end.
void Section::copy_probes(const Wires& wires, const float* const* audio, int width, int frames) TM_NONBLOCKING {
    const ProbeView* probes = wires.probes.data();
    for (std::size_t p = 0; p < wires.probes.size(); ++p) {
        if (!probes[p].on) continue;
        for (int c = 0; c < probes[p].channels; ++c) {
            const float* from = audio[c] + probes[p].lane;
            float* to = probes[p].planes + c * kSegment;
            for (int i = 0; i < frames; ++i, from += width) to[i] = is_sane(*from) ? *from : 0.0F;
        }
    }
}

void Section::listen(int lane, int stage, bool on) TM_NONBLOCKING {
    Wires* const wires = views_.data()[stage].wires.get();
    if (!wires) return;
    ProbeView* probes = wires->probes.data();
    for (std::size_t p = 0; p < wires->probes.size(); ++p) {
        if (!probes[p].switched || probes[p].lane != lane || probes[p].on == on) continue;
        probes[p].on = on;
        wires->probing += on ? 1 : -1;
    }
}

int Section::heal_plane(float* plane, int frames, SectionScratch* overflowed) TM_NONBLOCKING {
    int count = 0;
    for (int l = 0; l < width_; ++l) {
        bool bad = false;
        for (int i = 0; i < frames; ++i) {
            float& x = plane[i * width_ + l];
            if (is_sane(x)) continue;
            x = 0.0F;
            bad = true;
        }
        if (!bad) continue;
        ++count;
        healed_[static_cast<std::size_t>(l)].fetch_add(1, std::memory_order_relaxed);
        if (overflowed) // made inside, from sane input: the memory of the strip's modules is poisoned
            for (auto& view : views_) view.stage->silence(l, overflowed->stage);
    }
    return count;
}

} // namespace ton::engine
