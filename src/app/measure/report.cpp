// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/report.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ton::app {
namespace {

nlohmann::ordered_json number(std::optional<double> value) {
    if (!value || !std::isfinite(*value)) return nullptr;
    const double rounded = std::round(*value * 1000.0) / 1000.0;
    return rounded == 0.0 ? 0.0 : rounded; // no -0.0
}

std::string shown(std::optional<double> value, const char* unit, int decimals = 1) {
    return value ? fmt::format("{:.{}f} {}", *value, decimals, unit) : "-";
}

std::string clock(double seconds) {
    const auto hundredths = std::llround(seconds * 100.0);
    return fmt::format("{}:{:02}:{:02}.{:02}", hundredths / 360000, hundredths / 6000 % 60,
                       hundredths / 100 % 60, hundredths % 100);
}

} // namespace

Severity Report::worst() const {
    Severity result = Severity::info;
    for (const Finding& finding : findings) result = std::max(result, finding.severity);
    return result;
}

const char* verdict_name(Severity severity) {
    return severity == Severity::info ? "pass" : severity_name(severity);
}

const char* severity_name(Severity severity) {
    switch (severity) {
    case Severity::info:
        return "info";
    case Severity::warn:
        return "warn";
    case Severity::fail:
        break;
    }
    return "fail";
}

nlohmann::ordered_json to_json(const Report& report) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const Finding& f : report.findings) {
        findings.push_back({{"what", f.what},
                            {"severity", severity_name(f.severity)},
                            {"time", number(f.time)},
                            {"value", number(f.value)},
                            {"unit", f.unit},
                            {"text", f.text}});
    }
    return {{"file", report.file},
            {"sample_rate", report.sample_rate},
            {"channels", report.channels},
            {"duration", number(report.duration)},
            {"integrated", number(report.integrated)},
            {"range", number(report.range)},
            {"momentary_max", number(report.momentary_max)},
            {"shortterm_max", number(report.shortterm_max)},
            {"true_peak", number(report.true_peak)},
            {"sample_peak", number(report.sample_peak)},
            {"plr", number(report.plr)},
            {"noise_floor", number(report.noise_floor)},
            {"correlation", number(report.correlation)},
            {"bandwidth", number(report.bandwidth)},
            {"dc_offset", number(report.dc_offset)},
            {"clip_events", report.clip_events},
            {"verdict", verdict_name(report.worst())},
            {"findings", std::move(findings)}};
}

std::string to_text(const Report& report) {
    std::string text = fmt::format("{}\n", report.file);
    const auto row = [&text](const char* name, const std::string& value) {
        text += fmt::format("  {:<18}{:>14}\n", name, value);
    };
    row("length", clock(report.duration));
    row("format", fmt::format("{} Hz, {} ch", report.sample_rate, report.channels));
    row("integrated", shown(report.integrated, "LUFS"));
    row("range", shown(report.range, "LU  "));
    row("momentary max", shown(report.momentary_max, "LUFS"));
    row("short-term max", shown(report.shortterm_max, "LUFS"));
    row("true peak", shown(report.true_peak, "dBTP"));
    row("sample peak", shown(report.sample_peak, "dBFS"));
    row("peak to loudness", shown(report.plr, "LU  "));
    row("noise floor", shown(report.noise_floor, "LUFS"));
    row("correlation", shown(report.correlation, "    ", 2));
    row("bandwidth", shown(report.bandwidth, "Hz  ", 0));
    row("DC offset", shown(report.dc_offset, "%   ", 3));
    row("verdict", verdict_name(report.worst()));
    for (const Finding& f : report.findings) {
        text += fmt::format("  {:<5}{:>12}  {}: {}\n", severity_name(f.severity),
                            f.time ? clock(*f.time) : "", f.what, f.text);
    }
    return text;
}

} // namespace ton::app
