// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/matrix/histories.hpp"

#include "engine/block.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace ton::modules::matrix {

namespace {
constexpr double kRise = 0.005; // s
} // namespace

Histories::Histories(int inputs, int longest, double sample_rate)
    : rise_(static_cast<int>(std::lround(kRise * sample_rate))),
      mask_(std::bit_ceil(static_cast<std::uint32_t>(longest + engine::kSegment)) - 1),
      memory_(static_cast<std::size_t>(inputs) * (mask_ + 1U + engine::kSegment)), inputs_(static_cast<std::size_t>(inputs)),
      input_(inputs_.data()), count_(inputs) {
    for (auto* memory = memory_.data(); auto& input : inputs_) {
        input = {.ring = memory, .copy = memory + mask_ + 1, .present = memory, .born = -rise_, .begun = 0, .ended = 0};
        memory += mask_ + 1U + engine::kSegment;
    }
}

void Histories::begin(int in) TM_NONBLOCKING {
    Input& input = input_[in];
    if (input.ended != now_) input.born = input.begun = now_;
}

void Histories::end(int in, int frames) TM_NONBLOCKING { input_[in].ended = std::max(input_[in].ended, now_ + frames); }

void Histories::write(int in, const float* x, int frames) TM_NONBLOCKING {
    Input& input = input_[in];
    const auto count = static_cast<std::uint32_t>(frames), first = std::min(count, mask_ + 1U - place(0));
    const bool fades = now_ - input.born < rise_;
    input.present = input.ring + place(0);
    if (fades || first < count) {
        std::memcpy(input.copy, x, count * sizeof(float));
        input.present = input.copy;
    }
    float risen[engine::kSegment];
    if (fades) {
        for (int i = 0; i < frames; ++i) {
            const float t = static_cast<float>(std::min<std::int64_t>(now_ + i - input.born, rise_)) / static_cast<float>(rise_);
            risen[i] = x[i] * (t * t * (3.0F - 2.0F * t));
        }
        x = risen;
    }
    std::memcpy(input.ring + place(0), x, first * sizeof(float));
    std::memcpy(input.ring, x + first, (count - first) * sizeof(float));
}

void Histories::silence() TM_NONBLOCKING {
    for (int in = 0; in < count_; ++in) input_[in].begun = now_;
}

} // namespace ton::modules::matrix
