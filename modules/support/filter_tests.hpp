// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "rig.hpp"

#include "engine/module.hpp"

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <cmath>
#include <complex>
#include <functional>
#include <memory>
#include <numbers>
#include <string>

/// Measurements that the filter modules' tests share.
namespace ton::test {

using Made = std::unique_ptr<Rig>;
using Make = std::function<Made(RigOptions)>;

inline double power(double decibels) {
    return std::pow(10.0, decibels / 20.0);
}

/// |H| of an impulse response at a frequency, by its Fourier sum in double.
inline double response(const std::vector<float>& h, double frequency, double sample_rate) {
    const auto turn = std::polar(1.0, -2.0 * std::numbers::pi * frequency / sample_rate);
    std::complex<double> sum = 0;
    for (std::size_t i = h.size(); i-- > 0;) sum = sum * turn + static_cast<double>(h[i]);
    return std::abs(sum);
}

/// Largest sample after two eighth-order Butterworth high-passes at 5 kHz in double (997 Hz falls by 220 dB):
/// a click that a parameter's step leaves behind (acceptance 2.3).
inline double click(const std::vector<float>& x, std::size_t from, double sample_rate = 48000) {
    const double g = std::tan(std::numbers::pi * 5000.0 / sample_rate);
    std::vector<double> y(x.begin(), x.end());
    for (int section = 0; section < 8; ++section) {
        const double k = 2.0 * std::sin((2.0 * (section % 4) + 1.0) * std::numbers::pi / 16.0);
        const double a0 = 1.0 + k * g + g * g, a1 = 2.0 * (g * g - 1.0) / a0, a2 = (1.0 - k * g + g * g) / a0;
        double s1 = 0, s2 = 0;
        for (auto& v : y) {
            const double in = v / a0;
            v = in + s1;
            s1 = -2.0 * in - a1 * v + s2;
            s2 = in - a2 * v;
        }
    }
    double most = 0;
    for (std::size_t i = from; i < y.size(); ++i) most = std::max(most, std::abs(y[i]));
    return most;
}

/// Acceptance 2.3: the events' residual above 5 kHz on a 997 Hz sine at -6 dBFS, in dBFS.
inline double click_of(const Make& make, const std::vector<Event>& events, int frames = 48000) {
    auto rig = make({});
    return decibels(click(rig->run(sine(1, frames, 997, -6), 64, events)[0], 9600));
}

/// The same bits at every block size and every lane width.
inline void check_same_bits(const Make& make, const std::vector<Event>& events) {
    const auto x = noise(2, 20000, 0);
    const auto reference = make({.channels = 2})->run(x, 64, events);
    for (const int block : {1, 7, 441, 1000, 8192}) {
        CAPTURE(block);
        CHECK(make({.channels = 2})->run(x, block, events) == reference);
    }
    auto probe = make({});
    const auto& kernels = probe->stage().type().lanes();
    for (int i = 0; i < kernels.count; ++i) {
        const int width = kernels.widths[static_cast<std::size_t>(i)].width;
        CAPTURE(width);
        for (const int lane : {0, width - 1})
            CHECK(make({.channels = 2, .width = width, .lane = lane})->run(x, 64, events) == reference);
    }
}

/// Every instruction set of this machine within -140 dBFS of the first, for white noise with that peak level
/// (dBFS).
inline void check_instruction_sets(const Make& make, const std::vector<Event>& events, double level) {
    const auto x = noise(1, 20000, level);
    Planar reference;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        CAPTURE(std::string(hwy::TargetName(target)));
        const auto y = make({})->run(x, 64, events);
        if (reference.empty()) reference = y;
        double error = 0, most = 0;
        for (std::size_t i = 0; i < y[0].size(); ++i) {
            error += std::pow(static_cast<double>(y[0][i]) - static_cast<double>(reference[0][i]), 2);
            most += std::pow(static_cast<double>(reference[0][i]), 2);
        }
        CHECK(most > 0.0);
        CHECK(decibels(std::sqrt(error / static_cast<double>(y[0].size()))) < -140.0);
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

} // namespace ton::test
