// SPDX-License-Identifier: GPL-3.0-or-later
// No click when a parameter jumps from end to end: acceptance.md section 2.3.
#include "subject.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

using namespace ton;
using namespace ton::conformance;

namespace {
constexpr double kRate = 48000;
constexpr int kEvery = 9600; // frames between two jumps

/// High-pass at 5 kHz: 255 taps, Kaiser window of beta 12; below 3.5 kHz less than -115 dB is left.
std::vector<double> high_pass() {
    constexpr int taps = 255, middle = taps / 2;
    const auto bessel = [](double x) {
        double sum = 1, term = 1;
        for (int k = 1; k < 60; ++k) term *= x * x / (4.0 * k * k), sum += term;
        return sum;
    };
    std::vector<double> h(taps);
    for (int i = 0; i < taps; ++i) {
        const double n = i - middle, w = 2 * std::numbers::pi * 4300 / kRate, r = n / middle;
        const double low = n == 0 ? w / std::numbers::pi : std::sin(w * n) / (std::numbers::pi * n);
        const double window = bessel(12 * std::sqrt(1 - r * r)) / bessel(12);
        h[static_cast<std::size_t>(i)] = ((n == 0 ? 1.0 : 0.0) - low) * window;
    }
    return h;
}

/// Peak of what lies above 5 kHz, from frame `from` on.
double residual(const std::vector<float>& x, std::size_t from) {
    static const auto h = high_pass();
    double most = 0;
    for (std::size_t i = from; i + h.size() <= x.size(); ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < h.size(); ++k) sum += h[k] * static_cast<double>(x[i + k]);
        most = std::max(most, std::abs(sum));
    }
    return most;
}

/// What is let off the general limit, by how much, and why.
struct Exception {
    std::string_view module, row;
    double limit; ///< dBFS; above 0: not tested
    std::string_view why;
};
constexpr Exception kExceptions[] = {
    {"noise", "", 1, "noise lies above 5 kHz itself"},
    {"tone", "frequency", 1, "a tone above 5 kHz is one"},
    {"tone", "type", 1, "a square lies above 5 kHz itself"},
    {"compressor", "makeup", -75, "48 dB within 50 ms, straight in dB"},
    {"eq", "gain", -79, "48 dB right at the sine's frequency"},
};

/// At their defaults some modules do nothing that could click. So they are tried once more with these set.
struct Setting {
    std::string_view module, row;
    float value;
};
constexpr Setting kLively[] = {{"eq", "on", 1},         {"eq", "gain", 9},     {"gate", "threshold", -3},
                               {"limiter", "gain", 12}, {"width", "width", 2}, {"width", "mono_below", 200},
                               {"delay", "time", 20},    {"matrix", "level", 0}};
bool enliven(const Subject& s, test::Rig& rig, const engine::Parameter& tested) {
    bool any = false;
    for (const auto& setting : kLively)
        for (const auto& p : s.type->parameters)
            if (setting.module == s.type->name && setting.row == p.name && p.group == tested.group &&
                p.index == tested.index) {
                rig.set(engine::parameter_path(p), setting.value);
                any = true;
            }
    return any;
}

/// -80 dBFS for gains, frequencies and positions, -60 for the rest.
double limit(const engine::ModuleType& type, const engine::Parameter& p) {
    for (const auto& e : kExceptions)
        if (e.module == type.name && (e.row.empty() || e.row == p.name)) return e.limit;
    const bool strict = p.unit == "dB" || p.unit == "Hz" || p.name == "position" || p.name == "pan" ||
                        p.name == "width" || p.domain == engine::Domain::amplitude;
    return strict ? -80 : -60;
}
} // namespace

TEST_CASE("the residual filter passes 6 kHz and holds 3.5 kHz back") {
    CHECK(std::abs(test::decibels(residual(test::sine(1, 9600, 6000, -6)[0], 0)) + 6) < 0.1);
    CHECK(test::decibels(residual(test::sine(1, 9600, 3400, -6)[0], 300)) < -110);
    auto clicked = test::sine(1, 9600, 997, -6)[0];
    CHECK(test::decibels(residual(clicked, 0)) < -60); // its own beginning is a kink
    CHECK(test::decibels(residual(clicked, 300)) < -110);
    for (std::size_t i = 5000; i < clicked.size(); ++i) clicked[i] *= 0.9F;
    CHECK(test::decibels(residual(clicked, 300)) > -40);
}

namespace {
/// The row sent from end to end: the loudest that stands above 5 kHz, in dB; below full scale in dBFS, above
/// it against the sound itself.
double click(const Subject& s, test::Rig& rig, const engine::Parameter& p) {
    auto x = test::sine(s.channels, kEvery * 5, 997, -6);
    if (s.channels == 2) // in quadrature: middle and side are both there
        for (std::size_t i = 0; i < x[1].size(); ++i)
            x[1][i] = static_cast<float>(
                0.5012 * std::cos(2 * std::numbers::pi * 997 * static_cast<double>(i) / kRate));
    const auto path = engine::parameter_path(p);
    const std::vector<test::Event> jumps{{kEvery + 5, path, p.minimum},
                                         {2 * kEvery + 7, path, p.maximum},
                                         {3 * kEvery + 11, path, p.minimum},
                                         {4 * kEvery + 13, path, p.initial}};
    const auto o = outcome(rig, s.options(), x, 64, jumps);
    double worst = 0;
    for (const auto* planes : {&o.audio, &o.taps})
        for (const auto& plane : *planes)
            worst = std::max(worst, residual(plane, kEvery - 200) / std::max(1.0, test::peak(plane)));
    return test::decibels(worst);
}
} // namespace

TEST_CASE("no parameter clicks when it jumps from end to end") {
    for (const auto& s : subjects())
        for (const auto& p : s.type->parameters) {
            if (!moves(p) || limit(*s.type, p) > 0) continue;
            const auto plain = s.rig(), lively = s.rig();
            const double quiet = click(s, *plain, p);
            INFO(s.label() << ", " << engine::parameter_path(p) << ": " << quiet << " dB above 5 kHz");
            CHECK(quiet <= limit(*s.type, p));
            if (!enliven(s, *lively, p)) continue;
            const double busy = click(s, *lively, p);
            INFO("lively: " << busy << " dB above 5 kHz");
            CHECK(busy <= limit(*s.type, p));
        }
}
