// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/arguments.hpp"

#include "graph/desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

namespace ton::control {

using engine::Kind;
using engine::Parameter;

namespace {

constexpr double kLongestFade = 3600.0; // s
constexpr float kSilence = -120.0F;     // dB

Taken refuse(std::string why) { return {.complaint = std::move(why)}; }

/// A number; T and F are answers to yes-or-no, not amounts.
std::optional<double> amount(const osc::Argument& argument) {
    return std::holds_alternative<bool>(argument) ? std::nullopt : osc::number(argument);
}

bool is_minus_infinity(const osc::Argument& argument) {
    if (const auto* f = std::get_if<float>(&argument)) return *f == -HUGE_VALF;
    if (const auto* d = std::get_if<double>(&argument)) return *d == -HUGE_VAL;
    const auto word = osc::string(argument);
    if (!word) return false;
    std::string lower(*word);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower == "-inf" || lower == "-infinity";
}

/// A level that goes down to silence.
bool is_level(const Parameter& row) { return row.kind == Kind::number && row.unit.starts_with("dB") && row.minimum <= kSilence; }

/// The index of the choice that is this number, -1 if there is none; nullopt where the choices are words, or this is
/// no number.
std::optional<int> numbered_choice(const Parameter& row, const osc::Argument& argument) {
    const auto number = amount(argument);
    const auto choices = engine::choices_of(row);
    if (!number) return {};
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto named = osc::number(osc::Argument(std::string(choices[i])));
        if (!named) return {};
        if (static_cast<float>(*named) == static_cast<float>(*number)) return static_cast<int>(i);
    }
    return -1;
}

std::optional<double> choice(const Parameter& row, const osc::Argument& argument) {
    if (const auto index = numbered_choice(row, argument)) return *index < 0 ? std::nullopt : std::optional<double>(*index);
    if (const auto index = amount(argument)) return index;
    const auto word = osc::string(argument);
    const auto choices = engine::choices_of(row);
    const auto it = word ? std::ranges::find(choices, *word) : choices.end();
    return it == choices.end() ? std::nullopt : std::optional<double>(static_cast<double>(it - choices.begin()));
}

std::optional<double> plain_value(const Parameter& row, const osc::Argument& argument) {
    if (row.kind == Kind::choice) return choice(row, argument);
    if (const auto number = amount(argument)) return number;
    if (row.kind == Kind::toggle)
        if (const auto truth = osc::truth(argument)) return *truth ? 1.0 : 0.0;
    if (is_level(row) && is_minus_infinity(argument)) return static_cast<double>(row.minimum);
    return {};
}

/// A config's words for it speak of quotes, which an OSC string has not.
std::string expected_text(const Parameter& row, const osc::Arguments& args) {
    if (row.ports) return graph::expected_of(row);
    const auto number = args.size() == 1 ? amount(args.front()) : std::nullopt;
    return number ? fmt::format("a text: an OSC string, which is typed \"{}\" with its quotes", *number) : "a text: an OSC string";
}

Taken take_text(const Parameter& row, Form form, const osc::Arguments& args) {
    const auto text = args.size() == 1 ? osc::string(args.front()) : std::nullopt;
    if (!text || form != Form::value) return refuse("expected " + expected_text(row, args) + (args.size() > 1 ? ", and nothing else" : ""));
    if (row.name == "file" && !is_below_config(*text)) return refuse(kBelowConfig);
    return {.complaint = {}, .value = Value{std::string(*text)}};
}

Taken take_toggle(const Parameter& row, const osc::Arguments& args, double present) {
    if (row.kind != Kind::toggle) return refuse("only an on/off parameter can be toggled");
    const auto pressed = args.empty() ? std::optional(true) : osc::truth(args.front());
    if (args.size() > 1 || !pressed) return refuse("expected nothing, or a button's 1 and 0");
    return {.complaint = {}, .value = Value{present >= 0.5 ? 0.0 : 1.0}, .nothing = !*pressed};
}

/// The seconds behind the value; empty where all is well.
std::string take_fade(const Parameter& row, const osc::Arguments& args, double& fade) {
    if (args.size() < 2) return {};
    if (args.size() > 2) return fmt::format("{} arguments are too many, expected VALUE [SECONDS]", args.size());
    if (row.kind != Kind::number || row.structural) return "it switches and can't fade, expected VALUE alone";
    const auto seconds = amount(args[1]);
    if (!seconds || *seconds < 0.0 || *seconds > kLongestFade) return "a fade takes 0 to 3600 seconds";
    fade = *seconds;
    return {};
}

} // namespace

Form take_form(std::string_view& address) {
    static constexpr std::array forms{std::pair{std::string_view{"/normal"}, Form::normal}, std::pair{std::string_view{"/inc"}, Form::increment},
                                      std::pair{std::string_view{"/toggle"}, Form::toggle}};
    for (const auto& [suffix, form] : forms)
        if (address.ends_with(suffix)) {
            address.remove_suffix(suffix.size());
            return form;
        }
    return Form::value;
}

Taken take_arguments(const Parameter& row, Form form, const osc::Arguments& args, double present) {
    if (row.kind == Kind::text) return take_text(row, form, args);
    if (form == Form::toggle) return take_toggle(row, args, present);
    const auto number = form == Form::value ? plain_value(row, args.front()) : amount(args.front());
    if (!number) return refuse("expected " + (form == Form::normal ? "a number from 0 to 1" : form == Form::increment ? "a number to add" : graph::expected_of(row)));
    Taken taken;
    if (form == Form::normal) taken.value.data = static_cast<double>(engine::from_normal(row, static_cast<float>(*number)));
    else if (form == Form::increment) taken.value.data = present + *number;
    else taken.value.data = *number;
    const bool unit = form == Form::normal || (form == Form::value && row.kind == Kind::toggle);
    taken.clamped = unit && (*number < 0.0 || *number > 1.0);
    taken.complaint = take_fade(row, args, taken.fade);
    return taken;
}

} // namespace ton::control
