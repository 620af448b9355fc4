// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"
#include "dsp/loudness.hpp"

#include <fmt/format.h>

namespace ton::app {
namespace {

/// Imbalance, mono compatibility and dual mono: how the first two channels compare in loudness.
class StereoBalance final : public Detector {
  public:
    explicit StereoBalance(double rate)
        : left_(1, rate, {{}, false}), right_(1, rate, {{}, false}), mono_(1, rate, {{}, false}),
          both_(2, rate, {{}, false}) {}

    void feed(const Step& step) override {
        sum_.resize(static_cast<std::size_t>(step.frames));
        for (int n = 0; n < step.frames; ++n) {
            const float l = step.samples[0][n], r = step.samples[1][n];
            const double middle = 0.5 * (static_cast<double>(l) + static_cast<double>(r));
            const double side = 0.5 * (static_cast<double>(l) - static_cast<double>(r));
            middle_energy_ += middle * middle;
            side_energy_ += side * side;
            sum_[static_cast<std::size_t>(n)] = static_cast<float>(middle);
        }
        const float* const mono = sum_.data();
        left_.process(&step.samples[0], step.frames);
        right_.process(&step.samples[1], step.frames);
        both_.process(step.samples, step.frames);
        mono_.process(&mono, step.frames);

        constexpr double heard = -50.0, most = 6.0, window = 3.0; // LUFS, LU, s
        const double l = left_.reading().shortterm, r = right_.reading().shortterm;
        const bool uneven = step.end() >= window && std::max(l, r) > heard && std::abs(l - r) > most;
        uneven_.update(uneven, std::max(0.0, step.end() - window), step.end());
        if (uneven && (!told_ || std::abs(l - r) > std::abs(difference_))) difference_ = l - r;
        told_ = told_ || uneven;
    }

    void finish(Report& report) override {
        uneven_.close();
        for (const auto& span : uneven_.spans()) {
            const std::string how = std::isfinite(difference_)
                                        ? fmt::format("up to {:.1f} LU", std::abs(difference_))
                                        : std::string("one channel silent");
            report.findings.push_back(
                {"imbalance", Severity::warn, span.start, span.length(), "s",
                 fmt::format("the {} channel is louder for {:.0f} s, {}",
                             difference_ > 0.0 ? "left" : "right", span.length(), how)});
        }
        judge_mono(report);
        if (middle_energy_ > 0.0 && side_energy_ <= middle_energy_ * 1e-8) {
            report.findings.push_back(
                {"dual_mono",
                 Severity::info,
                 {},
                 {},
                 "",
                 "left and right are the same signal (the side is 80 dB below the middle)"});
        }
    }

  private:
    void judge_mono(Report& report) const {
        // Relative to one channel: 0 for a mono signal on both, 3.01 dB for two that know nothing of each
        // other.
        constexpr double most = 6.0, two_channels = 3.0103;
        const double stereo = both_.reading().integrated;
        if (!std::isfinite(stereo)) return;
        const double lost = stereo - two_channels - mono_.reading().integrated;
        if (lost <= most) return;
        const bool finite = std::isfinite(lost);
        report.findings.push_back({"mono_compatibility",
                                   Severity::warn,
                                   {},
                                   finite ? std::optional(lost) : std::nullopt,
                                   "LU",
                                   finite ? fmt::format("the mono sum loses {:.1f} LU", lost)
                                          : std::string("nothing is left in the mono sum")});
    }

    dsp::LoudnessMeter left_, right_, mono_, both_;
    std::vector<float> sum_;
    double middle_energy_ = 0.0, side_energy_ = 0.0, difference_ = 0.0;
    bool told_ = false;
    Stretch uneven_{10.0};
};

} // namespace

std::unique_ptr<Detector> stereo_balance_detector(double rate) {
    return std::make_unique<StereoBalance>(rate);
}

} // namespace ton::app
