// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <algorithm>
#include <complex>
#include <fmt/format.h>
#include <numbers>

namespace ton::app {
namespace {

constexpr std::size_t size = 4096;
using Spectrum = std::vector<std::complex<double>>;

/// In-place radix-2 Fourier transform (Cooley and Tukey 1965), decimation in time; the size is a power of
/// two.
void transform(Spectrum& x) {
    for (std::size_t i = 1, j = 0; i < x.size(); ++i) {
        std::size_t bit = x.size() >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) std::swap(x[i], x[j]);
    }
    for (std::size_t length = 2; length <= x.size(); length *= 2) {
        const auto turn = std::polar(1.0, -2.0 * std::numbers::pi / static_cast<double>(length));
        for (std::size_t start = 0; start < x.size(); start += length) {
            std::complex<double> w = 1.0;
            for (std::size_t k = start; k < start + length / 2; ++k) {
                const auto odd = w * x[k + length / 2];
                x[k + length / 2] = x[k] - odd;
                x[k] += odd;
                w *= turn;
            }
        }
    }
}

/// The mean spectrum of the first two channels, from one frame every quarter of a second, and the steepest
/// wall in it.
class Bandwidth final : public Detector {
  public:
    explicit Bandwidth(double rate) : rate_(rate), power_(size / 2, 0.0) {
        frame_.reserve(size);
        for (std::size_t n = 0; n < size; ++n) {
            const double turn = (static_cast<double>(n) + 0.5) / static_cast<double>(size);
            hann_.push_back(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * turn));
        }
    }

    void feed(const Step& step) override {
        const auto every = static_cast<std::int64_t>(rate_ / 4.0);
        for (int n = 0; n < step.frames; ++n) {
            if (frame_.empty() && (step.first + n) % every != 0) continue;
            const double hann = hann_[frame_.size()];
            // One transform for two real signals: their powers add up in the bins k and size - k.
            frame_.emplace_back(hann * static_cast<double>(step.samples[0][n]),
                                step.channels > 1 ? hann * static_cast<double>(step.samples[1][n]) : 0.0);
            if (frame_.size() == size) take_frame();
        }
    }

    void finish(Report& report) override {
        constexpr double from = 10000.0, to = 20000.0, least = 30.0; // Hz, Hz, dB
        double steepest = least;
        for (double f = from; f <= std::min(to, 0.45 * rate_ - 1300.0); f += 50.0) {
            const double below = mean(f - 1000.0, f), above = mean(f + 300.0, f + 1300.0);
            if (below <= 0.0) continue;
            const double drop = power_to_db(below / (above + below * 1e-12));
            const bool empty = mean(f + 300.0, 0.49 * rate_) < below * 1e-3;
            if (drop > steepest && empty) {
                steepest = drop;
                report.bandwidth = f;
            }
        }
        if (!report.bandwidth) return;
        report.findings.push_back({"bandwidth",
                                   Severity::info,
                                   {},
                                   report.bandwidth,
                                   "Hz",
                                   fmt::format("nothing above {:.1f} kHz: a lossy codec may have been here",
                                               *report.bandwidth / 1000.0)});
    }

  private:
    void take_frame() {
        transform(frame_);
        for (std::size_t k = 1; k < size / 2; ++k)
            power_[k] += std::norm(frame_[k]) + std::norm(frame_[size - k]);
        frame_.clear();
    }

    double mean(double from, double to) const {
        const auto bin = [this](double f) {
            return std::min(size / 2 - 1, static_cast<std::size_t>(f / rate_ * static_cast<double>(size)));
        };
        double sum = 0.0;
        for (std::size_t k = bin(from); k <= bin(to); ++k) sum += power_[k];
        return sum / static_cast<double>(bin(to) - bin(from) + 1);
    }

    double rate_;
    Spectrum frame_;
    std::vector<double> hann_, power_;
};

} // namespace

std::unique_ptr<Detector> bandwidth_detector(double rate) {
    return std::make_unique<Bandwidth>(rate);
}

} // namespace ton::app
