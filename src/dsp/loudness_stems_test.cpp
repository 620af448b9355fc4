// SPDX-License-Identifier: GPL-3.0-or-later
// real programme, the stems of TONMEISTER_STEMS (FLAC or Ogg Vorbis), against libebur128.
#include "dsp/loudness_test_signals.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <ebur128.h>
#include <filesystem>
#include <sndfile.h>
#include <string>

using namespace ton::dsp;
using namespace ton::dsp::test;

namespace {

struct Stem {
    std::string name;
    int rate, channels;
    std::vector<float> samples; // interleaved
};

Stem read(const std::filesystem::path& path) {
    SF_INFO info{};
    SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
    REQUIRE(file != nullptr);
    Stem stem{path.filename(), info.samplerate, info.channels, {}};
    stem.samples.resize(static_cast<std::size_t>(info.frames * info.channels));
    REQUIRE(sf_readf_float(file, stem.samples.data(), info.frames) == info.frames);
    sf_close(file);
    return stem;
}

std::vector<Stem> stems() {
    std::vector<Stem> result;
    const char* folder = std::getenv("TONMEISTER_STEMS");
    REQUIRE_MESSAGE(folder != nullptr, "TONMEISTER_STEMS must name the folder with the stems");
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto ending = entry.path().extension();
        if (ending == ".flac" || ending == ".ogg") result.push_back(read(entry.path()));
    }
    REQUIRE(result.size() >= 9);
    return result;
}

struct Result {
    double integrated, range, momentary_max = silence, shortterm_max = silence, true_peak = 0.0,
                              sample_peak = 0.0;
};

double gated_range(std::vector<double> shortterm) { // EBU Tech 3342, from a plain list
    std::erase_if(shortterm, [](double l) { return !(l >= -70.0); });
    double sum = 0.0;
    for (const double l : shortterm) sum += std::pow(10.0, l / 10.0);
    const double gate = 10.0 * std::log10(sum / static_cast<double>(shortterm.size())) - 20.0;
    std::erase_if(shortterm, [gate](double l) { return l < gate; });
    std::sort(shortterm.begin(), shortterm.end());
    const auto at = [&](double percent) {
        return shortterm[static_cast<std::size_t>(
            std::round(static_cast<double>(shortterm.size() - 1) * percent / 100.0))];
    };
    return at(95.0) - at(10.0);
}

/// libebur128, asked every 10 ms for M and S; the range from its S every 100 ms (its own takes one a second).
Result oracle(const Stem& stem) {
    const auto channels = static_cast<unsigned>(stem.channels);
    ebur128_state* state =
        ebur128_init(channels, static_cast<unsigned long>(stem.rate),
                     EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK | EBUR128_MODE_SAMPLE_PEAK);
    REQUIRE(state != nullptr);
    Result result{};
    std::vector<double> shortterm;
    const std::size_t frames = stem.samples.size() / channels,
                      step = static_cast<std::size_t>(stem.rate) / 100;
    for (std::size_t n = 0, k = 1; n < frames; n += step, ++k) {
        ebur128_add_frames_float(state, stem.samples.data() + n * channels, std::min(step, frames - n));
        if (n + step > frames) break;
        double momentary = 0.0, slow = 0.0;
        ebur128_loudness_momentary(state, &momentary);
        ebur128_loudness_shortterm(state, &slow);
        result.momentary_max = std::max(result.momentary_max, momentary);
        result.shortterm_max = std::max(result.shortterm_max, slow);
        if (k % 10 == 0 && k >= 300) shortterm.push_back(slow);
    }
    ebur128_loudness_global(state, &result.integrated);
    result.range = gated_range(shortterm);
    for (unsigned c = 0; c < channels; ++c) {
        double peak = 0.0;
        ebur128_true_peak(state, c, &peak);
        result.true_peak = std::max(result.true_peak, peak);
        ebur128_sample_peak(state, c, &peak);
        result.sample_peak = std::max(result.sample_peak, peak);
    }
    ebur128_destroy(&state);
    return result;
}

Result ours(const Stem& stem) {
    LoudnessMeter meter(stem.channels, stem.rate);
    const auto channels = static_cast<std::size_t>(stem.channels);
    const std::size_t frames = stem.samples.size() / channels;
    std::vector<std::vector<float>> planar(channels, std::vector<float>(frames));
    std::vector<const float*> in;
    for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t n = 0; n < frames; ++n) planar[c][n] = stem.samples[n * channels + c];
        in.push_back(planar[c].data());
    }
    meter.process(in.data(), static_cast<int>(frames));
    meter.flush();
    const auto r = meter.reading();
    return {r.integrated, r.range, r.momentary_max, r.shortterm_max, r.true_peak, r.sample_peak};
}

} // namespace

TEST_CASE("X-1: the stems read as libebur128 reads them") {
    for (const Stem& stem : stems()) {
        CAPTURE(stem.name);
        const Result a = ours(stem), b = oracle(stem);
        CHECK(std::abs(a.integrated - b.integrated) < 0.02);
        CHECK(std::abs(a.range - b.range) < 0.02);
        CHECK(std::abs(a.momentary_max - b.momentary_max) < 0.02);
        CHECK(std::abs(a.shortterm_max - b.shortterm_max) < 0.02);
        CHECK(std::abs(to_db(a.true_peak / b.true_peak)) < 0.1);
        CHECK(a.sample_peak == b.sample_peak);
        MESSAGE(stem.name << ": I " << a.integrated << " (" << a.integrated - b.integrated << "), LRA "
                          << a.range << " (" << a.range - b.range << "), true peak " << to_db(a.true_peak)
                          << " (" << to_db(a.true_peak / b.true_peak) << ")");
    }
}

// The EBU's authentic programmes may be used for tests but not passed on: get the EBU loudness test set,
// unpack it and name its folder in TONMEISTER_EBU. Without, they are reported as skipped, and scripts/test says so.
TEST_CASE("LUF-07, 08, LRA-5, 6: the EBU's authentic programmes, opt-in" *
          doctest::skip(std::getenv("TONMEISTER_EBU") == nullptr)) {
    const char* folder = std::getenv("TONMEISTER_EBU");
    REQUIRE(folder != nullptr);
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        const bool narrow = name.find("3342-5") != std::string::npos,
                   wide = name.find("3342-6") != std::string::npos;
        if (!narrow && !wide) continue;
        CAPTURE(name);
        ++found;
        const Result r = ours(read(entry.path()));
        CHECK(std::abs(r.integrated + 23.0) <= 0.1);
        CHECK(std::abs(r.range - (narrow ? 5.0 : 15.0)) <= 1.0);
    }
    CHECK(found >= 2);
}
