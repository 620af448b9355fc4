// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/limiter/limiter.hpp"

#include <algorithm>
#include <cmath>

namespace ton::modules {
using namespace engine;

namespace limiter {

int lookahead_frames(const Settings& settings, double sample_rate) {
    const auto frames = std::lround(static_cast<double>(settings.value("lookahead")) * sample_rate / 1000.0);
    return std::max(static_cast<int>(frames), Limiter::kPlateau + 4);
}

int latency(const Settings& settings, double sample_rate) {
    return lookahead_frames(settings, sample_rate) + Limiter::kDetector;
}

Limiter::Limiter(const ProcessorContext& context)
    : kernels_(&kernels()), filter_(&interpolation()), channels_(context.setup.channels_in),
      delay_(context.setup.latency), heard_(channels_ + context.setup.sidechain_channels), per_millisecond_(context.setup.sample_rate / 1000.0),
      ceilings_(kDetector, 1.0F), minimum_(context.setup.latency - kDetector + kPlateau + 2),
      smoother_(context.setup.latency - kDetector - kPlateau + 1) {
    for (int c = 0; c < heard_; ++c) inputs_.emplace_back(std::max(delay_, 2 * kDetector), 0.0F);
    input_ = inputs_.data();
    silence();
}

void Limiter::update(const Update& u) TM_NONBLOCKING {
    release_.aim(static_cast<double>(*u.row(release)), per_millisecond_);
    true_peak_ = *u.row(mode) < 0.5F;
}

void Limiter::silence() TM_NONBLOCKING {
    for (int c = 0; c < heard_; ++c) input_[c].clear();
    minimum_.clear();
    release_.clear();
    smoother_.clear();
}

/// Points between samples are computed only where they could exceed the ceiling: otherwise r is 1 either way.
void Limiter::detect(const float* x, float lowest_ceiling, float* peaks, int count) TM_NONBLOCKING {
    constexpr int kPiece = 2 * Kernels::kLanes;
    for (int first = 0; first < count; first += kPiece) {
        const int n = std::min(kPiece, count - first);
        const float* const base = x + first;
        const auto extent = kernels_->extent(base - kDetector + 2, n + 2 * kDetector - 3);
        const float reach =
            std::min(filter_->gain * extent.peak, filter_->flat * extent.peak + filter_->bend * extent.bend);
        if (reach > lowest_ceiling) kernels_->true_peaks(base, *filter_, peaks + first, n);
    }
}

/// False where all gains are 1.
bool Limiter::find_gain(const float* peaks, const float* ceiling, float* gain, int count) TM_NONBLOCKING {
    const bool none = kernels_->requests(peaks, ceiling, gain, count);
    // A release at rest has heard nothing but ones for a whole window, so with the smoother at rest as well
    // all memories hold ones, and more of them would change nothing.
    if (none && release_.resting() && smoother_.resting()) return false;
    minimum_.process(gain, count);
    release_.process(gain, count);
    smoother_.process(gain, count);
    return true;
}

void Limiter::run(const Block& b) TM_NONBLOCKING {
    float peaks[History::kMost + Kernels::kLanes] = {}, gains[History::kMost];
    float* x[2 * kMaxChannels];
    const int count = b.frames;
    bool finite = true;
    float* const entering = ceilings_.append(count);
    for (int i = 0; i < count; ++i) entering[i] = *b.controls[ceiling].at(i);
    const float* const its_ceiling = entering - kDetector;
    const float lowest = *std::min_element(its_ceiling, its_ceiling + count);
    const Control& drive = b.controls[gain];
    for (int c = 0; c < heard_; ++c) {
        x[c] = input_[c].append(count);
        const bool own = c < channels_;
        finite = kernels_->condition(own ? b.audio[c] : b.sidechain[c - channels_], drive.values, drive.stride, x[c], count) && finite;
        kernels_->sample_peaks(x[c] - kDetector, peaks, count);
        if (true_peak_) detect(x[c] - kDetector, lowest, peaks, count);
    }
    if (!finite) b.readouts[invalid] = 1.0F;
    if (find_gain(peaks, its_ceiling, gains, count)) {
        b.readouts[reduction] = std::min(b.readouts[reduction], *std::min_element(gains, gains + count));
        for (int c = 0; c < channels_; ++c) kernels_->multiply(x[c] - delay_, gains, b.audio[c], count);
    } else {
        for (int c = 0; c < channels_; ++c) std::copy_n(x[c] - delay_, count, b.audio[c]);
    }
}

} // namespace limiter

namespace {
// A row of the table stays a row.
// clang-format off
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "ceiling", .unit = "dBTP", .minimum = -30, .maximum = 0, .initial = -1,
              .help = "Level that no sample, and in true-peak mode no point between samples, exceeds.",
              .rate = Rate::sample, .domain = Domain::amplitude},
    Parameter{.name = "gain", .unit = "dB", .minimum = -24, .maximum = 24, .initial = 0,
              .help = "Drive into the limiter.", .rate = Rate::sample, .domain = Domain::amplitude},
    Parameter{.name = "release", .unit = "ms", .minimum = 5, .maximum = 2000, .initial = 100,
              .help = "Time constant of coming back after a peak; up to five times as long after steady limiting.",
              .scale = Scale::logarithmic},
    Parameter{.name = "lookahead", .unit = "ms", .minimum = 1, .maximum = 10, .initial = 2,
              .help = "Time in which the gain comes down; it delays the strip by as much and 48 samples.",
              .scale = Scale::logarithmic, .smoothing = 0, .structural = true},
    Parameter{.name = "mode", .help = "What must not exceed the ceiling: true peaks, or samples only.",
              .kind = Kind::choice, .smoothing = 0, .choices = "true_peak|sample_peak"},
    Parameter{.name = "reduction", .unit = "dB", .minimum = -60, .maximum = 0, .initial = 0,
              .help = "Gain of the limiter: the deepest since the last reading.", .kind = Kind::meter,
              .domain = Domain::amplitude, .hold = true},
    Parameter{.name = "invalid", .minimum = 0, .maximum = 1, .initial = 0,
              .help = "1 if samples that were no numbers were silenced since the last reading.",
              .kind = Kind::meter, .hold = true},
});
// clang-format on

std::unique_ptr<Processor> make(const ProcessorContext& context) {
    return std::make_unique<limiter::Limiter>(context);
}
} // namespace

extern const ModuleType limiter_module;
const ModuleType limiter_module{
    .name = "limiter",
    .summary = "Limiter: a true-peak ceiling that holds by construction, all channels linked, no clipper.",
    .parameters = kRows,
    .channels_out = same_channels,
    .latency = limiter::latency,
    .make = make,
    .hears_partner = true,
};

} // namespace ton::modules
