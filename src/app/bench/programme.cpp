// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/programme.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace ton::app::benching {

namespace {

float next_noise(std::uint32_t& state) {
    state = state * 1664525U + 1013904223U; // Numerical Recipes' linear congruence
    return static_cast<float>(static_cast<std::int32_t>(state)) * (1.0F / 2147483648.0F);
}

/// Noise that falls by about 3 dB an octave: one-pole low-passes a decade apart, summed with equal power.
class Bed {
  public:
    explicit Bed(std::uint32_t seed) : state_(seed) {}
    double next() {
        static constexpr std::array kCorners{0.002, 0.02, 0.2}; // of the one-poles, as coefficient
        const double white = static_cast<double>(next_noise(state_));
        double sum = 0.1 * white;
        for (std::size_t i = 0; i < kCorners.size(); ++i) {
            poles_[i] += kCorners[i] * (white - poles_[i]);
            sum += poles_[i] / std::sqrt(kCorners[i] / (2.0 - kCorners[i])) / 3.0;
        }
        return sum;
    }

  private:
    std::uint32_t state_;
    std::array<double, 3> poles_{};
};

/// A struck chord every half second: eight falling partials of a root that changes.
double chord(int frame) {
    static constexpr std::array kRoots{98.0, 130.81, 73.42, 110.0}; // Hz
    constexpr int kPeriod = kProgrammeRate / 2;
    const auto root = kRoots[static_cast<std::size_t>(frame / kPeriod) % kRoots.size()];
    const double t = static_cast<double>(frame % kPeriod) / kProgrammeRate;
    const double strike = std::min(1.0, t / 0.002);
    double sum = 0.0;
    for (int n = 1; n <= 8; ++n)
        sum += std::exp(-t * (4.0 + n)) / n * std::sin(2.0 * std::numbers::pi * root * n * t);
    return strike * sum;
}

void scale_to_peak(Programme& p, double peak_dbfs) {
    float peak = 0.0F;
    for (const auto* side : {&p.left, &p.right})
        for (const float x : *side) peak = std::max(peak, std::abs(x));
    const auto gain = static_cast<float>(std::pow(10.0, peak_dbfs / 20.0)) / peak;
    for (auto* side : {&p.left, &p.right})
        for (float& x : *side) x *= gain;
}

} // namespace

void fill_noise(std::span<float> to, float peak, std::uint32_t& state) {
    for (float& x : to) x = peak * next_noise(state);
}

Programme programme(Material material, int frames) {
    Programme p{std::vector<float>(static_cast<std::size_t>(frames)), std::vector<float>(static_cast<std::size_t>(frames))};
    if (material == Material::noise) {
        std::uint32_t state = 1;
        for (auto* side : {&p.left, &p.right}) fill_noise(*side, 0.316F, state);
        return p;
    }
    Bed left(1), right(2);
    for (int n = 0; n < frames; ++n) {
        const auto i = static_cast<std::size_t>(n);
        const double struck = chord(n), pan = n / kProgrammeRate % 2 ? 0.4 : 1.0;
        p.left[i] = static_cast<float>(0.2 * left.next() + struck);
        p.right[i] = static_cast<float>(0.2 * right.next() + pan * struck);
    }
    scale_to_peak(p, material == Material::quiet ? -9.0 : 12.0);
    return p;
}

} // namespace ton::app::benching
