// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/loudness.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace ton::dsp {
namespace {

constexpr double silent = -std::numeric_limits<double>::infinity();
constexpr LoudnessReading nothing{silent, silent, silent, 0.0, silent, silent, 0.0F, 0.0F, false};

void clear_memory(KPair& pair) TM_NONBLOCKING {
    for (auto* memory : {pair.x1, pair.x2, pair.y1, pair.y2, pair.z1, pair.z2, pair.energy}) {
        memory[0] = memory[1] = 0.0;
    }
}

} // namespace

std::array<KStage, 2> k_weighting(double sample_rate) {
    // The analogue prototypes behind the standard's 48 kHz tables, by bilinear transform at the rate in hand.
    constexpr double shelf_frequency = 1681.974450955533, shelf_q = 0.7071752369554196;
    constexpr double shelf_gain = 3.999843853973347, band_exponent = 0.4996667741545416;
    constexpr double high_frequency = 38.13547087602444, high_q = 0.5003270373238773;
    // The standard leaves the high-pass numerator at 1, -2, 1, a gain of +0.0433 dB at 48 kHz: kept at every
    // rate.
    constexpr double high_gain = 1.0049948987146884;

    const double ks = std::tan(std::numbers::pi * shelf_frequency / sample_rate);
    const double vh = std::pow(10.0, shelf_gain / 20.0), vb = std::pow(vh, band_exponent);
    const double ds = 1.0 + ks / shelf_q + ks * ks;
    const KStage shelf{(vh + vb * ks / shelf_q + ks * ks) / ds, 2.0 * (ks * ks - vh) / ds,
                       (vh - vb * ks / shelf_q + ks * ks) / ds, 2.0 * (ks * ks - 1.0) / ds,
                       (1.0 - ks / shelf_q + ks * ks) / ds};

    const double kh = std::tan(std::numbers::pi * high_frequency / sample_rate);
    const double dh = 1.0 + kh / high_q + kh * kh;
    const double b = high_gain / dh;
    return {shelf, KStage{b, -2.0 * b, b, 2.0 * (kh * kh - 1.0) / dh, (1.0 - kh / high_q + kh * kh) / dh}};
}

std::vector<double> loudness_weights(int channels) {
    constexpr double surround = 1.41;
    switch (channels) {
    case 4:
        return {1.0, 1.0, surround, surround};
    case 5:
        return {1.0, 1.0, 1.0, surround, surround};
    case 6:
        return {1.0, 1.0, 1.0, 0.0, surround, surround};
    case 8:
        return {1.0, 1.0, 1.0, 0.0, 1.0, 1.0, surround, surround};
    default:
        return std::vector<double>(static_cast<std::size_t>(std::max(channels, 0)), 1.0);
    }
}

LoudnessMeter::LoudnessMeter(int channels, double sample_rate, const Options& options)
    : kernels_(&k_weighting_kernels()), channels_(channels), rate_(sample_rate),
      with_true_peak_(options.true_peak), energies_(2 * shortterm_steps), peak_(channels), reading_(nothing) {
    if (!(sample_rate >= lowest_rate && sample_rate <= highest_rate)) {
        throw std::invalid_argument("a loudness meter needs a sample rate from 4,000 to 1,000,000 Hz");
    }
    const auto weights = options.weights.empty() ? loudness_weights(channels) : options.weights;
    if (weights.size() != static_cast<std::size_t>(channels)) {
        throw std::invalid_argument("a loudness meter needs one weight per channel");
    }
    const auto [shelf, high] = k_weighting(sample_rate);
    const double gain = shelf.b0 * high.b0;
    for (int c = 0; c < channels; ++c) {
        if (weights[static_cast<std::size_t>(c)] == 0.0) continue; // the LFE takes no part
        sources_.push_back(c);
        lane_weights_.push_back(weights[static_cast<std::size_t>(c)] * gain * gain);
    }
    if (sources_.size() % 2 == 1) { // the last pair's other lane runs along without a weight
        sources_.push_back(sources_.back());
        lane_weights_.push_back(0.0);
    }
    KPair pair{shelf.b1 / shelf.b0,
               shelf.b2 / shelf.b0,
               shelf.a1,
               shelf.a2,
               high.a1,
               high.a2,
               {},
               {},
               {},
               {},
               {},
               {},
               {}};
    pairs_.assign(sources_.size() / 2, pair);
    next_step_end_ = step_end(1);
}

std::uint64_t LoudnessMeter::step_end(std::uint64_t step) const TM_NONBLOCKING {
    return static_cast<std::uint64_t>(static_cast<double>(step) * rate_ / steps_per_second + 0.5);
}

void LoudnessMeter::process(const float* const* in, int frames) TM_NONBLOCKING {
    if (with_true_peak_) peak_.process(in, frames);
    for (int done = 0; done < frames;) {
        const auto left = next_step_end_ - samples_;
        const int count = static_cast<int>(std::min(left, static_cast<std::uint64_t>(frames - done)));
        for (std::size_t p = 0; p < pairs_.size(); ++p) {
            const int* const source = sources_.data() + 2 * p;
            kernels_->weigh(pairs_.data()[p], in[source[0]] + done, in[source[1]] + done, count);
        }
        done += count;
        samples_ += static_cast<std::uint64_t>(count);
        if (samples_ == next_step_end_) end_step();
    }
}

double LoudnessMeter::take_step_energy() TM_NONBLOCKING {
    constexpr double inaudible =
        1e-40; // a step below -400 dB: drop the tail before it decays into denormal numbers
    double sum = 0.0;
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
        KPair& pair = pairs_.data()[p];
        const double energy =
            pair.energy[0] * lane_weights_.data()[2 * p] + pair.energy[1] * lane_weights_.data()[2 * p + 1];
        const bool sound = std::isfinite(pair.energy[0] + pair.energy[1]);
        if (sound) sum += energy;
        if (!sound || pair.energy[0] + pair.energy[1] < inaudible) clear_memory(pair);
        pair.energy[0] = pair.energy[1] = 0.0;
    }
    return sum;
}

double LoudnessMeter::window_power(int steps) const TM_NONBLOCKING {
    // Summed anew for each step: a running sum would drift over hours. Four partial sums hide the latency.
    const double* const window = energies_.data() + step_ % shortterm_steps + shortterm_steps - steps;
    double sums[4] = {};
    for (int i = 0; i < steps; i += 4) {
        for (int j = 0; j < 4; ++j) sums[j] += window[i + j];
    }
    const auto length = static_cast<std::uint64_t>(steps);
    const auto samples = step_ < length ? step_end(length) : step_end(step_) - step_end(step_ - length);
    return (sums[0] + sums[1] + (sums[2] + sums[3])) / static_cast<double>(samples);
}

bool LoudnessMeter::window_counts(int steps) const TM_NONBLOCKING {
    return !paused_ && (after_silence_ || clean_steps_ >= static_cast<std::uint64_t>(steps));
}

void LoudnessMeter::end_step() TM_NONBLOCKING {
    const double energy = take_step_energy();
    const auto slot = step_ % shortterm_steps;
    energies_.data()[slot] = energies_.data()[slot + shortterm_steps] = energy;
    ++step_;
    next_step_end_ = step_end(step_ + 1);
    if (tainted_) {
        clean_steps_ = 0;
    } else {
        ++clean_steps_;
        ++measured_steps_;
    }
    tainted_ = paused_;

    const double momentary = window_power(momentary_steps), shortterm = window_power(shortterm_steps);
    reading_.momentary = loudness_of_power(momentary);
    reading_.shortterm = loudness_of_power(shortterm);
    if (window_counts(momentary_steps)) {
        reading_.momentary_max = std::max(reading_.momentary_max, reading_.momentary);
    }
    if (window_counts(shortterm_steps)) {
        reading_.shortterm_max = std::max(reading_.shortterm_max, reading_.shortterm);
    }
    if (step_ % steps_per_block != 0 || clean_steps_ < momentary_steps) return;
    blocks_.add(momentary);
    reading_.integrated = blocks_.gated_loudness(10.0);
    if (clean_steps_ < shortterm_steps) return;
    ranges_.add(shortterm);
    reading_.range = ranges_.range(20.0, 10.0, 95.0);
    reading_.range_stable = measured_steps_ >= 60 * steps_per_second;
}

void LoudnessMeter::clear_programme() TM_NONBLOCKING {
    const double momentary = reading_.momentary, shortterm = reading_.shortterm;
    reading_ = nothing;
    reading_.momentary = momentary;
    reading_.shortterm = shortterm;
    blocks_.clear();
    ranges_.clear();
    clean_steps_ = measured_steps_ = 0;
}

void LoudnessMeter::reset() TM_NONBLOCKING {
    clear_programme();
    reading_ = nothing;
    for (std::size_t p = 0; p < pairs_.size(); ++p) clear_memory(pairs_.data()[p]);
    std::fill_n(energies_.data(), energies_.size(), 0.0);
    peak_.reset();
    samples_ = step_ = 0;
    next_step_end_ = step_end(1);
    after_silence_ = true;
    paused_ = tainted_ = false;
}

void LoudnessMeter::restart() TM_NONBLOCKING {
    clear_programme();
    peak_.restart();
    after_silence_ = false;
    tainted_ = true;
}

void LoudnessMeter::pause(bool on) TM_NONBLOCKING {
    if (on == paused_) return;
    paused_ = on;
    tainted_ = true;
    after_silence_ = false;
    peak_.hold(on);
}

void LoudnessMeter::flush() TM_NONBLOCKING {
    if (with_true_peak_) peak_.flush();
}

LoudnessReading LoudnessMeter::reading() const TM_NONBLOCKING {
    LoudnessReading result = reading_;
    result.true_peak = peak_.true_peak();
    result.sample_peak = peak_.sample_peak();
    return result;
}

} // namespace ton::dsp
