// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ton::app {
namespace {

constexpr int window_steps = 10;                      // 100 ms
constexpr double threshold = 1e-6;                    // -60 dBFS as a mean square
constexpr double warn_after = 3.0, fail_after = 10.0; // s

Finding report_span(const char* what, const Stretch::Span& span, const std::string& who) {
    return {what, span.length() >= fail_after ? Severity::fail : Severity::warn,    span.start, span.length(),
            "s",  fmt::format("{} below -60 dBFS for {:.1f} s", who, span.length())};
}

bool overlaps(const Stretch::Span& a, const Stretch::Span& b) {
    return a.start < b.end && b.start < a.end;
}

class Silence final : public Detector {
  public:
    explicit Silence(int channels)
        : squares_(static_cast<std::size_t>(channels), SlidingSum(window_steps)), frames_(window_steps),
          quiet_(static_cast<std::size_t>(channels), Stretch(fail_after)) {}

    void feed(const Step& step) override {
        frames_.push(step.frames);
        bool all = true;
        const double end = step.end(), start = std::max(0.0, end - frames_.sum() / step.rate);
        for (int c = 0; c < step.channels; ++c) {
            double square = 0.0;
            for (int n = 0; n < step.frames; ++n) {
                square += static_cast<double>(step.samples[c][n]) * static_cast<double>(step.samples[c][n]);
            }
            auto& squares = squares_[static_cast<std::size_t>(c)];
            squares.push(square);
            const bool quiet = squares.full() && squares.sum() < threshold * frames_.sum();
            quiet_[static_cast<std::size_t>(c)].update(quiet, start, end);
            all = all && quiet;
        }
        all_.update(all, start, end);
    }

    void finish(Report& report) override {
        all_.close();
        for (const auto& span : all_.spans()) {
            report.findings.push_back(report_span("silence", span, "all channels are"));
        }
        for (std::size_t c = 0; c < quiet_.size() && quiet_.size() > 1; ++c) {
            if (c == 3 && quiet_.size() >= 6) continue; // an LFE has nothing to say most of the time
            quiet_[c].close();
            for (const auto& span : quiet_[c].spans()) {
                if (shared(span)) continue;
                auto finding = report_span("silent_channel", span, fmt::format("channel {} is", c + 1));
                finding.severity = Severity::warn; // while others sound it may be meant
                report.findings.push_back(std::move(finding));
            }
        }
    }

  private:
    /// Whether most of the span is a silence of all channels, which is reported as that.
    bool shared(const Stretch::Span& span) const {
        double common = 0.0;
        for (const auto& other : all_.spans()) {
            if (overlaps(span, other))
                common += std::min(span.end, other.end) - std::max(span.start, other.start);
        }
        return common > 0.5 * span.length();
    }

    std::vector<SlidingSum> squares_;
    SlidingSum frames_;
    std::vector<Stretch> quiet_;
    Stretch all_{warn_after};
};

class DigitalSilence final : public Detector {
  public:
    void feed(const Step& step) override {
        for (int n = 0; n < step.frames; ++n) {
            bool zero = true;
            for (int c = 0; c < step.channels; ++c) zero = zero && step.samples[c][n] == 0.0F;
            const double now = static_cast<double>(step.first + n) / step.rate;
            zeros_.update(zero, now, now + 1.0 / step.rate);
        }
    }

    void finish(Report& report) override {
        constexpr double end_margin = 0.001; // s
        zeros_.close();
        for (const auto& span : zeros_.spans()) {
            const bool inside = span.start > end_margin && span.end < report.duration - end_margin;
            report.findings.push_back({"digital_silence", inside ? Severity::warn : Severity::info,
                                       span.start, span.length(), "s",
                                       fmt::format("all samples are 0 for {:.2f} s{}", span.length(),
                                                   inside ? "" : " at the file's end or beginning")});
        }
    }

  private:
    Stretch zeros_{0.25};
};

} // namespace

std::unique_ptr<Detector> silence_detector(int channels) {
    return std::make_unique<Silence>(channels);
}
std::unique_ptr<Detector> digital_silence_detector() {
    return std::make_unique<DigitalSilence>();
}

} // namespace ton::app
