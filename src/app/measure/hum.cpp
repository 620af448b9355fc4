// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numbers>

namespace ton::app {
namespace {

constexpr std::array<double, 6> lines = {50, 100, 150, 60, 120, 180}; // Hz
constexpr double neighbour = 7.0;                                     // Hz to either side
constexpr double quiet_below = -45.0;                                 // LUFS, short-term

/// Amplitude squared of the tone at `frequency` in a Hann-windowed second (Goertzel's recursion).
double tone_power(const std::vector<float>& samples, const std::vector<float>& window, double frequency,
                  double rate) {
    const double coefficient = 2.0 * std::cos(2.0 * std::numbers::pi * frequency / rate);
    double s1 = 0.0, s2 = 0.0;
    for (std::size_t n = 0; n < samples.size(); ++n) {
        const double s = static_cast<double>(samples[n] * window[n]) + coefficient * s1 - s2;
        s2 = s1;
        s1 = s;
    }
    const double magnitude_squared = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    const double scale =
        4.0 / static_cast<double>(samples.size()); // the window's mean is 1/2, a sine's half is 1/2
    return magnitude_squared * scale * scale;
}

double median(std::vector<float> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return static_cast<double>(*middle);
}

struct Line {
    std::vector<float> level, above; // per quiet second: dBFS (peak), dB over the neighbours
};

class Hum final : public Detector {
  public:
    Hum(int channels, double rate)
        : buffer_(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(rate))),
          window_(static_cast<std::size_t>(rate)), found_(static_cast<std::size_t>(channels)), rate_(rate) {
        for (std::size_t n = 0; n < window_.size(); ++n) {
            const double turn = (static_cast<double>(n) + 0.5) / static_cast<double>(window_.size());
            window_[n] = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * turn));
        }
    }

    void feed(const Step& step) override {
        for (int n = 0; n < step.frames; ++n) {
            for (int c = 0; c < step.channels; ++c)
                buffer_[static_cast<std::size_t>(c)][filled_] = step.samples[c][n];
            if (++filled_ < window_.size()) continue;
            filled_ = 0;
            // Short-term loudness looks back 3 s, so all of this second is quiet.
            if (step.end() >= 3.0 && step.shortterm < quiet_below) take_second();
        }
    }

    void finish(Report& report) override {
        for (const std::size_t base : {std::size_t{0}, std::size_t{3}}) {
            double strongest = -1000.0;
            for (const auto& channel : found_) {
                const bool first = stands_out(channel[base]);
                const bool harmonics = stands_out(channel[base + 1]) && stands_out(channel[base + 2]);
                if (!first && !harmonics) continue;
                for (std::size_t i = base; i < base + 3; ++i) {
                    if (stands_out(channel[i])) strongest = std::max(strongest, median(channel[i].level));
                }
            }
            if (strongest < -999.0) continue;
            report.findings.push_back(
                {"hum",
                 Severity::warn,
                 {},
                 strongest,
                 "dBFS",
                 fmt::format("mains hum of {:.0f} Hz, {:.0f} dBFS, in the quiet passages", lines[base],
                             strongest)});
        }
    }

  private:
    void take_second() {
        for (std::size_t c = 0; c < buffer_.size(); ++c) {
            for (std::size_t i = 0; i < lines.size(); ++i) {
                constexpr double nothing = 1e-20;
                const auto power = [&](double f) {
                    return tone_power(buffer_[c], window_, f, rate_) + nothing;
                };
                const double line = power(lines[i]);
                const double beside = 0.5 * (power(lines[i] - neighbour) + power(lines[i] + neighbour));
                found_[c][i].level.push_back(static_cast<float>(power_to_db(line)));
                found_[c][i].above.push_back(static_cast<float>(power_to_db(line / beside)));
            }
        }
    }

    /// The median over all quiet seconds: a note at mains frequency doesn't last that long.
    static bool stands_out(const Line& line) {
        constexpr std::size_t fewest = 3;
        constexpr double above = 10.0, loudest_harmless = -70.0; // dB, dBFS
        return line.level.size() >= fewest && median(line.above) > above &&
               median(line.level) > loudest_harmless;
    }

    std::vector<std::vector<float>> buffer_;
    std::vector<float> window_;
    std::size_t filled_ = 0;
    std::vector<std::array<Line, lines.size()>> found_;
    double rate_;
};

} // namespace

std::unique_ptr<Detector> hum_detector(int channels, double rate) {
    return std::make_unique<Hum>(channels, rate);
}

} // namespace ton::app
