// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/verb_kinds.hpp"

#include <fmt/format.h>

#include <array>

namespace ton::control {

namespace {

constexpr std::string_view kRoot = "/tonmeister/";

bool edits(std::string_view verb) {
    return verb.starts_with("strip/") || verb.starts_with("chain/") || verb.starts_with("group/") || verb == "route";
}

template <std::size_t N> bool one_of(std::string_view verb, const std::array<std::string_view, N>& verbs) {
    return std::ranges::find(verbs, verb) != verbs.end();
}

} // namespace

bool is_whole_change(std::string_view address) {
    if (!address.starts_with(kRoot)) return false;
    return one_of(address.substr(kRoot.size()), std::array<std::string_view, 4>{"undo", "redo", "reload", "load"});
}

bool is_edit(std::string_view address) { return address.starts_with(kRoot) && edits(address.substr(kRoot.size())); }

bool changes_graph(std::string_view address) { return is_edit(address) || is_whole_change(address); }

bool sets(std::string_view address) {
    return !address.starts_with(kRoot) || one_of(address.substr(kRoot.size()), std::array<std::string_view, 2>{"scene/recall", "solo/clear"});
}

bool acts_at_once(std::string_view address) {
    return !sets(address) && !is_edit(address) && !one_of(address.substr(kRoot.size()), std::array<std::string_view, 2>{"undo", "redo"});
}

std::string word_of(const osc::Argument& argument) {
    if (const auto text = osc::string(argument)) return std::string(*text);
    const auto number = std::holds_alternative<bool>(argument) ? std::nullopt : osc::number(argument);
    return number ? fmt::format("{}", *number) : std::string();
}

void rename_in_message(osc::Message& message, const Origins& names) {
    if (!message.address.starts_with(kRoot)) {
        message.address = renamed_address(message.address, names);
        return;
    }
    const auto verb = std::string_view(message.address).substr(kRoot.size());
    if (!edits(verb) || message.args.empty()) return;
    const std::string before(verb.starts_with("group/") ? graph::kGroups : "");
    const auto known = names.find(before + word_of(message.args.front()));
    if (known != names.end() && !known->second.empty()) message.args.front() = known->second.substr(before.size());
}

} // namespace ton::control
