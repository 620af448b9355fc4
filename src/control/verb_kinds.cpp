// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/verb_kinds.hpp"

#include <array>

namespace ton::control {

namespace {

constexpr std::string_view kRoot = "/tonmeister/";

bool is_edit(std::string_view verb) {
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

bool changes_graph(std::string_view address) { return address.starts_with(kRoot) && (is_edit(address.substr(kRoot.size())) || is_whole_change(address)); }

bool acts_at_once(std::string_view address) {
    if (!address.starts_with(kRoot)) return false;
    const auto verb = address.substr(kRoot.size());
    return !is_edit(verb) && !one_of(verb, std::array<std::string_view, 4>{"undo", "redo", "scene/recall", "solo/clear"});
}

void rename_in_message(osc::Message& message, const Origins& names) {
    if (!message.address.starts_with(kRoot)) {
        message.address = renamed_address(message.address, names);
        return;
    }
    const auto verb = std::string_view(message.address).substr(kRoot.size());
    auto* word = is_edit(verb) && !message.args.empty() ? std::get_if<std::string>(&message.args.front()) : nullptr;
    if (!word) return;
    const std::string before(verb.starts_with("group/") ? graph::kGroups : "");
    const auto known = names.find(before + *word);
    if (known != names.end() && !known->second.empty()) *word = known->second.substr(before.size());
}

} // namespace ton::control
