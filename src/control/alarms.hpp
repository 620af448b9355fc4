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

    /// It is so now (s, of the sample clock). `kind` tells one alarm of an address from another.
    void see(const std::string& address, std::string_view kind, double now, std::string begins, std::string ends);
    /// What is to be told since the last call.
    std::vector<Report> take(double now);

  private:
    struct Alarm {
        double seen;
        std::string ends;
    };
    std::map<std::pair<std::string, std::string>, Alarm, std::less<>> under_way_; // by address and kind
    std::vector<Report> told_;
};

} // namespace ton::control
