// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/measure/analyse.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <numbers>
#include <random>
#include <sndfile.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace ton::app::test {

inline constexpr int rate = 48000;
using Signal = std::vector<float>;
using Channels = std::vector<Signal>;

inline std::size_t frames(double seconds) {
    return static_cast<std::size_t>(std::llround(seconds * rate));
}

/// A sine of `level` dBFS (peak).
inline Signal tone(double seconds, double frequency, double level) {
    Signal x(frames(seconds));
    const double gain = std::pow(10.0, level / 20.0);
    for (std::size_t n = 0; n < x.size(); ++n) {
        x[n] = static_cast<float>(
            gain * std::sin(2.0 * std::numbers::pi * frequency * static_cast<double>(n) / rate));
    }
    return x;
}

/// White Gaussian noise of `level` dBFS (RMS).
inline Signal white(double seconds, double level, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0.0, std::pow(10.0, level / 20.0));
    Signal x(frames(seconds));
    for (float& sample : x) sample = static_cast<float>(normal(random));
    return x;
}

/// Pink noise of `level` dBFS (RMS over the whole signal) by Paul Kellet's refined filter of white noise.
inline Signal pink(double seconds, double level, unsigned seed) {
    const Signal source = white(seconds, 0.0, seed);
    double b[7] = {};
    std::vector<double> y;
    double square = 0.0;
    for (const float sample : source) {
        const double w = sample;
        b[0] = 0.99886 * b[0] + w * 0.0555179;
        b[1] = 0.99332 * b[1] + w * 0.0750759;
        b[2] = 0.96900 * b[2] + w * 0.1538520;
        b[3] = 0.86650 * b[3] + w * 0.3104856;
        b[4] = 0.55000 * b[4] + w * 0.5329522;
        b[5] = -0.7616 * b[5] - w * 0.0168980;
        y.push_back(b[0] + b[1] + b[2] + b[3] + b[4] + b[5] + b[6] + w * 0.5362);
        b[6] = w * 0.115926;
        square += y.back() * y.back();
    }
    const double gain = std::pow(10.0, level / 20.0) / std::sqrt(square / static_cast<double>(y.size()));
    Signal x;
    for (const double value : y) x.push_back(static_cast<float>(gain * value));
    return x;
}

inline void add(Signal& to, const Signal& from, std::size_t at = 0) {
    for (std::size_t n = 0; n < from.size() && at + n < to.size(); ++n) to[at + n] += from[n];
}

inline void append(Signal& to, const Signal& from) {
    to.insert(to.end(), from.begin(), from.end());
}

inline Signal scaled(Signal x, float gain) {
    for (float& sample : x) sample *= gain;
    return x;
}

/// Writes a WAV (SF_FORMAT_FLOAT or SF_FORMAT_PCM_16), has it analysed and removes it.
inline Report measured(const Channels& channels, const MeasureOptions& options = {}, int sample_rate = rate,
                       int format = SF_FORMAT_FLOAT) {
    const auto path =
        std::filesystem::temp_directory_path() / ("tonmeister-measure-" + std::to_string(getpid()) + ".wav");
    SF_INFO info{};
    info.samplerate = sample_rate;
    info.channels = static_cast<int>(channels.size());
    info.format = SF_FORMAT_WAV | format;
    SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
    REQUIRE(file != nullptr);
    std::vector<float> interleaved;
    for (std::size_t n = 0; n < channels[0].size(); ++n) {
        for (const Signal& channel : channels) interleaved.push_back(channel[n]);
    }
    const auto count = static_cast<sf_count_t>(channels[0].size());
    REQUIRE(sf_writef_float(file, interleaved.data(), count) == count);
    sf_close(file);
    auto reader = files::Reader::open(path.string());
    REQUIRE(reader.has_value());
    auto report = analyse(*reader, options);
    std::filesystem::remove(path);
    REQUIRE(report.has_value());
    return *report;
}

inline std::vector<Finding> findings(const Report& report, const std::string& what) {
    std::vector<Finding> result;
    std::copy_if(report.findings.begin(), report.findings.end(), std::back_inserter(result),
                 [&](const Finding& f) { return f.what == what; });
    return result;
}

inline bool within(double value, double expected, double tolerance) {
    return std::abs(value - expected) <= tolerance;
}

} // namespace ton::app::test
