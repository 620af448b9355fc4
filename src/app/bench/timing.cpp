// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/timing.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace ton::app::benching {

double thread_nanoseconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

Timing summary(std::vector<double> values) {
    std::ranges::sort(values);
    return {values.front(), values[values.size() / 2]};
}

Timing measure(int repetitions, const std::function<double()>& work) {
    return measure_in_turn(repetitions, {&work, 1}).front();
}

std::vector<std::vector<double>> times_in_turn(int repetitions, std::span<const std::function<double()>> works) {
    std::vector<std::vector<double>> times(works.size());
    for (int i = 0; i < repetitions; ++i)
        for (std::size_t w = 0; w < works.size(); ++w) {
            const double start = thread_nanoseconds();
            const double units = works[w]();
            times[w].push_back((thread_nanoseconds() - start) / units);
        }
    return times;
}

std::vector<Timing> measure_in_turn(int repetitions, std::span<const std::function<double()>> works) {
    std::vector<Timing> all;
    for (auto& t : times_in_turn(repetitions, works)) all.push_back(summary(std::move(t)));
    return all;
}

} // namespace ton::app::benching
