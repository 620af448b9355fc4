// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/render_events.hpp"

#include "app/config_files.hpp"
#include "config/diagnostic.hpp"
#include "control/config_names.hpp"
#include "control/state.hpp"
#include "control/verb_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace ton::app {

using control::Answers;
using control::Editor;
using control::osc::Message;

const TimedMessage* EventAnswers::under_way() const {
    const auto* message = together_ ? dispatcher_->under_way() : nullptr;
    if (!message) return nullptr;
    for (const auto& event : *together_)
        if (&event.message == message) return &event;
    const auto copy = std::ranges::find(*together_, *message, &TimedMessage::message); // kept for the edit beside it
    return copy == together_->end() ? nullptr : &*copy;
}

/// 0: of none of them. What is answered between them is of that address, or of the edit that they make, which is known by its first verb.
int EventAnswers::line_of(std::string_view address) const {
    if (const auto* event = under_way()) return event->line;
    if (!together_) return 0;
    auto event = std::ranges::find(*together_, address, [](const TimedMessage& e) { return std::string_view(e.message.address); });
    if (event == together_->end()) event = std::ranges::find_if(*together_, [](const TimedMessage& e) { return control::is_edit(e.message.address); });
    return event == together_->end() ? together_->back().line : event->line;
}

std::string EventAnswers::place(int line) const { return line > 0 ? fmt::format("{}:{}", file, line) : file; }

void EventAnswers::reply(const Message& message) { fmt::print(stderr, "{}: {}\n", place(line_of({})), control::osc::to_text(message)); }

void EventAnswers::error(std::string_view address, std::string_view reason) { error(line_of(address), address, reason); }

void EventAnswers::error(int line, std::string_view address, std::string_view reason) {
    ++errors;
    fmt::print(stderr, "{}: {}: {}\n", place(line), address, reason);
}

void EventAnswers::late(const TimedMessage& event, std::int64_t begun) const {
    fmt::print(stderr, "{}:{}: {}: begun {} samples late, when the change of the graph before it was over\n", file, event.line, event.message.address, begun - event.time);
}

void EventAnswers::never(std::span<const TimedMessage> events) const {
    constexpr std::size_t shown = 5;
    for (const auto& event : events.first(std::min(events.size(), shown)))
        fmt::print(stderr, "{}:{}: {}: never happens, the render ends before sample {}\n", file, event.line, event.message.address, event.time);
    if (events.size() > shown) fmt::print(stderr, "{}: and {} after the end\n", file, config::counted(events.size() - shown, "more event"));
}

namespace {

void reload(Editor& editor, const std::string& config, const Message& message, Answers& answers) {
    if (auto why = editor.alone(); !why.empty()) return answers.error(message.address, why);
    const auto text = control::read_whole(config);
    if (!text) return answers.error(message.address, text.error());
    std::vector<config::Diagnostic> errors;
    std::vector<control::Unfit> unfit;
    const auto result = editor.reload(*text, errors, unfit);
    control::tell_unfit(unfit, answers);
    for (const auto& error : errors) answers.error(message.address, config::format(error));
    const auto file = control::whole_name(config);
    if (result == Editor::Result::done) answers.reply({"/tonmeister/reloaded", {file}});
    if (result == Editor::Result::unchanged) answers.reply({"/tonmeister/reloaded", {file, std::string("unchanged")}});
}

} // namespace

void add_render_verbs(control::Dispatcher& dispatcher, Editor& editor, const std::string& config) {
    dispatcher.add_verb("save", [&editor, config](const Message& m, Answers& answers) {
        if (auto why = editor.alone(); !why.empty()) return answers.error(m.address, why);
        const auto saved = save_config(editor, config, config, m, nullptr); // a render leaves its own config alone
        if (saved) answers.reply({"/tonmeister/saved", {*saved}});
        else answers.error(m.address, saved.error());
    });
    dispatcher.add_verb("reload", [&editor, config](const Message& m, Answers& answers) { reload(editor, config, m, answers); });
    for (const auto* name : {"info", "insert/ping", "list", "load", "ping", "reply", "status", "subscribe", "sync", "unsubscribe"})
        dispatcher.add_absent(name, "not in a render");
}

} // namespace ton::app
