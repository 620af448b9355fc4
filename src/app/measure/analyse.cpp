// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/analyse.hpp"

#include "app/measure/detectors.hpp"
#include "dsp/loudness.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ton::app {
namespace {

std::vector<std::unique_ptr<Detector>> all_detectors(int channels, double rate) {
    std::vector<std::unique_ptr<Detector>> all;
    all.push_back(silence_detector(channels));
    all.push_back(digital_silence_detector());
    all.push_back(clipping_detector(channels));
    if (channels >= 2) {
        all.push_back(phase_detector());
        all.push_back(stereo_balance_detector(rate));
    }
    all.push_back(dc_detector(channels));
    all.push_back(hum_detector(channels, rate));
    all.push_back(click_detector(channels, rate));
    all.push_back(dropout_detector(channels, rate));
    all.push_back(bandwidth_detector(rate));
    all.push_back(noise_floor_detector());
    return all;
}

std::optional<double> finite(double value) {
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// What isn't a number becomes silence here, so that no detector has to think of it.
struct Healer {
    std::int64_t count = 0, first = 0;

    void heal(std::vector<std::vector<float>>& samples, std::int64_t frames, std::int64_t position) {
        for (auto& channel : samples) {
            for (std::int64_t n = 0; n < frames; ++n) {
                float& sample = channel[static_cast<std::size_t>(n)];
                if (std::isfinite(sample)) continue;
                sample = 0.0F;
                if (count++ == 0 || position + n < first) first = position + n;
            }
        }
    }
};

void judge_peak(Report& report, const MeasureOptions& options) {
    constexpr double tolerance = 0.3; // EBU R 128: what measurement may be off
    const auto peak = report.true_peak;
    if (!peak || *peak <= options.true_peak_max) return;
    const auto severity = *peak > options.true_peak_max + tolerance ? Severity::fail : Severity::warn;
    report.findings.push_back(
        {"true_peak",
         severity,
         {},
         *peak,
         "dBTP",
         fmt::format("the true peak of {:.1f} dBTP is above {:.1f} dBTP", *peak, options.true_peak_max)});
}

void judge_loudness(Report& report, const MeasureOptions& options) {
    if (!options.target) return;
    if (!report.integrated) {
        report.findings.push_back(
            {"loudness", Severity::fail, {}, {}, "LUFS", "there is no loudness to measure"});
        return;
    }
    const double off = *report.integrated - *options.target;
    if (std::abs(off) <= options.tolerance) return;
    report.findings.push_back({"loudness",
                               Severity::fail,
                               {},
                               *report.integrated,
                               "LUFS",
                               fmt::format("{:.1f} LU too {} for {:.1f} LUFS", std::abs(off),
                                           off > 0 ? "loud" : "quiet", *options.target)});
}

void take_reading(Report& report, const dsp::LoudnessReading& reading) {
    report.integrated = finite(reading.integrated);
    report.momentary_max = finite(reading.momentary_max);
    report.shortterm_max = finite(reading.shortterm_max);
    if (report.integrated && report.duration >= 3.0) report.range = reading.range;
    report.true_peak = finite(to_db(static_cast<double>(reading.true_peak)));
    report.sample_peak = finite(to_db(static_cast<double>(reading.sample_peak)));
    if (report.true_peak && report.integrated) report.plr = *report.true_peak - *report.integrated;
}

/// Stable, those without a time first. (std::stable_sort of gcc 12 uses what clang 22 knows as deprecated.)
void sort_by_time(std::vector<Finding>& findings) {
    std::vector<Finding> sorted;
    for (Finding& finding : findings) {
        const auto place =
            std::upper_bound(sorted.begin(), sorted.end(), finding, [](const Finding& a, const Finding& b) {
                return a.time.value_or(-1.0) < b.time.value_or(-1.0);
            });
        sorted.insert(place, std::move(finding));
    }
    findings = std::move(sorted);
}

} // namespace

tl::expected<Report, files::FileError> analyse(files::Reader& reader, const MeasureOptions& options) {
    const int channels = reader.channels();
    const double rate = reader.rate();
    if (rate < dsp::LoudnessMeter::lowest_rate || rate > dsp::LoudnessMeter::highest_rate)
        return tl::unexpected(files::FileError{reader.path(), fmt::format("has a sample rate of {} Hz", reader.rate()),
                                               "expected 4,000 to 1,000,000 Hz"});
    dsp::LoudnessMeter meter(channels, rate);
    const auto detectors = all_detectors(channels, rate);
    Healer healer;

    const auto longest = static_cast<std::size_t>(rate / steps_per_second) + 1;
    std::vector<std::vector<float>> samples(static_cast<std::size_t>(channels), std::vector<float>(longest));
    std::vector<float*> out;
    for (auto& channel : samples) out.push_back(channel.data());
    const std::vector<const float*> in(out.begin(), out.end());

    std::int64_t position = 0;
    for (std::int64_t step = 1;; ++step) {
        const auto end =
            static_cast<std::int64_t>(std::llround(static_cast<double>(step) * rate / steps_per_second));
        const auto got = reader.read(out.data(), end - position);
        if (!got) return tl::unexpected(got.error());
        if (*got == 0) break;
        healer.heal(samples, *got, position);
        const int frames = static_cast<int>(*got);
        meter.process(in.data(), frames);
        const auto reading = meter.reading();
        const Step current{in.data(), channels, frames, position, rate, reading.momentary, reading.shortterm};
        for (const auto& detector : detectors) detector->feed(current);
        position += frames;
        if (position < end) break;
    }
    meter.flush();

    Report report;
    report.file = reader.path();
    report.sample_rate = reader.rate();
    report.channels = channels;
    report.duration = static_cast<double>(position) / rate;
    take_reading(report, meter.reading());
    if (healer.count > 0) {
        report.findings.push_back({"not_a_number", Severity::fail, static_cast<double>(healer.first) / rate,
                                   static_cast<double>(healer.count), "samples",
                                   fmt::format("{} samples aren't numbers (NaN or infinity)", healer.count)});
    }
    judge_loudness(report, options);
    judge_peak(report, options);
    for (const auto& detector : detectors) detector->finish(report);
    sort_by_time(report.findings);
    return report;
}

} // namespace ton::app
