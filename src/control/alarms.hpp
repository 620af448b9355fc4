// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ton::control {

/// What must not be, lasts for a while or comes in bursts: told when it begins, and when it has been over for some time. Control thread.
class Alarms {
  public:
    /// What an alarm is known by: where it comes from, by a name that lasts as long as the alarm may, and which of its alarms it is.
    using Key = std::pair<std::string, std::string>;
    struct Report {
        Key key;
        std::string sentence;
        bool operator==(const Report&) const = default;
    };
    struct Sight {
        std::string begins, ends; ///< sentences
        int grade = 1;
        double hold = 2;          ///< s without it, until it is over
        double wait = 0;          ///< s until it is told, unless a higher grade is
        double size = 0;          ///< see most()
    };
    static constexpr double kEase = 10; ///< s

    /// It is so now (s, of a clock that never jumps). A higher grade than before is told at once, or after its `wait`, a lower one
    /// when it has been no higher for kEase; either by its own `begins`.
    void see(const Key& key, double now, Sight sight);
    /// As told, or waiting to be; 0: not under way.
    int grade(const Key& key) const;
    /// The largest `size` since it began; 0: not under way.
    double most(const Key& key) const;
    /// Those are dropped without a word that `stay` says no to: what they were of is no more.
    void keep(const std::function<bool(const Key&)>& stay);
    bool empty() const { return under_way_.empty(); }
    /// What is to be told since the last call; the `last` one waits for no higher grade.
    std::vector<Report> take(double now, bool last = false);

  private:
    struct Alarm {
        double seen = 0, seen_at_grade = 0, hold = 0, most = 0;
        int grade = 0; ///< as told, or waiting to be
        std::string ends;
        std::string waiting; ///< begins so, not yet told
        double due = 0;
    };
    std::map<Key, Alarm> under_way_;
};

} // namespace ton::control
