// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/dispatch.hpp"

#include "control/editor.hpp"
#include "control/osc/pattern.hpp"
#include "control/verb_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace ton::control {

using engine::Kind;

namespace {

constexpr std::string_view kRoot = "/tonmeister/";
constexpr const char* kNoVerb = "there is no such verb; /tonmeister/list shows every address";

/// Wildcards alone for a parameter's name would write to everything there is, bypasses and all: no hand means that.
bool names_a_parameter(std::string_view pattern) {
    for (auto name = pattern.substr(pattern.rfind('/') + 1); !name.empty();) {
        const char c = name.front();
        const auto end = c == '[' ? name.find(']') : c == '{' ? name.find('}') : 0;
        const auto part = name.substr(0, std::min(end, name.size() - 1) + 1);
        const bool may_be_nothing = c == '{' && (part == "{}" || part.starts_with("{,") || part.ends_with(",}") || part.find(",,") != part.npos);
        if (c != '*' && c != '?' && c != '[' && !may_be_nothing) return true; // [] stands for one character
        name.remove_prefix(part.size());
    }
    return false;
}

} // namespace

osc::Argument to_argument(const Control& control, const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    if (control.parameter->kind == Kind::choice) {
        const auto choices = engine::choices_of(*control.parameter);
        const auto index = static_cast<std::size_t>(value.number());
        if (index < choices.size()) return std::string(choices[index]);
    }
    return static_cast<float>(value.number());
}

void Dispatcher::obey(const osc::Batch& batch, std::int64_t time, Answers& answers) {
    begin(true, time, std::ranges::any_of(batch.messages, is_edit, &osc::Message::address));
    for (const auto& message : batch.messages) obey(message, time, answers);
    commit(true, answers);
}

void Dispatcher::begin(bool together, std::int64_t time, bool edits) {
    if (editor_) editor_->begin(time, edits);
    if (together) console_.begin();
}

void Dispatcher::commit(bool together, Answers& answers) {
    if (editor_) editor_->commit(answers); // first: settings that wait for a new plan then wait for the edit's
    if (together) console_.commit();
}

void Dispatcher::obey(const osc::Message& message, std::int64_t time, Answers& answers) {
    if (editor_ && editor_->keep(message)) return;
    const auto* before = std::exchange(under_way_, &message);
    if (message.address.starts_with(kRoot)) obey_verb(message, time, answers);
    else to_controls(message, time, answers);
    under_way_ = before;
}

void Dispatcher::obey_verb(const osc::Message& message, std::int64_t time, Answers& answers) {
    const auto name = std::string_view(message.address).substr(kRoot.size());
    const auto verb = verbs_.find(name);
    if (verb == verbs_.end()) {
        if (editor_ && is_edit(message.address)) editor_->call_off();
        return answers.error(message.address, no_verb(name));
    }
    const auto before = std::exchange(time_, time);
    try {
        verb->second(message, answers);
    } catch (const std::exception& e) { // a defect of ours: told, and the music goes on
        answers.error(message.address, e.what());
    }
    time_ = before;
}

std::string Dispatcher::no_verb(std::string_view verb) const {
    if (verbs_.contains(verb)) return {};
    const auto absent = absent_.find(verb);
    return absent == absent_.end() ? kNoVerb : absent->second;
}

std::string Dispatcher::no_address(std::string_view address) const {
    constexpr std::string_view none = "there is no such address";
    const auto strip = address.starts_with('/') ? strip_of(address) : std::string_view();
    const int s = console_.desk().index(strip);
    if (s < 0 || address.size() <= strip.size() + 2) return std::string(none);
    const auto rest = address.substr(strip.size() + 2);
    const auto* module = console_.desk().strips[static_cast<std::size_t>(s)].find(rest.substr(0, rest.find('/')));
    if (!module || rest.size() <= module->name.size()) return std::string(none);
    const auto size = graph::beyond_size(*module->type, rest.substr(module->name.size() + 1));
    return size.empty() ? std::string(none) : fmt::format("{}: this {} is {}", none, module->type->name, size);
}

/// Which controls a message means, by address: a structural change rebuilds the list while it is walked.
Dispatcher::Aim Dispatcher::aim(const osc::Message& message) const {
    std::string_view address = message.address;
    if (console_.find(address)) return {.form = Form::value, .addresses = {message.address}, .complaint = {}};
    Aim aim{.form = take_form(address), .addresses = {}, .complaint = {}};
    const auto refuse = [&](const char* why) { return aim.complaint = why, aim; };
    if (console_.find(address)) return aim.addresses.emplace_back(address), aim;
    if (!osc::is_pattern(address)) return aim.complaint = no_address(address), aim;
    const auto pattern = osc::Pattern::parse(address);
    if (!pattern) return refuse("this pattern is malformed");
    const bool writes = !message.args.empty() || aim.form == Form::toggle;
    if (writes && !names_a_parameter(address)) return refuse("a pattern that sets must name its parameter, as /*/fader/level does");
    for (const auto& c : console_.controls())
        if (pattern->matches(c.address) && !(writes && c.meter())) aim.addresses.push_back(c.address);
    return aim.addresses.empty() ? refuse("this pattern matches nothing") : aim;
}

void Dispatcher::to_controls(const osc::Message& message, std::int64_t time, Answers& answers) {
    const auto aimed = aim(message);
    if (!aimed.complaint.empty()) return answers.error(message.address, aimed.complaint);
    if (message.args.empty() && aimed.form != Form::toggle) return ask(aimed, answers);
    const bool together = aimed.addresses.size() > 1; // one alone is answered with its own outcome
    if (together) console_.begin();
    const bool relative = aimed.form == Form::increment || aimed.form == Form::toggle;
    std::set<std::string> moved_along; // a linked strip's row has taken this step with its partner's
    for (const auto& address : aimed.addresses) {
        const auto* found = console_.find(address);
        if (!found || moved_along.contains(address)) continue;
        if (const auto* partner = relative ? console_.partner_of(*found) : nullptr) moved_along.insert(partner->address);
        to_control(*found, aimed.form, message, time, answers);
    }
    if (together) console_.commit();
}

std::string Dispatcher::complaint(const osc::Message& message) const {
    if (message.address.starts_with(kRoot)) return no_verb(std::string_view(message.address).substr(kRoot.size()));
    const auto aimed = aim(message);
    if (!aimed.complaint.empty() || (message.args.empty() && aimed.form != Form::toggle)) return aimed.complaint;
    for (const auto& address : aimed.addresses) {
        const auto& control = *console_.find(address);
        if (control.meter()) return "this is a read-out and can't be set";
        if (auto text = take_arguments(*control.parameter, aimed.form, message.args, console_.present(control).number()).complaint; !text.empty()) return text;
    }
    return {};
}

void Dispatcher::to_control(const Control& control, Form form, const osc::Message& message, std::int64_t time, Answers& answers) {
    if (control.meter()) return answers.error(message.address, "this is a read-out and can't be set");
    const auto taken = take_arguments(*control.parameter, form, message.args, console_.present(control).number());
    if (!taken.complaint.empty()) return answers.error(message.address, taken.complaint);
    if (taken.nothing) return;
    const std::string address = control.address; // the control may move when the graph changes
    const bool undoable = !console_.left_to_hands(control);
    const auto before = console_.get(control);
    const auto outcome = console_.set(control, taken.value, taken.fade, time);
    if (!outcome.error.empty()) return answers.error(message.address, outcome.error);
    if (editor_ && undoable) editor_->moved(address, before, outcome.applied);
    // The sender hears what was applied only where it is not what it sent; everybody else by subscription.
    const auto* now = console_.find(address);
    if (!now || !(outcome.clamped || taken.clamped)) return;
    answers.reply(form == Form::normal ? answer_of(*now, form) : osc::Message{address, {to_argument(*now, outcome.applied)}});
}

void Dispatcher::moved(const std::string& address, const Value& before, const Value& after) const {
    if (editor_) editor_->moved(address, before, after);
}

void Dispatcher::did(std::string what) const {
    if (editor_) editor_->did(std::move(what));
}

osc::Message Dispatcher::answer_of(const Control& control, Form form) const {
    const auto value = console_.present(control);
    if (form == Form::normal && std::holds_alternative<double>(value.data)) {
        const auto normal = engine::to_normal(*control.parameter, static_cast<float>(value.number()));
        return {control.address + "/normal", {normal}};
    }
    return {control.address, {to_argument(control, value)}};
}

namespace {
/// Nobody waits for one.
class NoAnswers : public Answers {
    void reply(const osc::Message&) override {}
    void error(std::string_view, std::string_view) override {}
};
} // namespace

Outcome Dispatcher::set_as_step(const Control& control, const Value& value, std::string what) {
    NoAnswers none;
    begin(false, engine::Command::kNow);
    const auto address = control.address; // the control may move when the graph changes
    const auto before = console_.get(control);
    auto outcome = console_.set(control, value);
    if (outcome.error.empty()) moved(address, before, outcome.applied);
    did(std::move(what));
    commit(false, none);
    return outcome;
}

void Dispatcher::ask(const Aim& aim, Answers& answers) const {
    std::vector<osc::Message> all;
    for (const auto& address : aim.addresses) all.push_back(answer_of(*console_.find(address), aim.form));
    if (all.size() == 1) answers.reply(all.front());
    else answers.reply_all(std::move(all));
}

} // namespace ton::control
