// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/events.hpp"
#include "control/dispatch.hpp"
#include "control/editor.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What `render --events` answers and obeys. Control thread.
namespace ton::app {

/// Errors of events are told with their line and fail the render at its end: a script with a typo is no success.
class EventAnswers : public control::Answers {
  public:
    std::string file;
    int line = 0, errors = 0;
    void reply(const control::osc::Message& message) override;
    void error(std::string_view address, std::string_view reason) override;
    /// From now on answers are of one of these, which were obeyed together: of the first with the answer's address.
    void of_any(const std::vector<TimedMessage>& events) { together_ = &events; }
    void of_line(int number) { line = number, together_ = nullptr; }
    /// An event that had to wait for a change of the graph, and now began.
    void late(const TimedMessage& event, std::int64_t begun) const;
    /// Events after the render's end: the first few of them, and how many more.
    void never(std::span<const TimedMessage> events) const;

  private:
    const std::vector<TimedMessage>* together_ = nullptr;
};

/// save and reload as a render has them, for its config's file; and why it has not the others that a daemon has.
void add_render_verbs(control::Dispatcher& dispatcher, control::Editor& editor, const std::string& config);

} // namespace ton::app
