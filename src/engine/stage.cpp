// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/stage.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace ton::engine {

namespace {
constexpr std::size_t kPlane = static_cast<std::size_t>(kSegment) * kMaxLanes;
} // namespace

Scratch::Scratch(int max_sample_rows, std::size_t max_state) {
    const std::size_t ramp_floats = static_cast<std::size_t>(max_sample_rows) * kPlane;
    const std::size_t state_floats = (max_state + 15) / 16 * 16;
    const std::size_t total = ramp_floats + (kMaxChannels + 1) * kPlane + state_floats + 16;
    floats_ = hwy::AllocateAligned<float>(total);
    std::fill_n(floats_.get(), total, 0.0F);
    ramps = floats_.get();
    for (std::size_t c = 0; c < kMaxChannels; ++c) dry[c] = ramps + ramp_floats + c * kPlane;
    silence = ramps + ramp_floats + kMaxChannels * kPlane;
    state = ramps + ramp_floats + (kMaxChannels + 1) * kPlane;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof" // it is no standard layout; our compilers know it all the same
void Stage::check_layout() { static_assert(offsetof(Stage, bypassing_) + sizeof(bypassing_) <= kHot); }
#pragma GCC diagnostic pop

Stage::Stage(const ModuleType& type, const Setup& setup, const LaneKernel* kernel,
             std::unique_ptr<Processor> processor)
    : ramps_(type.parameters.first(type.own_rows > 0 ? static_cast<std::size_t>(type.own_rows) : type.parameters.size()), kernel ? kernel->width : 1, setup.sample_rate),
      kernel_(kernel), setup_(setup), grid_(static_cast<std::uint8_t>(type.grid)), type_(type), processor_(std::move(processor)),
      meters_(static_cast<int>(type.parameters.size()) - first_meter(type.parameters)),
      bypass_row_(ramped_rows(type) - 1) {
    if (kernel_) {
        state_floats_ = static_cast<std::size_t>(kernel_->rows(setup_)) * static_cast<std::size_t>(kernel_->row_stride);
        state_memory_ = allocate<float>(state_floats_ + 16);
        state_ = state_memory_.get();
    }
    const auto meters = type.parameters.subspan(static_cast<std::size_t>(first_meter(type.parameters)));
    for (const auto& m : meters) {
        rest_memory_.push_back(to_kernel(m, m.initial));
        hold_memory_.push_back(m.hold ? 1 : 0);
        readout_memory_.insert(readout_memory_.end(), static_cast<std::size_t>(width()), rest_memory_.back());
    }
    readouts_ = readout_memory_.data();
    rest_ = rest_memory_.data();
    hold_ = hold_memory_.data();
    if (setup_.latency > 0) {
        const auto n = static_cast<std::size_t>(setup_.latency) * static_cast<std::size_t>(setup_.channels_in) *
                       static_cast<std::size_t>(width());
        delay_memory_ = allocate<float>(n);
    }
}

void Stage::set(int lane, std::span<const float> values) {
    for (int r = 0; r < ramps_.rows(); ++r) {
        const auto& p = type_.parameters[static_cast<std::size_t>(r)];
        if (p.kind == Kind::text) continue;
        ramps_.jump(r, lane, to_kernel(p, values[static_cast<std::size_t>(r)]));
        if (r == bypass_row_ && values[static_cast<std::size_t>(r)] != 0.0F && setup_.half != 1) bypassing_ = true;
    }
    if (type_.own_rows > 0)
        for (auto r = static_cast<std::size_t>(type_.own_rows); r < values.size(); ++r)
            if (values[r] != type_.parameters[r].initial) processor_->aim(static_cast<int>(r) - type_.own_rows, to_kernel(type_.parameters[r], values[r]), 0, 0, Way::smooth);
}

void Stage::prime() {
    const Update u = ramps_.at_cell_end(0); // settles every grid row
    for (int pass = 0; pass < 2; ++pass) { // the second time the coefficients have arrived and stand still
        if (kernel_) kernel_->update(state_, setup_, u);
        else processor_->update(u);
    }
    moving_ = false;
    ramps_.settle(1); // sample-rate rows that jumped, too
}

void Stage::hold(int row) {
    ramps_.jump(row, 0, 0.0F);
    held_row_ = row;
}

void Stage::bear(int row, float value, std::int64_t now) TM_NONBLOCKING {
    if (held_row_ == row) aim(row, 0, value, -1, now);
}

void Stage::update(std::int64_t now) TM_NONBLOCKING {
    const Update u = ramps_.at_cell_end(now);
    if (kernel_) kernel_->update(state_, setup_, u);
    else processor_->update(u);
}

void Stage::run_cell(const Block& block) TM_NONBLOCKING {
    if (kernel_) kernel_->run(state_, setup_, block);
    else processor_->run(block);
}

void Stage::run(float* const* audio, const float* const* sidechain, float* const* taps, int frames,
                std::int64_t position, Scratch& scratch) TM_NONBLOCKING {
    const bool dry = bypassing_ || setup_.latency > 0;
    if (dry) keep_dry(audio, frames, position, scratch);

    float *planes[kMaxChannels], *tap_planes[kMaxChannels];
    const float* sidechain_planes[kMaxChannels];
    const int channels = std::max(setup_.channels_in, setup_.channels_out);
    for (int done = 0; done < frames;) {
        const auto now = position + done;
        const int left_in_cell = grid_ - static_cast<int>(now & (grid_ - 1));
        int count = frames - done;
        if (ramps_.any_moving() || moving_) {
            if (left_in_cell == grid_) {
                // Once more after the last movement: the coefficients arrive and their steps become zero.
                const bool moves = ramps_.grid_moving();
                if (moves || moving_) update(now);
                moving_ = moves;
            }
            count = std::min(count, left_in_cell);
        }
        const auto offset = static_cast<std::ptrdiff_t>(done) * width();
        for (int c = 0; c < channels; ++c) planes[c] = audio[c] + offset;
        for (int c = 0; c < setup_.sidechain_channels; ++c) sidechain_planes[c] = sidechain[c] + offset;
        for (int c = 0; c < setup_.tap_channels; ++c) tap_planes[c] = taps[c] + offset;
        ramps_.render(scratch.ramps, now, count);
        run_cell({.audio = planes,
                  .sidechain = setup_.sidechain_channels > 0 ? sidechain_planes : nullptr,
                  .taps = setup_.tap_channels > 0 ? tap_planes : nullptr,
                  .controls = ramps_.controls(),
                  .cells = ramps_.cells(),
                  .readouts = readouts_,
                  .position = now,
                  .frames = count,
                  .moving = moving_});
        if (bypassing_) mix_dry(planes, count, offset, scratch);
        ramps_.settle(now + count);
        done += count;
    }
    if (bypassing_ && !ramps_.moving(bypass_row_)) {
        bypassing_ = false;
        for (int l = 0; l < width(); ++l) bypassing_ = bypassing_ || ramps_.target(bypass_row_, l) != 0.0F;
    }
}

void Stage::keep_dry(float* const* audio, int frames, std::int64_t position, Scratch& scratch) TM_NONBLOCKING {
    const auto row = static_cast<std::size_t>(width());
    for (int c = 0; c < setup_.channels_in; ++c) {
        if (setup_.latency == 0) {
            std::memcpy(scratch.dry[c], audio[c], static_cast<std::size_t>(frames) * row * sizeof(float));
            continue;
        }
        float* ring = delay_memory_.get() + static_cast<std::size_t>(c) * static_cast<std::size_t>(setup_.latency) * row;
        auto place = static_cast<int>(position % setup_.latency);
        for (int done = 0; done < frames; place = 0) { // in stretches up to the ring's end
            const int count = std::min(frames - done, setup_.latency - place);
            const auto bytes = static_cast<std::size_t>(count) * row * sizeof(float);
            float* cell = ring + static_cast<std::size_t>(place) * row;
            const auto offset = static_cast<std::size_t>(done) * row;
            std::memcpy(scratch.dry[c] + offset, cell, bytes);
            std::memcpy(cell, audio[c] + offset, bytes);
            done += count;
        }
    }
}

void Stage::mix_dry(float* const* audio, int frames, std::ptrdiff_t offset, Scratch& scratch) TM_NONBLOCKING {
    const int width = this->width();
    const Control& bypass = ramps_.controls()[bypass_row_];
    for (int c = 0; c < setup_.channels_out; ++c) {
        // One channel goes to all; of several each to its own, and what the module adds behind them is silent.
        const bool added = c >= setup_.channels_in && setup_.channels_in > 1;
        const float* dry = (added ? scratch.silence : scratch.dry[std::min(c, setup_.channels_in - 1)]) + offset;
        for (int i = 0; i < frames; ++i) {
            const float* b = bypass.at(i);
            const float* d = dry + static_cast<std::ptrdiff_t>(i) * width;
            float* x = audio[c] + static_cast<std::ptrdiff_t>(i) * width;
            for (int l = 0; l < width; ++l) // exact at both ends: a lane beside a bypassed one keeps its bits
                x[l] = b[l] <= 0.0F ? x[l] : b[l] >= 1.0F ? d[l] : x[l] + b[l] * (d[l] - x[l]);
        }
    }
}

void Stage::silence(int lane, Scratch& scratch) TM_NONBLOCKING {
    if (!kernel_) return processor_->silence();
    std::memcpy(scratch.state, state_, state_floats_ * sizeof(float));
    kernel_->silence(state_, setup_);
    const auto stride = static_cast<std::size_t>(kernel_->row_stride);
    for (std::size_t row = 0; row < state_floats_; row += stride)
        for (std::size_t l = 0; l < static_cast<std::size_t>(width()); ++l)
            if (static_cast<int>(l) != lane) state_[row + l] = scratch.state[row + l];
}

void Stage::copy_lane(int lane, const Stage& from, int from_lane) TM_NONBLOCKING {
    const auto to_l = static_cast<std::size_t>(lane), from_l = static_cast<std::size_t>(from_lane);
    if (kernel_) {
        const auto to_stride = static_cast<std::size_t>(kernel_->row_stride);
        const auto from_stride = static_cast<std::size_t>(from.kernel_->row_stride);
        const std::size_t rows = state_floats_ / (to_stride > 0 ? to_stride : 1);
        for (std::size_t r = 0; r < rows; ++r)
            state_[r * to_stride + to_l] = from.state_[r * from_stride + from_l];
    }
    const auto to_w = static_cast<std::size_t>(width()), from_w = static_cast<std::size_t>(from.width());
    for (std::size_t m = 0; m < static_cast<std::size_t>(meters_); ++m)
        readouts_[m * to_w + to_l] = from.readouts_[m * from_w + from_l];
    const std::size_t delayed =
        static_cast<std::size_t>(setup_.latency) * static_cast<std::size_t>(setup_.channels_in);
    for (std::size_t i = 0; i < delayed; ++i)
        delay_memory_[i * to_w + to_l] = from.delay_memory_[i * from_w + from_l];
    ramps_.copy_lane(lane, from.ramps_, from_lane);
    moving_ = moving_ || from.moving_;
    bypassing_ = bypassing_ || from.bypassing_;
}

void Stage::aim(int row, int lane, float value, std::int64_t fade, std::int64_t now, Way way) TM_NONBLOCKING {
    if (row >= ramps_.rows()) return processor_->aim(row - type_.own_rows, value, fade, now, way);
    ramps_.aim(row, lane, value, fade, now, way);
    if (row == held_row_) held_row_ = -1;
    if (row == bypass_row_ && setup_.half != 1) bypassing_ = true; // a first half tells its group of it, no more
}

void Stage::read(float* out) TM_NONBLOCKING {
    const auto width = static_cast<std::size_t>(this->width());
    for (std::size_t m = 0; m < static_cast<std::size_t>(meters_); ++m)
        for (std::size_t l = 0; l < width; ++l) {
            out[m * width + l] = readouts_[m * width + l];
            if (hold_[m]) readouts_[m * width + l] = rest_[m];
        }
}

} // namespace ton::engine
