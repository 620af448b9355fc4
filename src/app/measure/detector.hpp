// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/measure/report.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

namespace ton::app {

/// A step of a file on its way through the detectors: 10 ms (step k ends at the sample nearest to (k + 1) *
/// 10 ms), only the last may be shorter. Samples are finite, full scale 1.0.
struct Step {
    const float* const* samples; ///< [channel][frame]
    int channels;
    int frames;
    std::int64_t first;          ///< frame in the file
    double rate;                 ///< Hz
    double momentary, shortterm; ///< LUFS at the step's end, -infinity in silence

    double start() const { return static_cast<double>(first) / rate; }        ///< seconds
    double end() const { return static_cast<double>(first + frames) / rate; } ///< seconds
};

inline constexpr int steps_per_second = 100;

/// One thing to look for. It hears the whole file step by step, then says what it found. Its thresholds are
/// those of acceptance.md section 8 unless its header says otherwise. Control thread.
class Detector {
  public:
    virtual ~Detector() = default;
    virtual void feed(const Step& step) = 0;
    virtual void finish(Report& report) = 0;
};

inline double to_db(double linear) {
    return 20.0 * std::log10(linear);
}
inline double power_to_db(double power) {
    return 10.0 * std::log10(power);
}
inline double from_db(double db) {
    return std::pow(10.0, db / 20.0);
}

/// The sum of the last `size` values, added up anew each time so that nothing drifts.
class SlidingSum {
  public:
    explicit SlidingSum(std::size_t size) : values_(size, 0.0) {}

    void push(double value) {
        values_[next_] = value;
        next_ = (next_ + 1) % values_.size();
        if (filled_ < values_.size()) ++filled_;
    }
    double sum() const {
        double total = 0.0;
        for (const double value : values_) total += value;
        return total;
    }
    bool full() const { return filled_ == values_.size(); }

  private:
    std::vector<double> values_;
    std::size_t next_ = 0, filled_ = 0;
};

/// Follows a condition that holds over windows and keeps the whole stretches of at least `shortest` seconds.
class Stretch {
  public:
    explicit Stretch(double shortest) : shortest_(shortest) {}

    struct Span {
        double start, end; ///< seconds
        double length() const { return end - start; }
    };

    /// The condition's state in the window from `start` to `end`, windows in order; they may overlap.
    void update(bool holds, double start, double end) {
        if (!holds) return close();
        if (!open_) current_ = {start, end};
        open_ = true;
        current_.end = end;
    }
    void close() {
        constexpr double rounding = 1e-9; // s
        if (open_ && current_.length() >= shortest_ - rounding) spans_.push_back(current_);
        open_ = false;
    }
    /// Call close() first.
    const std::vector<Span>& spans() const { return spans_; }

  private:
    double shortest_;
    bool open_ = false;
    Span current_{};
    std::vector<Span> spans_;
};

} // namespace ton::app
