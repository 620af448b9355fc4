// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <cstdint>
#include <vector>

namespace ton::modules::matrix {

/// What inputs were, for as long as the longest delay: a ring each, of a power of two, on one clock.
///
/// An input is kept for as long as it is needed. What was before that is silence; so that it begins without a step, it is
/// faded in within 5 ms as it is written. Not so at the first sample of all, where a delay begins as any other does. The
/// present (a delay of 0) is never faded.
///
/// All but the constructor: audio thread.
class Histories {
  public:
    /// `longest` delay, frames; `sample_rate` in Hz.
    Histories(int inputs, int longest, double sample_rate);

    /// From the present on the input is written; as if it had been all along where it ended at this very sample.
    void begin(int in) TM_NONBLOCKING;
    /// It is needed no more so many frames from the present, whether or not the rest of the block is written; of several
    /// such times the last one counts.
    void end(int in, int frames) TM_NONBLOCKING;
    /// The block that is present, at most engine::kSegment frames.
    void write(int in, const float* x, int frames) TM_NONBLOCKING;
    void advance(int frames) TM_NONBLOCKING { now_ += frames; }
    /// Clearing megabytes would take too long: what is older than now is not read any more.
    void silence() TM_NONBLOCKING;

    /// The i-th sample of the present block, so many frames ago.
    float read(int in, int i, int delay) const TM_NONBLOCKING {
        const Input& input = input_[in];
        if (delay == 0) return input.present[i];
        return now_ + i - delay >= input.begun ? input.ring[place(i - delay)] : 0.0F;
    }
    /// Where the block's samples of so many frames ago lie in a row, or null where there are not as many, or in two parts.
    const float* row(int in, int delay, int frames) const TM_NONBLOCKING {
        const Input& input = input_[in];
        if (delay == 0) return input.present;
        const auto from = place(-delay);
        return now_ - delay >= input.begun && from + static_cast<std::uint32_t>(frames) <= mask_ + 1U ? input.ring + from : nullptr;
    }

  private:
    struct Input {
        float *ring, *copy;
        const float* present;       // this block as it came: in the ring, or a copy where that is faded or in two parts
        std::int64_t born;          // where the fade began
        std::int64_t begun, ended;  // nothing before, needed no more
    };
    std::uint32_t place(int i) const TM_NONBLOCKING { return static_cast<std::uint32_t>(now_ + i) & mask_; }

    int rise_; // frames
    std::uint32_t mask_;
    std::vector<float> memory_;
    std::vector<Input> inputs_;
    Input* input_;
    int count_;
    std::int64_t now_ = 0; // frames that have passed
};

} // namespace ton::modules::matrix
