// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/dispatch.hpp"
#include "dsp/loop_delay.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ton::control {

/// /tonmeister/insert/ping STRIP [MODULE] [LEVEL], or STRIP/MODULE [LEVEL]: sends noise of 43 ms around an insert's loop, finds how long it was away, and makes
/// that the insert's latency: a step of undo. What comes back is searched a little at each poll. Control thread.
class InsertPing {
  public:
    /// The answer, or with an address of "/tonmeister/error" the reason why there is none.
    using Answer = std::function<void(const osc::Message&)>;

    explicit InsertPing(Console& console, Dispatcher& dispatcher) : console_(console), dispatcher_(dispatcher) {}
    /// Empty where a ping is on its way, else why not.
    std::string start(const osc::Message& message, Answer answer);
    /// An answer for the log; empty of one that says why there is none.
    static std::string told(const osc::Message& answer);
    /// Every few milliseconds: answers the pings that are over. 2 ms at most.
    void poll();

  private:
    using Clock = std::chrono::steady_clock;
    struct Search { ///< through what came back, channel by channel
        std::vector<std::vector<float>> heard;
        std::vector<dsp::LoopDelay> found;
        std::optional<dsp::LoopSearch> channel;
    };
    struct Out {
        std::string strip_key, module; ///< the strip may get another name meanwhile
        std::vector<float> sent;
        Answer answer;
        Clock::time_point latest; ///< callbacks may end meanwhile
        std::unique_ptr<Search> search; ///< once it has come back
    };
    std::string find(std::vector<std::string> names, const graph::Strip*& strip, const graph::Module*& module) const;
    const graph::Strip* strip_of(const Out& out) const;
    engine::Loop* loop(const graph::Strip& strip, const std::string& module) const;
    bool over(Out& out, std::size_t& delays);
    bool search(Out& out, std::size_t& delays);
    std::string judge(const Search& search) const;
    std::string finish(const Out& out, const graph::Strip& strip);

    Console& console_;
    Dispatcher& dispatcher_;
    std::vector<Out> out_;
};

} // namespace ton::control
