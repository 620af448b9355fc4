// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/section.hpp"

#include "engine/interleave.hpp"

#include <algorithm>

namespace ton::engine {

namespace {
constexpr std::size_t kPlane = static_cast<std::size_t>(kSegment) * kMaxLanes;
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
    : stage(max_sample_rows, max_state), memory_(hwy::AllocateAligned<float>(3 * kMaxChannels * kPlane)) {
    std::fill_n(memory_.get(), 3 * kMaxChannels * kPlane, 0.0F);
    for (std::size_t c = 0; c < kMaxChannels; ++c) {
        audio[c] = memory_.get() + c * kPlane;
        sidechain[c] = memory_.get() + (kMaxChannels + c) * kPlane;
        taps[c] = memory_.get() + (2 * kMaxChannels + c) * kPlane;
    }
}

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
    for (const auto& stage : stages_) {
        StageView view{};
        view.stage = stage.get();
        const auto& setup = stage->setup();
        if (setup.sidechain_channels > 0) view.sidechain = listened_planes();
        for (int c = 0; c < setup.tap_channels; ++c)
            for (const auto& lane : lanes_)
                view.taps.push_back(lane.input ? lane.taps.at(sender)->plane(c) : nowhere().plane(0));
        sender += setup.tap_channels > 0 ? 1 : 0;
        for (int l = 0; l < width_; ++l)
            for (const auto& probe : lanes_[static_cast<std::size_t>(l)].probes)
                if (probe.stage == static_cast<int>(views_.size())) {
                    view.probes.push_back({l, probe.signal->channels(), probe.signal->plane(0), probe.switched, !probe.switched});
                    view.probing += probe.switched ? 0 : 1;
                }
        views_.push_back(std::move(view));
    }
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
        const auto& setup = view.stage->setup();
        for (int c = 0; c < setup.sidechain_channels; ++c) {
            move.gather(view.sidechain.data() + c * width, scratch.sidechain[c], width_, frames);
            if (!move.sane(scratch.sidechain[c], frames * width_)) healed += heal_plane(scratch.sidechain[c], frames, nullptr);
        }
        if (view.probing > 0) copy_probes(view, scratch.audio, width_, frames);
        view.stage->run(scratch.audio, scratch.sidechain, scratch.taps, frames, position, scratch.stage);
        for (int c = 0; c < setup.tap_channels; ++c) {
            if (!move.sane(scratch.taps[c], frames * width_)) healed += heal_plane(scratch.taps[c], frames, &scratch);
            move.scatter(scratch.taps[c], view.taps.data() + c * width, width_, frames);
        }
    }
    for (int c = 0; c < channels_out_; ++c) {
        if (!move.sane(scratch.audio[c], frames * width_)) healed += heal_plane(scratch.audio[c], frames, &scratch);
        move.scatter(scratch.audio[c], output_data_ + c * width, width_, frames);
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
void Section::copy_probes(const StageView& view, const float* const* audio, int width, int frames) TM_NONBLOCKING {
    const ProbeView* probes = view.probes.data();
    for (std::size_t p = 0; p < view.probes.size(); ++p) {
        if (!probes[p].on) continue;
        for (int c = 0; c < probes[p].channels; ++c) {
            const float* from = audio[c] + probes[p].lane;
            float* to = probes[p].planes + c * kSegment;
            for (int i = 0; i < frames; ++i, from += width) to[i] = is_sane(*from) ? *from : 0.0F;
        }
    }
}

void Section::listen(int lane, int stage, bool on) TM_NONBLOCKING {
    StageView& view = views_.data()[stage];
    ProbeView* probes = view.probes.data();
    for (std::size_t p = 0; p < view.probes.size(); ++p) {
        if (!probes[p].switched || probes[p].lane != lane || probes[p].on == on) continue;
        probes[p].on = on;
        view.probing += on ? 1 : -1;
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
