// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include "modules/registry.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>

namespace ton::test {

using namespace engine;

namespace {
float next_noise(std::uint32_t& state) {
    state = state * 1664525U + 1013904223U;
    return static_cast<float>(static_cast<std::int32_t>(state)) * (1.0F / 2147483648.0F);
}
const ModuleType& type_of(const std::string& name) {
    const auto* type = modules::find(name);
    if (!type) throw std::invalid_argument("no module " + name);
    return *type;
}
} // namespace

Rig::Rig(const std::string& module, RigOptions options)
    : type_(type_of(module)), options_(options), texts_(type_.parameters.size()) {
    for (const auto& p : type_.parameters) {
        values_.push_back(p.initial);
        texts_[values_.size() - 1] = std::string(p.initial_text);
    }
}
Rig::~Rig() = default;

Rig& Rig::set(const std::string& path, float value) {
    const int row = find_parameter(type_.parameters, path);
    if (row < 0) throw std::invalid_argument("no parameter " + path);
    values_[static_cast<std::size_t>(row)] = value;
    return *this;
}

Rig& Rig::text(const std::string& path, const std::string& value) {
    const int row = find_parameter(type_.parameters, path);
    if (row < 0) throw std::invalid_argument("no parameter " + path);
    texts_[static_cast<std::size_t>(row)] = value;
    return *this;
}

void Rig::build() {
    const Settings settings{type_.parameters, values_, texts_};
    Setup setup;
    setup.sample_rate = options_.sample_rate;
    setup.channels_in = options_.channels;
    setup.half = options_.half;
    setup.channels_out = options_.half == 1   ? options_.channels + 1
                         : options_.half == 2 ? options_.channels - 1
                                              : type_.channels_out(options_.channels, settings);
    if (setup.channels_out == 0) throw std::invalid_argument("the module refuses this width");
    setup.sidechain_channels = options_.sidechain_channels;
    setup.tap_channels = options_.tap_channels;
    setup.latency = type_.latency ? type_.latency(settings, options_.sample_rate) : 0;
    const LaneKernel* kernel = nullptr;
    if (type_.lanes) {
        const auto& kernels = type_.lanes();
        for (int i = 0; i < kernels.count; ++i)
            if (options_.width == 0 || kernels.widths[static_cast<std::size_t>(i)].width == options_.width)
                kernel = &kernels.widths[static_cast<std::size_t>(i)];
        if (!kernel) throw std::invalid_argument("this machine has no such lane width");
    }
    auto processor = type_.make ? type_.make({setup, settings, nullptr, true}) : nullptr;
    stage_ = std::make_unique<Stage>(type_, setup, kernel, std::move(processor));
    for (int lane = 0; lane < stage_->width(); ++lane) {
        auto values = values_;
        if (lane != options_.lane) // neighbours with settings of their own: they must not be heard
            for (std::size_t r = 0; r < values.size(); ++r)
                if (type_.parameters[r].kind == Kind::number && !type_.parameters[r].structural)
                    values[r] = from_normal(type_.parameters[r], 0.3F + 0.02F * static_cast<float>(lane));
        stage_->set(lane, values);
    }
    stage_->prime();
    scratch_ = std::make_unique<Scratch>(stage_->ramps().sample_rows(),
                                         stage_->state_floats());
}

Planar Rig::run(const Planar& input, int block, const std::vector<Event>& events, const Planar& sidechain) {
    if (!stage_) build();
    const int width = stage_->width();
    const auto& setup = stage_->setup();
    const int frames = static_cast<int>(input.at(0).size());
    const int channels = std::max(setup.channels_in, setup.channels_out);
    Planar output(static_cast<std::size_t>(setup.channels_out), std::vector<float>(input[0].size()));
    taps.assign(static_cast<std::size_t>(setup.tap_channels), std::vector<float>(input[0].size()));
    const std::size_t plane = static_cast<std::size_t>(kSegment) * kMaxLanes;
    std::vector<float> memory(plane * kMaxChannels * 3);
    float *audio[kMaxChannels], *side[kMaxChannels], *tap[kMaxChannels];
    for (std::size_t c = 0; c < kMaxChannels; ++c) {
        audio[c] = &memory[c * plane];
        side[c] = &memory[(kMaxChannels + c) * plane];
        tap[c] = &memory[(2 * kMaxChannels + c) * plane];
    }
    const auto fill = [&](float* const* planes, const Planar& from, int count, int start, int n) {
        for (int c = 0; c < count; ++c)
            for (int i = 0; i < n; ++i)
                for (int l = 0; l < width; ++l)
                    planes[c][i * width + l] =
                        l == options_.lane ? from[static_cast<std::size_t>(c)][static_cast<std::size_t>(start + i)]
                                           : next_noise(noise_);
    };
    const auto first = position_;
    for (int start = 0; start < frames;) {
        const int block_end = std::min(frames, (start / block + 1) * block);
        int n = std::min(block_end - start, kSegment);
        for (const auto& e : events) {
            if (e.time == first + start) {
                const int row = find_parameter(type_.parameters, e.path);
                if (row < 0) throw std::invalid_argument("no parameter " + e.path);
                stage_->aim(row, options_.lane, to_kernel(type_.parameters[static_cast<std::size_t>(row)], e.value),
                            e.fade < 0 ? -1 : std::llround(e.fade * setup.sample_rate), position_, e.way);
            } else if (e.time > first + start) {
                n = static_cast<int>(std::min<std::int64_t>(n, e.time - first - start));
            }
        }
        fill(audio, input, setup.channels_in, start, n);
        if (setup.sidechain_channels > 0) fill(side, sidechain, setup.sidechain_channels, start, n);
        stage_->run(audio, side, tap, n, position_, *scratch_);
        for (int i = 0; i < n; ++i) {
            const auto at = static_cast<std::size_t>(start + i);
            for (int c = 0; c < setup.channels_out; ++c)
                output[static_cast<std::size_t>(c)][at] = audio[c][i * width + options_.lane];
            for (int c = 0; c < setup.tap_channels; ++c)
                taps[static_cast<std::size_t>(c)][at] = tap[c][i * width + options_.lane];
        }
        (void)channels;
        position_ += n;
        start += n;
    }
    return output;
}

float Rig::readout(const std::string& path) {
    if (!stage_) build();
    const int row = find_parameter(type_.parameters, path), first = first_meter(type_.parameters);
    if (row < first) throw std::invalid_argument("no read-out " + path);
    std::vector<float> all(static_cast<std::size_t>(stage_->readouts()));
    stage_->read(all.data());
    const auto index = static_cast<std::size_t>((row - first) * stage_->width() + options_.lane);
    return from_kernel(type_.parameters[static_cast<std::size_t>(row)], all[index]);
}

int Rig::latency() {
    if (!stage_) build();
    return stage_->setup().latency;
}

Stage& Rig::stage() {
    if (!stage_) build();
    return *stage_;
}

Planar silence(int channels, int frames) {
    return Planar(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(frames)));
}

Planar sine(int channels, int frames, double frequency, double level_dbfs, double sample_rate) {
    auto x = silence(channels, frames);
    const double a = std::pow(10.0, level_dbfs / 20.0);
    for (auto& plane : x)
        for (std::size_t i = 0; i < plane.size(); ++i)
            plane[i] = static_cast<float>(
                a * std::sin(2.0 * std::numbers::pi * frequency * static_cast<double>(i) / sample_rate));
    return x;
}

Planar noise(int channels, int frames, double level_dbfs, std::uint32_t seed) {
    auto x = silence(channels, frames);
    const auto a = static_cast<float>(std::pow(10.0, level_dbfs / 20.0));
    for (auto& plane : x)
        for (auto& v : plane) v = a * next_noise(seed);
    return x;
}

Planar impulse(int channels, int frames, int at, float height) {
    auto x = silence(channels, frames);
    for (auto& plane : x) plane.at(static_cast<std::size_t>(at)) = height;
    return x;
}

double peak(const std::vector<float>& x, std::size_t from) {
    double p = 0;
    for (std::size_t i = from; i < x.size(); ++i) p = std::max(p, std::abs(static_cast<double>(x[i])));
    return p;
}

double rms(const std::vector<float>& x, std::size_t from) {
    double sum = 0;
    for (std::size_t i = from; i < x.size(); ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return std::sqrt(sum / static_cast<double>(x.size() - from));
}

double decibels(double amplitude) { return 20.0 * std::log10(std::max(amplitude, 1e-15)); }

double tone_amplitude(const std::vector<float>& x, double frequency, double sample_rate, std::size_t from) {
    std::complex<double> sum = 0;
    double weight = 0;
    const auto n = static_cast<double>(x.size() - from);
    for (std::size_t i = from; i < x.size(); ++i) {
        const auto k = static_cast<double>(i - from);
        const double w = 0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * (k + 0.5) / n);
        sum += w * static_cast<double>(x[i]) * std::polar(1.0, -2.0 * std::numbers::pi * frequency * k / sample_rate);
        weight += w;
    }
    return 2.0 * std::abs(sum) / weight;
}

} // namespace ton::test
