// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/resample.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <soxr.h>
#include <stdexcept>

namespace ton::files {

void Resampler::Closer::operator()(soxr* handle) const {
    soxr_delete(handle);
}

Resampler::Resampler(double in_rate, double out_rate, int channels) {
    if (!(in_rate > 0.0) || !(out_rate > 0.0) || channels < 1)
        throw std::invalid_argument("a resampler needs positive rates and at least one channel");
    soxr_error_t error = nullptr;
    const auto io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    // The precise clock matters only for ratios with no small denominator, as a seamless loop may need.
    const auto quality = soxr_quality_spec(SOXR_VHQ, SOXR_HI_PREC_CLOCK);
    const auto runtime = soxr_runtime_spec(1);
    soxr_.reset(
        soxr_create(in_rate, out_rate, static_cast<unsigned>(channels), &error, &io, &quality, &runtime));
    if (error || !soxr_) throw std::bad_alloc();
}

Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

Resampler::Moved Resampler::process(const float* in, std::int64_t in_frames, float* out,
                                    std::int64_t out_frames) {
    std::size_t consumed = 0, produced = 0;
    // A null input would mean the end; a pointer to nothing is not the end.
    static constexpr float none = 0.0f;
    if (soxr_process(soxr_.get(), in ? in : &none, static_cast<std::size_t>(in_frames), &consumed, out,
                     static_cast<std::size_t>(out_frames), &produced))
        throw std::bad_alloc();
    return {static_cast<std::int64_t>(consumed), static_cast<std::int64_t>(produced)};
}

std::int64_t Resampler::drain(float* out, std::int64_t out_frames) {
    std::size_t produced = 0;
    if (soxr_process(soxr_.get(), nullptr, 0, nullptr, out, static_cast<std::size_t>(out_frames), &produced))
        throw std::bad_alloc();
    return static_cast<std::int64_t>(produced);
}

std::int64_t resampled_frames(std::int64_t frames, double in_rate, double out_rate) {
    if (frames <= 0) return 0;
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(frames) * out_rate / in_rate));
}

namespace {

class Collector {
  public:
    Collector(std::size_t width, std::int64_t frames)
        : samples(width, std::vector<float>(static_cast<std::size_t>(frames))),
          wanted_(static_cast<std::size_t>(frames)) {}

    void take(const std::vector<float>& block, std::int64_t frames) {
        for (std::size_t n = 0; n < static_cast<std::size_t>(frames) && at_ < wanted_; ++n, ++at_)
            for (std::size_t c = 0; c < samples.size(); ++c) samples[c][at_] = block[n * samples.size() + c];
    }

    std::vector<std::vector<float>> samples;

  private:
    std::size_t wanted_, at_ = 0;
};

} // namespace

std::vector<std::vector<float>> resample(const std::vector<std::vector<float>>& samples, double in_rate,
                                         double out_rate) {
    if (in_rate == out_rate || samples.empty()) return samples;
    constexpr std::int64_t piece = 4096;
    const auto width = samples.size();
    const auto frames = static_cast<std::int64_t>(samples.front().size());
    Resampler resampler(in_rate, out_rate, static_cast<int>(width));
    Collector collector(width, resampled_frames(frames, in_rate, out_rate));
    std::vector<float> in(static_cast<std::size_t>(piece) * width), out(in.size());
    for (std::int64_t at = 0; at < frames;) {
        const auto n = std::min(piece, frames - at);
        for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
            for (std::size_t c = 0; c < width; ++c)
                in[i * width + c] = samples[c][static_cast<std::size_t>(at) + i];
        const auto moved = resampler.process(in.data(), n, out.data(), piece);
        collector.take(out, moved.produced);
        at += moved.consumed;
    }
    while (const auto n = resampler.drain(out.data(), piece)) collector.take(out, n);
    return std::move(collector.samples);
}

} // namespace ton::files
