// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ton::engine {

namespace {
constexpr float kSilence = -120.0F; // dB, and everything below

/// A console's fader law (as on the X32): four straight pieces in dB, half the travel for the top 20 dB. Below -90 dB
/// only the end of the travel remains, which is silence. `normal` 0…1 maps to -inf…+10 dB.
float law_to_db(float v) {
    if (v >= 0.5F) return 40.0F * v - 30.0F;
    if (v >= 0.25F) return 80.0F * v - 50.0F;
    if (v >= 0.0625F) return 160.0F * v - 70.0F;
    return v > 0.0F ? 480.0F * v - 90.0F : kSilence;
}
float law_from_db(float db) {
    if (db >= -10.0F) return (db + 30.0F) / 40.0F;
    if (db >= -30.0F) return (db + 50.0F) / 80.0F;
    if (db >= -60.0F) return (db + 70.0F) / 160.0F;
    return db > -90.0F ? (db + 90.0F) / 480.0F : 0.0F;
}
constexpr float kLawTop = 10.0F; // dB at the end of the law's travel
} // namespace

float to_amplitude(float decibels) {
    return decibels <= kSilence ? 0.0F : static_cast<float>(std::pow(10.0, static_cast<double>(decibels) / 20.0));
}
float to_decibels(float amplitude) {
    if (!(amplitude > 0.0F)) return kSilence;
    return std::max(kSilence, static_cast<float>(20.0 * std::log10(static_cast<double>(amplitude))));
}

float to_kernel(const Parameter& p, float value) {
    return p.domain == Domain::amplitude ? to_amplitude(value) : value;
}
float from_kernel(const Parameter& p, float value) {
    return p.domain == Domain::amplitude ? to_decibels(value) : value;
}

float to_normal(const Parameter& p, float value) {
    value = std::clamp(value, p.minimum, p.maximum);
    switch (p.scale) {
    case Scale::logarithmic:
        return std::log(value / p.minimum) / std::log(p.maximum / p.minimum);
    case Scale::fader: // the law's shape, stretched so that the travel ends at the row's own maximum
        return std::clamp(law_from_db(value + kLawTop - p.maximum), 0.0F, 1.0F);
    case Scale::linear:
        break;
    }
    return (value - p.minimum) / (p.maximum - p.minimum);
}
float from_normal(const Parameter& p, float normal) {
    normal = std::clamp(normal, 0.0F, 1.0F);
    switch (p.scale) {
    case Scale::logarithmic:
        return std::clamp(p.minimum * std::pow(p.maximum / p.minimum, normal), p.minimum, p.maximum);
    case Scale::fader:
        return normal > 0.0F ? std::clamp(law_to_db(normal) - kLawTop + p.maximum, p.minimum, p.maximum) : p.minimum;
    case Scale::linear:
        break;
    }
    return p.minimum + normal * (p.maximum - p.minimum);
}

float Settings::value(std::string_view name) const {
    const int row = find_parameter(rows, name);
    if (row < 0) throw std::out_of_range(fmt::format("no parameter {}", name));
    return values[static_cast<std::size_t>(row)];
}
const std::string& Settings::text(std::string_view name) const {
    const int row = find_parameter(rows, name);
    if (row < 0) throw std::out_of_range(fmt::format("no parameter {}", name));
    return texts[static_cast<std::size_t>(row)];
}

std::string parameter_path(const Parameter& p) {
    return p.group.empty() ? std::string(p.name) : fmt::format("{}/{}/{}", p.group, p.index, p.name);
}

int find_parameter(std::span<const Parameter> rows, std::string_view path) {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].group.empty() ? rows[i].name == path : path.ends_with(rows[i].name) && path.starts_with(rows[i].group) && parameter_path(rows[i]) == path)
            return static_cast<int>(i);
    return -1;
}

std::vector<std::string_view> choices_of(const Parameter& p) {
    std::vector<std::string_view> all;
    for (std::string_view rest = p.choices; !rest.empty();) {
        const auto bar = rest.find('|');
        all.push_back(rest.substr(0, bar));
        rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
    }
    return all;
}

std::vector<int> point_rows(std::span<const Parameter> rows) {
    std::vector<int> all;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].point) all.push_back(static_cast<int>(i));
    return all;
}

int first_meter(std::span<const Parameter> rows) {
    const auto it = std::ranges::find_if(rows, [](const Parameter& p) { return p.kind == Kind::meter; });
    return static_cast<int>(it - rows.begin());
}

} // namespace ton::engine
