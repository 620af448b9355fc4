// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ton::app {
namespace {

/// The 10th percentile of the short-term loudness, taken every 100 ms. A dense mix has no pauses, so its
/// quietest tenth is music: only where it lies far below the programme is it judged as noise.
class NoiseFloor final : public Detector {
  public:
    void feed(const Step& step) override {
        constexpr double window = 3.0; // s
        if (++steps_ % 10 != 0 || step.end() < window) return;
        if (std::isfinite(step.shortterm)) levels_.push_back(static_cast<float>(step.shortterm));
    }

    void finish(Report& report) override {
        if (levels_.empty()) return;
        constexpr double pause_below = 15.0, threshold = -50.0; // LU, LUFS
        const auto tenth = levels_.begin() + static_cast<std::ptrdiff_t>(levels_.size() / 10);
        std::nth_element(levels_.begin(), tenth, levels_.end());
        const double floor = static_cast<double>(*tenth);
        report.noise_floor = floor;
        if (!report.integrated || floor <= threshold || floor > *report.integrated - pause_below) return;
        report.findings.push_back({"noise_floor",
                                   Severity::warn,
                                   {},
                                   floor,
                                   "LUFS",
                                   fmt::format("the pauses are as loud as {:.1f} LUFS", floor)});
    }

  private:
    std::vector<float> levels_;
    std::int64_t steps_ = 0;
};

} // namespace

std::unique_ptr<Detector> noise_floor_detector() {
    return std::make_unique<NoiseFloor>();
}

} // namespace ton::app
