// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/alarms.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ton::control {

void Alarms::see(const Key& key, double now, Sight sight) {
    auto& alarm = under_way_[key];
    alarm.seen = now;
    alarm.hold = sight.hold;
    if (!alarm.waiting.empty() && sight.size > alarm.most) alarm.waiting = sight.begins;
    alarm.most = std::max(alarm.most, sight.size);
    alarm.ends = std::move(sight.ends);
    const bool eased = sight.grade < alarm.grade && now - alarm.seen_at_grade >= kEase;
    if (sight.grade > alarm.grade || eased) {
        alarm.grade = sight.grade;
        alarm.waiting = std::move(sight.begins);
        alarm.due = now + sight.wait;
    }
    if (sight.grade >= alarm.grade) alarm.seen_at_grade = now;
}

int Alarms::grade(const Key& key) const {
    const auto alarm = under_way_.find(key);
    return alarm == under_way_.end() ? 0 : alarm->second.grade;
}

double Alarms::most(const Key& key) const {
    const auto alarm = under_way_.find(key);
    return alarm == under_way_.end() ? 0 : alarm->second.most;
}

void Alarms::keep(const std::function<bool(const Key&)>& stay) {
    std::erase_if(under_way_, [&](const auto& entry) { return !stay(entry.first); });
}

std::vector<Alarms::Report> Alarms::take(double now, bool last) {
    std::vector<Report> told;
    for (auto it = under_way_.begin(); it != under_way_.end();) {
        auto& [key, alarm] = *it;
        const bool over = now - alarm.seen >= alarm.hold;
        if (!alarm.waiting.empty() && (over || last || now >= alarm.due)) told.push_back({key, std::exchange(alarm.waiting, {})});
        if (over) told.push_back({key, std::move(alarm.ends)});
        it = over ? under_way_.erase(it) : std::next(it);
    }
    return told;
}

} // namespace ton::control
