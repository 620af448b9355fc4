// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/noise/noise_source.hpp"

#include <cmath>
#include <complex>
#include <numbers>

namespace ton::modules::noise {

PinkFilter::PinkFilter(double sample_rate) {
    constexpr double turn = 2.0 * std::numbers::pi;
    const double ratio = 3.0, apart = std::sqrt(ratio), lowest = 3.0, bottom = 10.0; // Hz
    for (double pole = kTop * sample_rate / apart; pole > lowest && count_ < kMost; pole /= ratio)
        sections_[count_++] = {std::exp(-turn * pole / sample_rate),
                               std::exp(-turn * pole * apart / sample_rate), 0.0};
    for (int k = 0; k < kCuts; ++k) { // matched-z, poles at 22.5 and 67.5 degrees; unity at half the sample rate
        const double w = turn * bottom / sample_rate, angle = turn * (1 + 2 * k) / 16.0;
        const double a1 = -2.0 * std::exp(-w * std::cos(angle)) * std::cos(w * std::sin(angle)), a2 = std::exp(-2.0 * w * std::cos(angle));
        cuts_[k] = {(1.0 - a1 + a2) / 4.0, a1, a2, 0.0, 0.0};
    }
    gain_ = 1.0 / std::sqrt(power());
}

/// Mean of |H|^2 over all frequencies = the output's power for white noise of unit power. On a logarithmic
/// grid, because most of it lies low; below the grid H is flat.
double PinkFilter::power() const {
    constexpr int steps = 20000;
    const double bottom = std::log(1e-7), top = std::log(0.5); // of the sample rate
    const auto magnitude = [&](double f) {
        const auto z = std::polar(1.0, -2.0 * std::numbers::pi * f);
        std::complex<double> h = 1.0 + kTop * z;
        for (int k = 0; k < count_; ++k) h *= (1.0 - sections_[k].zero * z) / (1.0 - sections_[k].pole * z);
        for (const auto& c : cuts_) h *= c.gain * (1.0 - z) * (1.0 - z) / (1.0 + (c.a1 + c.a2 * z) * z);
        return std::norm(h);
    };
    double sum = 1e-7 * magnitude(1e-7);
    for (int i = 0; i < steps; ++i) {
        const double f = std::exp(bottom + (top - bottom) * (i + 0.5) / steps);
        sum += magnitude(f) * f * (top - bottom) / steps;
    }
    return 2.0 * sum;
}

double PinkFilter::process(double x) TM_NONBLOCKING {
    double y = gain_ * (x + kTop * last_);
    last_ = x;
    for (int k = 0; k < count_; ++k) { // (1 - zero/z) / (1 - pole/z), transposed direct form
        auto& s = sections_[k];
        const double out = y + s.state;
        s.state = s.pole * out - s.zero * y;
        y = out;
    }
    for (auto& c : cuts_) { // transposed direct form
        const double in = c.gain * y, out = in + c.s1;
        c.s1 = c.s2 - 2.0 * in - c.a1 * out;
        c.s2 = in - c.a2 * out;
        y = out;
    }
    return y;
}

void PinkFilter::reset() TM_NONBLOCKING {
    last_ = 0.0;
    for (auto& s : sections_) s.state = 0.0;
    for (auto& c : cuts_) c.s1 = c.s2 = 0.0;
}

} // namespace ton::modules::noise
