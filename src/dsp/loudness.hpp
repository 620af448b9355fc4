// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/gated_histogram.hpp"
#include "dsp/loudness_kernels.hpp"
#include "dsp/nonblocking.hpp"
#include "dsp/true_peak.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace ton::dsp {

/// One stage of the K-weighting: y = b0 x + b1 x1 + b2 x2 - a1 y1 - a2 y2.
struct KStage {
    double b0, b1, b2, a1, a2;
};

/// The two stages of BS.1770-5 Annex 1 (shelf, then RLB high-pass) for any sample rate in Hz, the tables of
/// the standard at 48 kHz. Control thread.
std::array<KStage, 2> k_weighting(double sample_rate);

/// Weights G of BS.1770-5 for a file's usual channel order, and 0 for the LFE: 1 mono; 2 L R; 3 L R C; 4 L R
/// Ls Rs; 5 L R C Ls Rs; 6 L R C LFE Ls Rs; 8 L R C LFE Lb Rb Ls Rs (WAV order, rears at +-135 degrees
/// count 1.0). Any other number of channels: all 1.0. Surrounds are 1.41. Mono is one channel, so it
/// reads 3.01 LU below the same signal on L and R. Control thread.
std::vector<double> loudness_weights(int channels);

/// What the meter shows. Loudness in LUFS and range in LU; -infinity where nothing was measured yet, 0 for
/// the range. Peaks are linear, 1.0 = full scale.
struct LoudnessReading {
    double momentary, shortterm, integrated, range;
    double momentary_max, shortterm_max; // since reset or restart
    float true_peak, sample_peak;        // likewise, the largest of all channels
    bool range_stable;                   // false for the first 60 s of measured programme (EBU Tech 3342)
};

/// A loudness meter in EBU Mode: ITU-R BS.1770-5, EBU Tech 3341 V4 and 3342.
///
/// Momentary (400 ms) and short-term (3 s) slide in steps of 10 ms at any rate; gating blocks are 400 ms
/// every 100 ms, range values 3 s every 100 ms. Step k ends at the sample nearest to k * 10 ms after reset,
/// so odd rates don't drift. Integrated loudness and range come from histograms with exact energies per bin
/// (gated_histogram.hpp): the memory is fixed however long the programme. Readings are the same bits for
/// every block size.
///
/// Memory is allocated by the constructor alone (control thread, about 300 kB); the rest belongs to one
/// thread, audio or other.
class LoudnessMeter {
  public:
    struct Options {
        std::vector<double> weights = {}; // one per channel; empty: loudness_weights(channels)
        bool true_peak = true;            // false saves its time; both peaks then read 0
    };

    static constexpr double lowest_rate = 4000.0, highest_rate = 1e6; ///< Hz

    /// 1 <= channels, lowest_rate <= sample_rate <= highest_rate; throws std::invalid_argument.
    LoudnessMeter(int channels, double sample_rate, const Options& options);
    LoudnessMeter(int channels, double sample_rate) : LoudnessMeter(channels, sample_rate, Options{}) {}

    int channels() const TM_NONBLOCKING { return channels_; }

    /// in[channel][frame], full scale 1.0; frames >= 0. A 10 ms step with a sample that isn't finite counts
    /// as silent and leaves no trace in the filters.
    void process(const float* const* in, int frames) TM_NONBLOCKING;

    /// Everything as if constructed anew.
    void reset() TM_NONBLOCKING;

    /// A new programme within a running signal: integrated, range and all maxima start again together,
    /// momentary and short-term go on. No gating block reaches back before the call.
    void restart() TM_NONBLOCKING;

    /// Paused, integrated, range and the maxima hold; momentary and short-term go on. No gating block has a
    /// sample of the pause in it.
    void pause(bool on) TM_NONBLOCKING;
    bool paused() const TM_NONBLOCKING { return paused_; }

    /// Counts what is pending of the true peak at the end of a file (an unfinished 10 ms step is dropped, as
    /// the standard says for blocks). Then only read or reset.
    void flush() TM_NONBLOCKING;

    /// Cheap: all is kept up to date every 10 ms.
    LoudnessReading reading() const TM_NONBLOCKING;

    /// One channel's true peak: since reset or restart; and since the last call of take_recent_true_peak.
    float true_peak(int channel) const TM_NONBLOCKING {
        return with_true_peak_ ? peak_.true_peak(channel) : 0.0F;
    }
    float take_recent_true_peak(int channel) TM_NONBLOCKING {
        return with_true_peak_ ? peak_.take_recent(channel) : 0.0F;
    }

  private:
    static constexpr int steps_per_second = 100;
    static constexpr int steps_per_block = 10; // gating blocks and range values: every 100 ms
    static constexpr int momentary_steps = 40;
    static constexpr int shortterm_steps = 300;

    void clear_programme() TM_NONBLOCKING;
    void end_step() TM_NONBLOCKING;
    double take_step_energy() TM_NONBLOCKING;
    double window_power(int steps) const TM_NONBLOCKING;
    std::uint64_t step_end(std::uint64_t step) const TM_NONBLOCKING;
    bool window_counts(int steps) const TM_NONBLOCKING;

    const KWeightingKernels* kernels_;
    int channels_;
    double rate_;
    bool with_true_peak_;
    std::vector<KPair> pairs_;         // the channels that have a weight, two by two
    std::vector<int> sources_;         // which channel each lane of the pairs reads
    std::vector<double> lane_weights_; // G of each lane times the filters' gain squared
    std::vector<double> energies_; // of the last 3 s of steps, twice over, so that any window is contiguous
    TruePeak peak_;
    GatedHistogram blocks_, ranges_;
    LoudnessReading reading_;
    std::uint64_t samples_ = 0, step_ = 0, next_step_end_ = 0; // since reset
    std::uint64_t clean_steps_ =
        0; // whole steps since reset, restart or pause: how far a block may reach back
    std::uint64_t measured_steps_ = 0; // since reset or restart, pauses excluded
    bool after_silence_ = true;        // nothing but silence lies before the clean steps
    bool paused_ = false;
    bool tainted_ = false; // the step being filled holds samples of a pause or from before a restart
};

} // namespace ton::dsp
