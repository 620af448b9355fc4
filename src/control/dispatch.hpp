// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/arguments.hpp"
#include "control/console.hpp"
#include "control/osc/message.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ton::control {

class Editor;

/// Where a message's answers go: an OSC client, a terminal, or nowhere.
class Answers {
  public:
    virtual ~Answers() = default;
    virtual void reply(const osc::Message& message) = 0;
    /// Many at once, in their order; a network client gets them at a pace it can follow.
    virtual void reply_all(std::vector<osc::Message> messages) {
        for (const auto& message : messages) reply(message);
    }
    /// The message to `address` could not be obeyed. Counted by whoever implements it.
    virtual void error(std::string_view address, std::string_view reason) = 0;
};

/// Obeys OSC messages: the parameter addresses in all their forms, and verbs under /tonmeister/ that the
/// application registers. The same for a network client and for a line of `render --events`. Control thread.
class Dispatcher {
  public:
    using Verb = std::function<void(const osc::Message&, Answers&)>;

    explicit Dispatcher(Console& console) : console_(console) {
        add_verb("solo/clear", [this](const osc::Message&, Answers& a) {
            did("solo/clear");
            a.reply({"/tonmeister/solo/cleared", {console_.clear_solos(time_)}});
        });
    }

    /// `name` is what follows "/tonmeister/".
    void add_verb(std::string name, Verb verb) { verbs_[std::move(name)] = std::move(verb); }

    /// `name` is a verb elsewhere and not here: messages to it are told why.
    void add_absent(std::string name, std::string why) { absent_[std::move(name)] = std::move(why); }

    /// Obeys one message, at that absolute sample or as soon as possible.
    void obey(const osc::Message& message, std::int64_t time, Answers& answers);
    /// Obeys all messages together, at one sample.
    void obey(const osc::Batch& batch, std::int64_t time, Answers& answers);
    /// Around what one client sent as one: one edit, one step of undo; `together`: at one sample. One message alone is
    /// answered with its own outcome and so not collected. `edits`: an edit is among them.
    void begin(bool together, std::int64_t time, bool edits = false);
    void commit(bool together, Answers& answers);
    /// Who edits the graph and remembers what was moved.
    void attach(Editor& editor) { editor_ = &editor; }

    /// For verbs: a setting was moved, and what moved it; undo takes both as one step.
    void moved(const std::string& address, const Value& before, const Value& after) const;
    void did(std::string what) const;
    /// A setting that the program finds by itself, later than the verb that asked for it: a step of undo of its own.
    Outcome set_as_step(const Control& control, const Value& value, std::string what);
    /// For verbs: when the message under way is to take effect, an absolute sample or kNow.
    std::int64_t time() const { return time_; }
    /// What is being obeyed; null between messages.
    const osc::Message* under_way() const { return under_way_; }

    /// What would be wrong with a message now, nothing done; empty where it would be tried. What a verb thinks of its
    /// arguments is not asked.
    std::string complaint(const osc::Message& message) const;

  private:
    struct Aim {
        Form form = Form::value;
        std::vector<std::string> addresses;
        std::string complaint;
    };
    Aim aim(const osc::Message& message) const;
    std::string no_verb(std::string_view verb) const;
    std::string no_address(std::string_view address) const;
    void obey_verb(const osc::Message& message, std::int64_t time, Answers& answers);
    void to_controls(const osc::Message& message, std::int64_t time, Answers& answers);
    void to_control(const Control& control, Form form, const osc::Message& message, std::int64_t time, Answers& answers);
    osc::Message answer_of(const Control& control, Form form) const;
    void ask(const Aim& aim, Answers& answers) const;

    Console& console_;
    std::int64_t time_ = engine::Command::kNow;
    const osc::Message* under_way_ = nullptr;
    Editor* editor_ = nullptr;
    std::map<std::string, Verb, std::less<>> verbs_;
    std::map<std::string, std::string, std::less<>> absent_; // and why
};

/// A value as an OSC argument: a number as float (a choice as its name), a text as string.
osc::Argument to_argument(const Control& control, const Value& value);

} // namespace ton::control
