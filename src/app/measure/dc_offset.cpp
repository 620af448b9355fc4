// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <fmt/format.h>

namespace ton::app {
namespace {

class DcOffset final : public Detector {
  public:
    explicit DcOffset(int channels)
        : window_(static_cast<std::size_t>(channels), 0.0), total_(static_cast<std::size_t>(channels), 0.0) {}

    void feed(const Step& step) override {
        for (int c = 0; c < step.channels; ++c) {
            double sum = 0.0;
            for (int n = 0; n < step.frames; ++n) sum += static_cast<double>(step.samples[c][n]);
            window_[static_cast<std::size_t>(c)] += sum;
            total_[static_cast<std::size_t>(c)] += sum;
        }
        window_frames_ += step.frames;
        frames_ += step.frames;
        if (++steps_ % (5 * steps_per_second) == 0) take_window(step.end());
    }

    void finish(Report& report) override {
        if (frames_ == 0) return;
        if (steps_ < 5 * steps_per_second) take_window(report.duration); // a short file is one window
        for (const double sum : total_) {
            const double mean = 100.0 * sum / static_cast<double>(frames_);
            if (std::abs(mean) > std::abs(report.dc_offset)) report.dc_offset = mean;
        }
        constexpr double warn = 0.1, fail = 1.0; // %
        if (std::abs(worst_) <= warn) return;
        report.findings.push_back(
            {"dc_offset", std::abs(worst_) > fail ? Severity::fail : Severity::warn, when_, worst_, "%",
             fmt::format("channel {} is off zero by {:.2f} % of full scale", channel_, worst_)});
    }

  private:
    void take_window(double end) {
        for (std::size_t c = 0; c < window_.size(); ++c) {
            const double mean = 100.0 * window_[c] / static_cast<double>(window_frames_);
            if (std::abs(mean) > std::abs(worst_)) {
                worst_ = mean;
                when_ = started_;
                channel_ = c + 1;
            }
            window_[c] = 0.0;
        }
        window_frames_ = 0;
        started_ = end;
    }

    std::vector<double> window_, total_;
    std::int64_t window_frames_ = 0, frames_ = 0, steps_ = 0;
    double started_ = 0.0, worst_ = 0.0, when_ = 0.0; // s, %, s
    std::size_t channel_ = 0;
};

} // namespace

std::unique_ptr<Detector> dc_detector(int channels) {
    return std::make_unique<DcOffset>(channels);
}

} // namespace ton::app
