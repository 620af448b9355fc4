// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/alarms.hpp"

#include <cmath>
#include <utility>

namespace ton::control {

void Alarms::see(const std::string& address, std::string_view kind, double now, std::string begins, std::string ends, int grade) {
    auto& alarm = under_way_[{address, std::string(kind)}];
    alarm.seen = now;
    alarm.ends = std::move(ends);
    const bool eased = grade < alarm.grade && std::abs(now - alarm.seen_at_grade) >= kEase;
    if (grade > alarm.grade || eased) told_.emplace_back(address, std::move(begins)), alarm.grade = grade;
    if (grade >= alarm.grade) alarm.seen_at_grade = now;
}

std::vector<Alarms::Report> Alarms::take(double now) {
    std::erase_if(under_way_, [&](auto& entry) {
        auto& [key, alarm] = entry;
        if (std::abs(now - alarm.seen) < kHold) return false; // a plan for another rate begins another time line
        told_.emplace_back(key.first, std::move(alarm.ends));
        return true;
    });
    return std::exchange(told_, {});
}

} // namespace ton::control
