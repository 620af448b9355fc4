// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <span>
#include <vector>

namespace ton::dsp {

struct Interpolator;
struct TruePeakKernels;

/// True-peak detection after ITU-R BS.1770-5 Annex 2: four points per sample at every rate, the sample itself
/// and three interpolated by fractional-delay filters of 40 taps that are flat within 0.012 dB up to 0.4535
/// of the sample rate (20 kHz at 44.1 kHz). Between the points a tone of frequency f can hide 20 log10 cos(pi
/// f / (4 rate)) dB. The standard would let 2x do from 88.2 kHz on; 4x is kept, because EBU Tech 3341 cases
/// 20 to 23 are to hold at every rate and the filter is cheap.
///
/// Samples are collected and evaluated in whole chunks of `chunk` counted from the last reset, so a reading
/// depends on how many samples came and never on how they were cut into blocks. It lags by at most chunk +
/// latency samples; flush() catches up at the end of a file. Not finite samples count as zero.
///
/// Memory is allocated by the constructor alone (control thread); the rest belongs to one thread, audio or
/// other.
class TruePeak {
  public:
    static constexpr int chunk = 64;
    static constexpr int reach = 40; // taps of the filters
    static constexpr int latency = reach / 2;
    static constexpr int oversampling = 4;

    /// 1 <= channels; throws std::invalid_argument.
    explicit TruePeak(int channels);

    int channels() const TM_NONBLOCKING { return channels_; }

    /// in[channel][frame], full scale 1.0; frames >= 0.
    void process(const float* const* in, int frames) TM_NONBLOCKING;

    /// As if constructed anew.
    void reset() TM_NONBLOCKING;

    /// Clears the maxima and keeps the filters' memory: a new programme begins within a running signal. What
    /// is pending (under 2 ms) still counts.
    void restart() TM_NONBLOCKING;

    /// While held, the maxima stay as they are, to the chunk; the recent ones go on.
    void hold(bool on) TM_NONBLOCKING;

    /// Evaluates what is still pending as if silence followed. Call it at the end of a file, then only read
    /// or reset.
    void flush() TM_NONBLOCKING;

    /// Maxima since the last reset or restart, linear, >= 0. The true peak is never below the sample peak.
    float true_peak(int channel) const TM_NONBLOCKING;
    float true_peak() const TM_NONBLOCKING;
    float sample_peak(int channel) const TM_NONBLOCKING;
    float sample_peak() const TM_NONBLOCKING;

    /// The channel's true peak (linear) since the last call, which is cleared.
    float take_recent(int channel) TM_NONBLOCKING;

  private:
    struct Channel {
        float true_peak = 0.0F, sample_peak = 0.0F; // since reset or restart
        float recent = 0.0F;                        // true peak since take_recent
        float last_peak = 0.0F, last_bend = 0.0F;   // the scan of the chunk before
        float samples[reach + chunk] = {}; // the newest of the chunks before, then the one being filled
    };

    void evaluate(Channel& channel) TM_NONBLOCKING;

    const TruePeakKernels* kernels_;
    const Interpolator* filter_;
    int channels_;
    int filled_ = 0; // samples in the chunk being filled
    bool held_ = false;
    std::vector<Channel> state_;
    Channel* state_data_;
};

/// The envelope a true-peak limiter steers by: per input sample the largest magnitude among `oversampling`
/// points from that sample up to (not including) the next, `latency` samples late. One channel; the
/// constructor allocates nothing.
///
/// Whatever the block size, the same bits. Input must be finite.
class TruePeakEnvelope {
  public:
    static constexpr int oversampling = 8;
    static constexpr int reach = 40; // taps of the filters
    static constexpr int latency = reach / 2;

    TruePeakEnvelope();

    /// out[n] is the envelope around in[n - latency]; out may be in; frames >= 0.
    void process(const float* in, float* out, int frames) TM_NONBLOCKING;
    void reset() TM_NONBLOCKING;

  private:
    const TruePeakKernels* kernels_;
    const Interpolator* filter_;
    float history_[reach] = {};
};

/// Offline reference for tests and file measurement: the largest magnitude, linear, on a 32 times finer grid
/// through a Kaiser-windowed sinc (beta 12, 128 taps per phase; grid error at most 0.008 dB at 0.45 of the
/// sample rate). Silence is taken before and after. About 4,000 multiplications per sample: never on the
/// audio side.
double reference_true_peak(std::span<const float> samples);

} // namespace ton::dsp
