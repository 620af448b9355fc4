// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/dispatch.hpp"

#include "control/osc/pattern.hpp"
#include "graph/desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>

namespace ton::control {

using engine::Kind;

namespace {

constexpr std::string_view kRoot = "/tonmeister/";

/// The index of the choice that is this number, -1 if there is none; nullopt where the choices are words, or this is
/// no number.
std::optional<int> numbered_choice(const engine::Parameter& row, const osc::Argument& argument) {
    const auto number = osc::number(argument);
    const auto choices = engine::choices_of(row);
    if (!number) return {};
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto named = osc::number(osc::Argument(std::string(choices[i])));
        if (!named) return {};
        if (static_cast<float>(*named) == static_cast<float>(*number)) return static_cast<int>(i);
    }
    return -1;
}

/// A toggle or a choice by its word, a number in any type; NaN and infinity are no numbers.
/// Where the choices are numbers ("12" dB/oct), a number is that choice; of other choices it is the index.
std::optional<double> number_for(const engine::Parameter& row, const osc::Argument& argument) {
    if (row.kind == Kind::choice)
        if (const auto index = numbered_choice(row, argument)) return *index < 0 ? std::nullopt : std::optional<double>(*index);
    if (const auto number = osc::number(argument)) return number;
    if (row.kind == Kind::toggle)
        if (const auto truth = osc::truth(argument)) return *truth ? 1.0 : 0.0;
    if (row.kind == Kind::choice)
        if (const auto word = osc::string(argument)) {
            const auto choices = engine::choices_of(row);
            const auto it = std::ranges::find(choices, *word);
            if (it != choices.end()) return static_cast<double>(it - choices.begin());
        }
    return {};
}

/// Wildcards alone for a parameter's name would write to everything there is, bypasses and all: no hand means that.
bool names_a_parameter(std::string_view pattern) {
    return pattern.substr(pattern.rfind('/') + 1).find_first_not_of("*?") != std::string_view::npos;
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
    console_.begin();
    for (const auto& message : batch.messages) obey(message, time, answers);
    console_.commit();
}

void Dispatcher::obey(const osc::Message& message, std::int64_t time, Answers& answers) {
    if (message.address.starts_with(kRoot)) {
        const auto verb = verbs_.find(std::string_view(message.address).substr(kRoot.size()));
        if (verb == verbs_.end()) answers.error(message.address, "there is no such verb; /tonmeister/list shows every address");
        else verb->second(message, answers);
        return;
    }
    to_controls(message, time, answers);
}

void Dispatcher::to_controls(const osc::Message& message, std::int64_t time, Answers& answers) {
    // A parameter's forms are siblings below it. No parameter is called normal, inc or toggle.
    static constexpr std::array forms{std::pair{std::string_view{"/normal"}, Form::normal},
                                      std::pair{std::string_view{"/inc"}, Form::increment},
                                      std::pair{std::string_view{"/toggle"}, Form::toggle}};
    std::string_view address = message.address;
    Form form = Form::value;
    const auto* control = console_.find(address);
    if (!control)
        for (const auto& [suffix, f] : forms)
            if (address.ends_with(suffix)) {
                form = f;
                address.remove_suffix(suffix.size());
                control = console_.find(address);
                break;
            }
    if (control) return to_control(*control, form, message, time, answers);
    if (!osc::is_pattern(address)) return answers.error(message.address, "there is no such address");
    const auto pattern = osc::Pattern::parse(address);
    if (!pattern) return answers.error(message.address, "this pattern is malformed");
    const bool writes = !message.args.empty() || form == Form::toggle;
    if (writes && !names_a_parameter(address))
        return answers.error(message.address, "a pattern that sets must name its parameter, as /*/fader/level does");
    // Indices, not references: a structural change rebuilds the list while we walk it.
    std::vector<std::string> matches;
    for (const auto& c : console_.controls())
        if (pattern->matches(c.address) && !(writes && c.meter())) matches.push_back(c.address);
    if (matches.empty()) return answers.error(message.address, "this pattern matches nothing");
    console_.begin();
    for (const auto& match : matches)
        if (const auto* found = console_.find(match)) to_control(*found, form, message, time, answers);
    console_.commit();
}

void Dispatcher::to_control(const Control& control, Form form, const osc::Message& message, std::int64_t time, Answers& answers) {
    if (message.args.empty() && form != Form::toggle) return ask(control, form, answers);
    Value value;
    double fade = -1;
    const auto complaint = take_arguments(control, form, message.args, value, fade);
    if (!complaint.empty()) return answers.error(message.address, complaint);
    const std::string address = control.address; // the control may move when the graph changes
    const auto outcome = console_.set(control, value, fade, time);
    if (!outcome.error.empty()) return answers.error(message.address, outcome.error);
    // The sender hears what was applied only where it is not what it sent; everybody else by subscription.
    if (const auto* now = console_.find(address); now && outcome.clamped)
        answers.reply({address, {to_argument(*now, outcome.applied)}});
}

void Dispatcher::ask(const Control& control, Form form, Answers& answers) const {
    const auto value = console_.get(control);
    if (form == Form::normal && std::holds_alternative<double>(value.data)) {
        const auto normal = engine::to_normal(*control.parameter, static_cast<float>(value.number()));
        return answers.reply({control.address + "/normal", {normal}});
    }
    answers.reply({control.address, {to_argument(control, value)}});
}

std::string Dispatcher::take_arguments(const Control& control, Form form, const osc::Arguments& args, Value& value, double& fade) const {
    const auto& row = *control.parameter;
    if (row.kind == Kind::text) {
        const auto text = args.empty() ? std::nullopt : osc::string(args.front());
        if (!text || form != Form::value) return "expected " + graph::expected_of(row);
        // Whoever may send messages may not therefore name any file of this machine.
        if (row.name == "file" && (text->starts_with('/') || text->find("..") != std::string_view::npos))
            return "a file is named below the config's folder: no leading /, no ..";
        value.data = std::string(*text);
        return {};
    }
    if (form == Form::toggle) {
        if (row.kind != Kind::toggle) return "only an on/off parameter can be toggled";
        value.data = console_.get(control).number() >= 0.5 ? 0.0 : 1.0;
        return {};
    }
    const auto number = form == Form::value ? number_for(row, args.front()) : osc::number(args.front());
    if (!number) return "expected " + graph::expected_of(row);
    if (form == Form::normal) value.data = static_cast<double>(engine::from_normal(row, static_cast<float>(*number)));
    else if (form == Form::increment) value.data = console_.get(control).number() + *number;
    else value.data = *number;
    if (args.size() > 1) {
        const auto seconds = osc::number(args[1]);
        if (!seconds || *seconds < 0.0 || *seconds > 3600.0) return "a fade takes 0 to 3600 seconds";
        fade = *seconds;
    }
    return {};
}

} // namespace ton::control
