// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// How long a signal takes around a loop, to the sample. Any thread; allocates.
namespace ton::dsp {

/// 2^11 - 1 samples of plus or minus `level`, which look like white noise: a maximum-length sequence.
std::vector<float> loop_signal(float level);

struct LoopDelay {
    enum class Found : std::uint8_t {
        clearly,
        nothing,   ///< nothing comes back, or too little above the noise
        ambiguous, ///< a second way back is half as loud as the first, or louder
    };
    Found found = Found::nothing;
    int frames = 0;   ///< from the first of `sent` to its return in `heard`
    float gain = 0;   ///< amplitude; negative where the polarity is turned
};

/// Where one loop_signal() is found in what was heard, by correlation, O(sent * heard): piece by piece, for a thread that has other
/// things to do. `blur` frames beside the strongest return belong to it: what is in the loop may filter.
class LoopSearch {
  public:
    /// `sent` and `heard` stay where they are.
    LoopSearch(std::span<const float> sent, std::span<const float> heard, int blur);
    /// Looks at so many delays more; false when it has seen all.
    bool look(std::size_t delays);
    /// When it has.
    LoopDelay result() const;

  private:
    std::span<const float> sent_, heard_;
    int blur_;
    double energy_;
    std::size_t seen_ = 0;
    std::vector<double> gains_; ///< by delay
};

/// The same at once.
LoopDelay find_loop_delay(std::span<const float> sent, std::span<const float> heard, int blur);

} // namespace ton::dsp
