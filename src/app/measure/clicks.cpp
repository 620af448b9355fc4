// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure/detectors.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numbers>

namespace ton::app {
namespace {

constexpr int order = 8;
using Predictor = std::array<double, order + 1>; // e[n] = sum a[i] x[n - i], a[0] = 1

/// Linear prediction from the windowed signal's autocorrelation by Levinson's recursion.
Predictor predict(const std::vector<float>& x, const std::vector<float>& window,
                  std::vector<double>& scratch) {
    scratch.resize(x.size());
    for (std::size_t n = 0; n < x.size(); ++n) scratch[n] = static_cast<double>(x[n] * window[n]);
    Predictor r{}, a{};
    for (std::size_t lag = 0; lag <= order; ++lag) {
        double sums[4] = {}; // side by side in a vector
        for (std::size_t n = order; n + 4 <= scratch.size(); n += 4) {
            for (std::size_t j = 0; j < 4; ++j) sums[j] += scratch[n + j] * scratch[n + j - lag];
        }
        r[lag] = sums[0] + sums[1] + (sums[2] + sums[3]);
    }
    a[0] = 1.0;
    if (r[0] <= 0.0) return a;
    double error = r[0] *= 1.0 + 1e-9; // keeps the recursion stable for pure tones
    for (int i = 1; i <= order && error > 0.0; ++i) {
        double sum = r[i];
        for (int j = 1; j < i; ++j) sum += a[j] * r[i - j];
        const double reflection = -sum / error;
        const Predictor old = a;
        for (int j = 1; j < i; ++j) a[j] = old[j] + reflection * old[i - j];
        a[i] = reflection;
        error *= 1.0 - reflection * reflection;
    }
    return a;
}

/// Clicks in one channel. Frames of 43 ms are predicted from their neighbourhood; a click is where the
/// prediction fails by more than 12 sigma, for 2 ms at most, out of a calm residual and back into it. A
/// drum's onset goes on, a voice's pulses repeat within the 10 ms that have to be calm.
class Channel {
  public:
    explicit Channel(double rate)
        : hop_(static_cast<std::size_t>(rate * 2048.0 / 48000.0)),
          ms_(static_cast<std::size_t>(rate / 1000.0)), buffer_(2 * hop_, 0.0F), window_(2 * hop_),
          residual_(2 * hop_, 0.0) {
        for (std::size_t n = 0; n < window_.size(); ++n) {
            const double turn = (static_cast<double>(n) + 0.5) / static_cast<double>(window_.size());
            window_[n] = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * turn));
        }
    }

    /// Appends positions (frames in the file) of the clicks found to `found`.
    void push(float sample, std::int64_t position, std::vector<std::int64_t>& found) {
        buffer_[hop_ + filled_] = sample;
        if (++filled_ < hop_) return;
        judge(position + 1 - static_cast<std::int64_t>(2 * hop_), found);
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(hop_), buffer_.end(), buffer_.begin());
        filled_ = 0;
    }

  private:
    void judge(std::int64_t start, std::vector<std::int64_t>& found) {
        const Predictor a = predict(buffer_, window_, scratch_);
        for (std::size_t n = order; n < buffer_.size(); ++n) {
            double e = 0.0;
            for (int i = 0; i <= order; ++i)
                e += a[i] * static_cast<double>(buffer_[n - static_cast<std::size_t>(i)]);
            residual_[n] = std::abs(e);
        }
        constexpr double audible = 1e-3; // -60 dBFS
        scratch_.assign(residual_.begin() + order, residual_.end());
        const auto middle = scratch_.begin() + static_cast<std::ptrdiff_t>(scratch_.size() / 2);
        std::nth_element(scratch_.begin(), middle, scratch_.end());
        const double sigma = *middle / 0.6745, limit = std::max(12.0 * sigma, audible);
        for (std::size_t n = hop_ / 2; n < hop_ / 2 + hop_; ++n) {
            if (residual_[n] <= limit) continue;
            const std::size_t last = end_of_cluster(n, limit);
            if (last - n <= 2 * ms_ && calm(n, last, limit) && same_level(n, last))
                found.push_back(start + static_cast<std::int64_t>(n));
            n = last + ms_;
        }
    }

    std::size_t end_of_cluster(std::size_t first, double limit) const {
        std::size_t last = first;
        for (std::size_t n = first; n < residual_.size() && n <= last + ms_; ++n) {
            if (residual_[n] > limit) last = n;
        }
        return last;
    }

    /// Nothing above a third of the limit for 10 ms before the cluster and after it, 1 ms of its ringing
    /// aside.
    bool calm(std::size_t first, std::size_t last, double limit) const {
        const auto below = [&](std::size_t from, std::size_t to) {
            for (std::size_t n = from; n < std::min(to, residual_.size()); ++n) {
                if (residual_[n] > limit / 3.0) return false;
            }
            return true;
        };
        const std::size_t before = first > 10 * ms_ ? first - 10 * ms_ : order;
        return below(before, first) && below(last + ms_, last + 10 * ms_);
    }

    /// Whether 10 ms before and after the cluster are equally loud within 10 dB, or both below -60 dBFS.
    bool same_level(std::size_t first, std::size_t last) const {
        const auto power = [&](std::size_t from) {
            const std::size_t to = std::min(from + 10 * ms_, buffer_.size());
            double sum = 0.0;
            for (std::size_t n = from; n < to; ++n)
                sum += static_cast<double>(buffer_[n]) * static_cast<double>(buffer_[n]);
            return sum / static_cast<double>(std::max<std::size_t>(1, to - from)) + 1e-6;
        };
        const double before = power(first > 10 * ms_ ? first - 10 * ms_ : 0), after = power(last + ms_);
        return before < 10.0 * after && after < 10.0 * before;
    }

    std::size_t hop_, ms_, filled_ = 0;
    std::vector<float> buffer_, window_;
    std::vector<double> residual_, scratch_;
};

class Clicks final : public Detector {
  public:
    Clicks(int channels, double rate)
        : channels_(static_cast<std::size_t>(channels), Channel(rate)), rate_(rate) {}

    void feed(const Step& step) override {
        for (int c = 0; c < step.channels; ++c) {
            auto& channel = channels_[static_cast<std::size_t>(c)];
            for (int n = 0; n < step.frames; ++n) channel.push(step.samples[c][n], step.first + n, found_);
        }
        end_ = step.first + step.frames;
    }

    void finish(Report& report) override {
        for (auto& channel : channels_) { // the last frames are judged with silence after them
            for (std::int64_t n = 0; n < static_cast<std::int64_t>(rate_ / 10.0); ++n)
                channel.push(0.0F, end_ + n, found_);
        }
        constexpr double apart = 0.02, most_a_minute = 1.0;
        std::sort(found_.begin(), found_.end());
        std::int64_t count = 0, last = -static_cast<std::int64_t>(rate_);
        double first = 0.0;
        for (const std::int64_t position : found_) {
            if (position >= end_) break; // the end of the file itself
            if (static_cast<double>(position - last) > apart * rate_ && count++ == 0) {
                first = static_cast<double>(position) / rate_;
            }
            last = position;
        }
        if (count == 0) return;
        const bool warn = static_cast<double>(count) > most_a_minute * std::max(1.0, report.duration / 60.0);
        report.findings.push_back({"clicks", warn ? Severity::warn : Severity::info, first,
                                   static_cast<double>(count), "events",
                                   fmt::format("{} click{}", count, count == 1 ? "" : "s")});
    }

  private:
    std::vector<Channel> channels_;
    std::vector<std::int64_t> found_;
    std::int64_t end_ = 0;
    double rate_;
};

} // namespace

std::unique_ptr<Detector> click_detector(int channels, double rate) {
    return std::make_unique<Clicks>(channels, rate);
}

} // namespace ton::app
