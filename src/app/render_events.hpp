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
    int errors = 0;
    void reply(const control::osc::Message& message) override;
    void error(std::string_view address, std::string_view reason) override;
    void error(int line, std::string_view address, std::string_view reason);
    /// Until end() answers are to one of these, which that dispatcher obeys together.
    void begin(const std::vector<TimedMessage>& events, const control::Dispatcher& dispatcher) { together_ = &events, dispatcher_ = &dispatcher; }
    void end() { together_ = nullptr; }
    /// Which of them is being obeyed; null between them.
    const TimedMessage* under_way() const;
    /// An event that had to wait for a change of the graph, and now began.
    void late(const TimedMessage& event, std::int64_t begun) const;
    /// Events after the render's end: the first few of them, and how many more.
    void never(std::span<const TimedMessage> events) const;

  private:
    int line_of(std::string_view address) const;
    std::string place(int line) const;
    const std::vector<TimedMessage>* together_ = nullptr;
    const control::Dispatcher* dispatcher_ = nullptr;
};

/// save and reload as a render has them, for its config's file; and why it has not the others that a daemon has.
void add_render_verbs(control::Dispatcher& dispatcher, control::Editor& editor, const std::string& config);

} // namespace ton::app
