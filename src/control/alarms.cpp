// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/alarms.hpp"

#include <utility>

namespace ton::control {

void Alarms::see(const Key& key, double now, Sight sight) {
    auto& alarm = under_way_[key];
    alarm.seen = now;
    alarm.hold = sight.hold;
    alarm.ends = std::move(sight.ends);
    const bool eased = sight.grade < alarm.grade && now - alarm.seen_at_grade >= kEase;
    if (sight.grade > alarm.grade || eased) told_.push_back({key, std::move(sight.begins)}), alarm.grade = sight.grade;
    if (sight.grade >= alarm.grade) alarm.seen_at_grade = now;
}

int Alarms::grade(const Key& key) const {
    const auto alarm = under_way_.find(key);
    return alarm == under_way_.end() ? 0 : alarm->second.grade;
}

void Alarms::keep(const std::function<bool(const Key&)>& stay) {
    std::erase_if(under_way_, [&](const auto& entry) { return !stay(entry.first); });
    std::erase_if(told_, [&](const Report& report) { return !stay(report.key); });
}

std::vector<Alarms::Report> Alarms::take(double now) {
    std::erase_if(under_way_, [&](auto& entry) {
        auto& [key, alarm] = entry;
        if (now - alarm.seen < alarm.hold) return false;
        told_.push_back({key, std::move(alarm.ends)});
        return true;
    });
    return std::exchange(told_, {});
}

} // namespace ton::control
