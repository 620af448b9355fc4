// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ton::control {

/// What must not be, lasts for a while or comes in bursts: told when it begins, and when it has been over for kHold. Control thread.
class Alarms {
  public:
    using Report = std::pair<std::string, std::string>; ///< address and sentence
    static constexpr double kHold = 2.0;                ///< s
    static constexpr double kEase = 5.0;                ///< s: longer than a mean over 5 s takes through the lower grade on its way out

    /// It is so now (s, of the sample clock). `kind` tells one alarm of an address from another. A higher `grade` than before is told
    /// at once, a lower one when it has been no higher for kEase; either by its own `begins`.
    void see(const std::string& address, std::string_view kind, double now, std::string begins, std::string ends, int grade = 1);
    /// What is to be told since the last call.
    std::vector<Report> take(double now);

  private:
    struct Alarm {
        double seen = 0, seen_at_grade = 0;
        int grade = 0; ///< as told
        std::string ends;
    };
    std::map<std::pair<std::string, std::string>, Alarm, std::less<>> under_way_; // by address and kind
    std::vector<Report> told_;
};

} // namespace ton::control
