// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace ton::app {
namespace {

/// A dropout in one channel: the level over 1 ms falls by 40 dB within 5 ms, stays there for 2 ms at least
/// and is back within 12 dB of where it was before 50 ms have passed. A note's end before the next, louder
/// one is none.
class Channel {
  public:
    /// One more millisecond's peak; true when a dropout just ended.
    bool push(double peak, std::int64_t ms) {
        constexpr double heard = 0.01, own_dip = 0.05;           // -40 dBFS, -26 dB
        constexpr double fall = 0.01, back = 0.25, beyond = 4.0; // -40, -12, +12 dB
        const double before = *std::max_element(newest_.begin(), newest_.end());
        const double dip = *std::min_element(older_.begin(), older_.end());
        older_[static_cast<std::size_t>(ms) % older_.size()] =
            newest_[static_cast<std::size_t>(ms) % newest_.size()];
        newest_[static_cast<std::size_t>(ms) % newest_.size()] = peak;
        if (low_since_ < 0) {
            if (before <= heard || peak >= fall * before || dip < own_dip * before) return false;
            low_since_ = ms;
            low_ = 0;
            reference_ = before;
        }
        const auto lasted = ms - low_since_;
        if (peak < fall * reference_) ++low_;
        if (lasted < longest && peak < back * reference_) return false; // down, or on its way up
        low_since_ = -1;
        return lasted < longest && low_ >= shortest && peak <= beyond * reference_;
    }

  private:
    static constexpr std::int64_t shortest = 2, longest = 50; // ms
    std::array<double, 5> newest_{};        // ms peaks; a slow decay never falls out of 5 ms
    std::array<double, 45> older_{};        // those before
    std::int64_t low_since_ = -1, low_ = 0; // ms
    double reference_ = 0.0;
};

class Dropout final : public Detector {
  public:
    Dropout(int channels, double rate)
        : channels_(static_cast<std::size_t>(channels)), peaks_(static_cast<std::size_t>(channels), 0.0),
          rate_(rate) {}

    void feed(const Step& step) override {
        for (int n = 0; n < step.frames; ++n) {
            for (int c = 0; c < step.channels; ++c) {
                double& peak = peaks_[static_cast<std::size_t>(c)];
                peak = std::max(peak, std::abs(static_cast<double>(step.samples[c][n])));
            }
            if (static_cast<double>(step.first + n + 1) >= static_cast<double>(ms_ + 1) * rate_ / 1000.0)
                end_ms();
        }
    }

    void finish(Report& report) override {
        if (count_ == 0) return;
        report.findings.push_back({"dropout", Severity::warn, first_, static_cast<double>(count_), "events",
                                   fmt::format("the sound breaks off {} time{} for less than 50 ms", count_,
                                               count_ == 1 ? "" : "s")});
    }

  private:
    void end_ms() {
        bool ended = false;
        for (std::size_t c = 0; c < channels_.size(); ++c) {
            ended = channels_[c].push(peaks_[c], ms_) || ended;
            peaks_[c] = 0.0;
        }
        constexpr std::int64_t apart = 50; // ms: all channels of one dropout
        if (ended && ms_ - last_ >= apart) {
            if (count_++ == 0) first_ = static_cast<double>(ms_) / 1000.0;
            last_ = ms_;
        }
        ++ms_;
    }

    std::vector<Channel> channels_;
    std::vector<double> peaks_;
    double rate_, first_ = 0.0;
    std::int64_t ms_ = 0, last_ = -1000, count_ = 0;
};

} // namespace

std::unique_ptr<Detector> dropout_detector(int channels, double rate) {
    return std::make_unique<Dropout>(channels, rate);
}

} // namespace ton::app
