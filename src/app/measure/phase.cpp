// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ton::app {
namespace {

constexpr int window_steps = 40; // 400 ms

/// rho = sum l r / sqrt(sum l^2 sum r^2) of the first two channels; 0 where one is silent.
double correlation(double lr, double ll, double rr) {
    return ll > 0.0 && rr > 0.0 ? lr / std::sqrt(ll * rr) : 0.0;
}

class Phase final : public Detector {
  public:
    void feed(const Step& step) override {
        double lr = 0.0, ll = 0.0, rr = 0.0;
        for (int n = 0; n < step.frames; ++n) {
            const double l = step.samples[0][n], r = step.samples[1][n];
            lr += l * r;
            ll += l * l;
            rr += r * r;
        }
        total_lr_ += lr;
        total_ll_ += ll;
        total_rr_ += rr;
        lr_.push(lr);
        ll_.push(ll);
        rr_.push(rr);
        frames_.push(step.frames);
        if (!lr_.full()) return;
        constexpr double audible = 1e-6; // -60 dBFS: the phase of a noise floor is nobody's concern
        const double sum_ll = ll_.sum(), sum_rr = rr_.sum(), frames = frames_.sum();
        const bool heard = sum_ll > audible * frames && sum_rr > audible * frames;
        const double rho = heard ? correlation(lr_.sum(), sum_ll, sum_rr) : 0.0;
        const double start = step.end() - frames / step.rate;
        doubtful_.update(rho < -0.5, start, step.end());
        inverted_.update(rho < -0.9, start, step.end());
    }

    void finish(Report& report) override {
        if (total_ll_ > 0.0 && total_rr_ > 0.0) {
            report.correlation = correlation(total_lr_, total_ll_, total_rr_);
        }
        inverted_.close();
        doubtful_.close();
        for (const auto& span : inverted_.spans()) {
            report.findings.push_back(
                {"phase", Severity::fail, span.start, span.length(), "s",
                 fmt::format("left and right are inverted for {:.1f} s (correlation below -0.9)",
                             span.length())});
        }
        for (const auto& span : doubtful_.spans()) {
            const auto& worse = inverted_.spans();
            const bool told = std::any_of(worse.begin(), worse.end(), [&](const Stretch::Span& other) {
                return other.start < span.end && span.start < other.end;
            });
            if (told) continue;
            report.findings.push_back(
                {"phase", Severity::warn, span.start, span.length(), "s",
                 fmt::format("the correlation is below -0.5 for {:.1f} s", span.length())});
        }
    }

  private:
    SlidingSum lr_{window_steps}, ll_{window_steps}, rr_{window_steps}, frames_{window_steps};
    double total_lr_ = 0.0, total_ll_ = 0.0, total_rr_ = 0.0;
    Stretch doubtful_{3.0}, inverted_{3.0};
};

} // namespace

std::unique_ptr<Detector> phase_detector() {
    return std::make_unique<Phase>();
}

} // namespace ton::app
