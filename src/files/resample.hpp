// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

struct soxr;

namespace ton::files {

/// Streaming sample-rate conversion by soxr at its very high quality (28 bits, linear phase, latency removed:
/// output frame n is the input at time n/out_rate). Passband to 0.913 of the lower Nyquist frequency, no
/// aliasing. Output does not depend on how the input is cut. Control or disk thread, one at a time;
/// allocates.
class Resampler {
  public:
    /// Rates in Hz (any ratio of two positive numbers will do). Throws std::bad_alloc when memory is out,
    /// std::invalid_argument when a rate is not positive or channels is less than 1.
    Resampler(double in_rate, double out_rate, int channels);
    ~Resampler();
    Resampler(Resampler&&) noexcept;
    Resampler& operator=(Resampler&&) noexcept;

    struct Moved {
        std::int64_t consumed; ///< input frames taken
        std::int64_t produced; ///< output frames given
    };
    /// Interleaved in and out. Takes what it can; the caller offers the rest again.
    Moved process(const float* in, std::int64_t in_frames, float* out, std::int64_t out_frames);
    /// After the last input: the tail, until it returns 0. No process() after this.
    std::int64_t drain(float* out, std::int64_t out_frames);

  private:
    struct Closer {
        void operator()(soxr* handle) const;
    };
    std::unique_ptr<soxr, Closer> soxr_;
};

/// How long `frames` at `in_rate` are at `out_rate`: to the nearest frame, at least 1 where there was one.
std::int64_t resampled_frames(std::int64_t frames, double in_rate, double out_rate);

/// A whole recording, samples[channel][frame], at another rate: resampled_frames() long, silence assumed
/// around it. Returned unchanged when the rates are equal. Control thread.
std::vector<std::vector<float>> resample(const std::vector<std::vector<float>>& samples, double in_rate,
                                         double out_rate);

} // namespace ton::files
