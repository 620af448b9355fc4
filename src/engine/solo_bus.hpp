// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/section.hpp"
#include "engine/signal.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace ton::engine {

/// The sums of what is soloed: before the faders, and behind them. A command's `row` says which.
enum SoloBusKind : int { kPfl, kAfl, kSoloBuses };

/// Where a solo bus hears a strip.
struct SoloTap {
    Edge* edge;
    Section* section; ///< it has a switched probe in that lane, before that stage
    int lane, stage;
    std::uint32_t slot; ///< of the strip's mute: what commands call the strip by, from plan to plan
};

/// A sum of any number of strips, of which only those that are soloed cost anything: a bit each, in the order of the desk.
class SoloBus {
  public:
    /// Control thread, while the plan is built.
    void add(const SoloTap& tap);
    int taps() const { return static_cast<int>(taps_.size()); }

    /// Audio thread. A strip comes or goes within `frames`.
    void aim(int tap, bool on, int frames) TM_NONBLOCKING;
    /// Audio thread. Sets `sum` to the sum of all that is heard.
    void mix(Signal& sum, int frames, std::int64_t position) TM_NONBLOCKING;
    /// Audio thread. Goes on with what `before` plays of the tap `from`.
    void take_over(int tap, const SoloBus& before, int from, int fade_frames) TM_NONBLOCKING;
    /// Audio thread. Calls `take(tap)` for each that is heard, or shall be.
    template <class Take> void each(Take take) const TM_NONBLOCKING {
        const Word* words = words_.data();
        for (std::size_t w = 0; w < words_.size(); ++w)
            for (auto left = words[w].heard | words[w].wanted; left != 0; left &= left - 1) take(static_cast<int>(w * 64) + std::countr_zero(left));
    }
    std::uint32_t slot(int tap) const TM_NONBLOCKING { return taps_.data()[tap].slot; }

  private:
    struct Word { // a bit per tap
        std::uint64_t wanted = 0; // it shall be heard
        std::uint64_t heard = 0;  // its edge runs
    };
    static std::uint64_t bit(int tap) TM_NONBLOCKING { return std::uint64_t{1} << (tap % 64); }
    Word& word(int tap) TM_NONBLOCKING { return words_.data()[tap / 64]; }
    bool wanted(int tap) const TM_NONBLOCKING { return (words_.data()[tap / 64].wanted & bit(tap)) != 0; }
    void hear(int tap, bool yes) TM_NONBLOCKING;

    std::vector<SoloTap> taps_;
    std::vector<Word> words_;
};

} // namespace ton::engine
