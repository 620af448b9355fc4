// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <fmt/format.h>

namespace ton::app {
namespace {

class Clipping final : public Detector {
  public:
    explicit Clipping(int channels) : runs_(static_cast<std::size_t>(channels), 0) {}

    void feed(const Step& step) override {
        constexpr float full = 0.9999F;
        constexpr int shortest = 3;
        for (int c = 0; c < step.channels; ++c) {
            int& run = runs_[static_cast<std::size_t>(c)];
            for (int n = 0; n < step.frames; ++n) {
                run = std::abs(step.samples[c][n]) >= full ? run + 1 : 0;
                if (run != shortest) continue;
                const double time = static_cast<double>(step.first + n + 1 - shortest) / step.rate;
                if (events_ == 0 || time < first_) first_ = time;
                ++events_;
            }
        }
    }

    void finish(Report& report) override {
        constexpr double fail_above = 10.0; // events a minute
        report.clip_events = events_;
        if (events_ == 0) return;
        const bool fail = static_cast<double>(events_) > fail_above * std::max(1.0, report.duration / 60.0);
        report.findings.push_back(
            {"clipping", fail ? Severity::fail : Severity::warn, first_, static_cast<double>(events_),
             "events",
             fmt::format("{} run{} of 3 samples or more at full scale", events_, events_ == 1 ? "" : "s")});
    }

  private:
    std::vector<int> runs_;
    std::int64_t events_ = 0;
    double first_ = 0.0;
};

} // namespace

std::unique_ptr<Detector> clipping_detector(int channels) {
    return std::make_unique<Clipping>(channels);
}

} // namespace ton::app
