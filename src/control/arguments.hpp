// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/console.hpp"
#include "control/osc/message.hpp"

#include <string>
#include <string_view>

/// What a message's arguments say about a parameter. Control thread.
namespace ton::control {

/// Whoever may send messages may not therefore name any file of this machine.
inline bool is_below_config(std::string_view file) { return !file.starts_with('/') && file.find("..") == std::string_view::npos; }
inline constexpr const char* kBelowConfig = "a file is named below the config's folder: no leading /, no ..";

/// A parameter's address as it is, or with one of these behind it: /normal, /inc, /toggle.
enum class Form { value, normal, increment, toggle };

/// Takes the form off an address; no parameter is called normal, inc or toggle.
Form take_form(std::string_view& address);

struct Taken {
    std::string complaint; ///< not empty: refused, and why
    Value value{};         ///< in the table's unit
    double fade = -1;      ///< s; negative: the row's own smoothing
    bool clamped = false;  ///< the value sent was beyond the form's own travel
    bool nothing = false;  ///< a button was released: nothing to do
};

/// `present` is the value in effect, which /inc and /toggle start from.
///
/// - a number or whole number: i h f d or a numeric s; of a level, -inf is silence
/// - a switch: a number (on from 0.5), T or F, true/false, on/off, yes/no
/// - a choice: its word, or its index; where the choices are numbers, that number
/// - a text: s
/// - behind a number that can fade, seconds; anything more is refused
/// - /toggle takes nothing, or what a button sends: it acts when pressed (0.5 or more), not when released
Taken take_arguments(const engine::Parameter& row, Form form, const osc::Arguments& args, double present);

} // namespace ton::control
