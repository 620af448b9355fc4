// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/console.hpp"
#include "control/osc/message.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace ton::control {

/// /tonmeister/insert/ping STRIP [MODULE] [LEVEL]: sends noise of 43 ms around an insert's loop, finds how long it was away, and makes
/// that the insert's latency. Control thread.
class InsertPing {
  public:
    /// The answer, or with an address of "/tonmeister/error" the reason why there is none.
    using Answer = std::function<void(const osc::Message&)>;

    explicit InsertPing(Console& console) : console_(console) {}
    /// Empty where a ping is on its way, else why not.
    std::string start(const osc::Message& message, Answer answer);
    /// Every few milliseconds: answers the pings that are over.
    void poll();

  private:
    using Clock = std::chrono::steady_clock;
    struct Out {
        std::string strip, module;
        std::vector<float> sent;
        Answer answer;
        Clock::time_point latest; ///< callbacks may end meanwhile
    };
    engine::Loop* loop(const std::string& strip, const std::string& module) const;
    bool over(Out& out);
    std::string evaluate(const Out& out, const std::vector<std::vector<float>>& heard);

    Console& console_;
    std::vector<Out> out_;
};

} // namespace ton::control
