// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <span>
#include <vector>

/// How benchmarks take the time. Knows nothing of the rest of the program: bench/peers uses it, too.
namespace ton::app::benching {

/// Best and median of several repetitions, in CPU time of the calling thread.
struct Timing {
    double best = 0, median = 0; ///< ns per unit of work
};
/// CPU time of the calling thread.
double thread_nanoseconds();
/// Of one measured value per repetition.
Timing summary(std::vector<double> values);
/// Runs `work` `repetitions` times; it returns how many units it did.
Timing measure(int repetitions, const std::function<double()>& work);
/// Several works in turn, round after round, so that a machine that slows down slows them all: ns per unit, [work][round].
std::vector<std::vector<double>> times_in_turn(int repetitions, std::span<const std::function<double()>> works);
/// The same, one Timing each.
std::vector<Timing> measure_in_turn(int repetitions, std::span<const std::function<double()>> works);

} // namespace ton::app::benching
