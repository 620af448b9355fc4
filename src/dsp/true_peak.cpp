// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/true_peak.hpp"

#include "dsp/true_peak_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ton::dsp {

static_assert(TruePeak::chunk == TruePeakKernels::chunk && TruePeak::reach == Interpolator::taps);
static_assert(TruePeak::reach <= TruePeak::chunk, "two chunks' scans must cover a filter's reach");

TruePeak::TruePeak(int channels)
    : kernels_(&true_peak_kernels()), filter_(&interpolator(oversampling)), channels_(channels) {
    if (channels < 1) throw std::invalid_argument("a true-peak detector needs at least one channel");
    state_.resize(static_cast<std::size_t>(channels));
    state_data_ = state_.data();
}

void TruePeak::process(const float* const* in, int frames) TM_NONBLOCKING {
    for (int done = 0; done < frames;) {
        const int count = std::min(frames - done, chunk - filled_);
        for (int c = 0; c < channels_; ++c) {
            std::copy_n(in[c] + done, count, state_data_[c].samples + reach + filled_);
        }
        done += count;
        filled_ += count;
        if (filled_ < chunk) return;
        for (int c = 0; c < channels_; ++c) evaluate(state_data_[c]);
        filled_ = 0;
    }
}

void TruePeak::evaluate(Channel& channel) TM_NONBLOCKING {
    float* const fresh = channel.samples + reach;
    ChunkScan scan = kernels_->scan(fresh);
    if (!scan.finite) {
        for (int i = 0; i < chunk; ++i) {
            if (!std::isfinite(fresh[i])) fresh[i] = 0.0F;
        }
        scan = kernels_->scan(fresh);
    }
    // The filters reach over this chunk and the one before. Where no interpolated point can be above the
    // maximum that it would have to beat, the maximum comes out the same without them.
    const float peak = std::max(scan.peak, channel.last_peak), bend = std::max(scan.bend, channel.last_bend);
    const float bound = std::min(filter_->gain * peak, filter_->flat * peak + filter_->bend * bend);
    float most = scan.peak;
    const float to_beat = held_ ? channel.recent : std::min(channel.recent, channel.true_peak);
    if (bound > std::max(to_beat, most)) {
        most = std::max(most, kernels_->peak(fresh - latency, *filter_));
    }
    channel.recent = std::max(channel.recent, most);
    if (!held_) {
        channel.true_peak = std::max(channel.true_peak, most);
        channel.sample_peak = std::max(channel.sample_peak, scan.peak);
    }
    channel.last_peak = scan.peak;
    channel.last_bend = scan.bend;
    std::copy_n(fresh + chunk - reach, reach, channel.samples);
}

void TruePeak::reset() TM_NONBLOCKING {
    for (int c = 0; c < channels_; ++c) state_data_[c] = Channel{};
    filled_ = 0;
    held_ = false;
}

void TruePeak::restart() TM_NONBLOCKING {
    for (int c = 0; c < channels_; ++c) state_data_[c].true_peak = state_data_[c].sample_peak = 0.0F;
}

void TruePeak::hold(bool on) TM_NONBLOCKING {
    held_ = on;
}

void TruePeak::flush() TM_NONBLOCKING {
    // Two chunks at most: one completes what is pending, one carries the filters' tail over the last sample.
    for (int pass = 0; pass < 2; ++pass) {
        for (int c = 0; c < channels_; ++c) {
            Channel& channel = state_data_[c];
            std::fill(channel.samples + reach + filled_, channel.samples + reach + chunk, 0.0F);
            evaluate(channel);
        }
        filled_ = 0;
    }
}

float TruePeak::true_peak(int channel) const TM_NONBLOCKING {
    return state_data_[channel].true_peak;
}
float TruePeak::sample_peak(int channel) const TM_NONBLOCKING {
    return state_data_[channel].sample_peak;
}

float TruePeak::true_peak() const TM_NONBLOCKING {
    float most = 0.0F;
    for (int c = 0; c < channels_; ++c) most = std::max(most, state_data_[c].true_peak);
    return most;
}

float TruePeak::sample_peak() const TM_NONBLOCKING {
    float most = 0.0F;
    for (int c = 0; c < channels_; ++c) most = std::max(most, state_data_[c].sample_peak);
    return most;
}

float TruePeak::take_recent(int channel) TM_NONBLOCKING {
    const float recent = state_data_[channel].recent;
    state_data_[channel].recent = 0.0F;
    return recent;
}

TruePeakEnvelope::TruePeakEnvelope() : kernels_(&true_peak_kernels()), filter_(&interpolator(oversampling)) {}

void TruePeakEnvelope::process(const float* in, float* out, int frames) TM_NONBLOCKING {
    constexpr int piece = TruePeakKernels::chunk;
    float samples[reach + piece]; // the history, then the piece, then whatever the last vector reads beyond
    float points[piece];
    for (int done = 0; done < frames;) {
        const int count = std::min(frames - done, piece);
        std::copy_n(history_, reach, samples);
        std::copy_n(in + done, count, samples + reach);
        std::fill(samples + reach + count, samples + reach + piece, 0.0F);
        kernels_->envelope(samples + reach - latency, *filter_, points, count);
        std::copy_n(points, count, out + done);
        std::copy_n(samples + count, reach, history_);
        done += count;
    }
}

void TruePeakEnvelope::reset() TM_NONBLOCKING {
    std::fill_n(history_, reach, 0.0F);
}

namespace {

/// The windowed sinc of reference_true_peak at `position` samples from its centre.
double reference_tap(double position, double half_width) {
    constexpr double beta = 12.0;
    const double edge = position / half_width;
    if (std::abs(edge) >= 1.0) return 0.0;
    const double angle = std::numbers::pi * position;
    const double sinc = position == 0.0 ? 1.0 : std::sin(angle) / angle;
    return sinc * std::cyl_bessel_i(0.0, beta * std::sqrt(1.0 - edge * edge)) / std::cyl_bessel_i(0.0, beta);
}

} // namespace

double reference_true_peak(std::span<const float> samples) {
    constexpr int phases = 32, half = 64;
    std::vector<double> table(static_cast<std::size_t>(phases * 2 * half));
    for (int p = 0; p < phases; ++p) {
        for (int j = 0; j < 2 * half; ++j) {
            table[static_cast<std::size_t>(p * 2 * half + j)] =
                reference_tap(j - half + 1 - static_cast<double>(p) / phases, half);
        }
    }
    std::vector<double> padded(samples.size() + 4 * half, 0.0);
    std::copy(samples.begin(), samples.end(), padded.begin() + 2 * half);
    double most = 0.0;
    for (std::size_t base = 0; base + 2 * half <= padded.size(); ++base) {
        for (int p = 0; p < phases; ++p) {
            const double* const taps = &table[static_cast<std::size_t>(p * 2 * half)];
            double sum = 0.0;
            for (int j = 0; j < 2 * half; ++j) sum += taps[j] * padded[base + static_cast<std::size_t>(j)];
            most = std::max(most, std::abs(sum));
        }
    }
    return most;
}

} // namespace ton::dsp
