// SPDX-License-Identifier: GPL-3.0-or-later
// The editor's verbs: what /tonmeister/strip/add and the like take.
#include "config/write.hpp"
#include "control/editor.hpp"
#include "control/verb_kinds.hpp"

#include <fmt/format.h>

#include <cmath>
#include <exception>

namespace ton::control {

namespace {

std::string text_of(const osc::Message& message, std::size_t index) { return index < message.args.size() ? word_of(message.args[index]) : std::string(); }

/// An argument as JSON: a text is JSON already, a number and T or F stand for themselves.
std::string json_of(const osc::Message& message, std::size_t index) {
    if (const auto* flag = std::get_if<bool>(&message.args[index])) return *flag ? "true" : "false";
    const auto number = osc::string(message.args[index]) ? std::nullopt : osc::number(message.args[index]);
    return number ? fmt::format("{}", *number) : text_of(message, index);
}

/// A strip's or group's setting as JSON; where it is a name, plain words will do.
std::string setting_of(const osc::Message& message) {
    const auto key = text_of(message, 1);
    auto json = json_of(message, 2);
    const bool names = key == "name" || key == "stage" || key == "link";
    return names && osc::string(message.args[2]) && json != "null" && !json.starts_with('"') ? config::write_string(json) : json;
}

std::optional<ModulePlace> place_of(const osc::Message& message, std::size_t index) {
    if (index >= message.args.size()) return {};
    if (const auto number = osc::number(message.args[index])) {
        if (*number != std::round(*number) || std::abs(*number) > 1e6) return {};
        return static_cast<std::ptrdiff_t>(*number);
    }
    const auto name = osc::string(message.args[index]);
    return name ? std::optional<ModulePlace>(std::string(*name)) : std::nullopt;
}

constexpr const char* kPlaceExpected = "a place is a whole number (from the end where negative) or a module's name";

} // namespace

void Editor::edit_verb(const char* name, std::function<std::string(Edit&, const osc::Message&)> verb) {
    dispatcher_.add_verb(name, [this, name, verb = std::move(verb)](const osc::Message& message, Answers& answers) {
        if (!edit_) {
            if (!console_.ready()) return call_off(), answers.error(message.address, change_under_way);
            edit_.emplace(document_, console_.loaded(), console_.desk());
            first_verb_ = message.address;
        }
        std::string error;
        try {
            error = verb(*edit_, message);
        } catch (const std::exception& e) { // a text that an earlier verb of the bundle left without its usual shape
            error = e.what();
        }
        if (!error.empty()) {
            call_off();
            return answers.error(message.address, error);
        }
        follow(name, message);
        done_.push_back(fmt::format("{} {}", name, text_of(message, 0)));
    });
}

/// What was set in front of a new name is meant for whom gets it, and what goes takes along what was meant for it.
void Editor::follow(std::string_view verb, const osc::Message& message) {
    const std::string group(verb.starts_with("group/") ? graph::kGroups : "");
    const auto name = group + text_of(message, 0);
    if (verb == "strip/rename" || verb == "group/rename")
        for (auto& kept : kept_) rename_in_message(kept, {{name, group + text_of(message, 1)}});
    if (verb == "strip/remove" || verb == "group/remove")
        std::erase_if(kept_, [&](const osc::Message& kept) { return strip_of(kept.address) == name; });
}

void Editor::add_edit_verbs() {
    edit_verb("strip/add", [](Edit& edit, const osc::Message& m) {
        const auto json = text_of(m, 1);
        if (m.args.empty() || m.args.size() > 2 || (m.args.size() == 2 && json.empty())) return std::string("expected NAME [JSON]");
        return edit.add_strip(text_of(m, 0), json.empty() ? "{}" : json);
    });
    edit_verb("strip/remove", [](Edit& edit, const osc::Message& m) {
        const bool force = text_of(m, 1) == "force";
        if (m.args.empty() || m.args.size() > 2 || (m.args.size() == 2 && !force)) return std::string("expected NAME [\"force\"]");
        return edit.remove_strip(text_of(m, 0), force);
    });
    edit_verb("strip/rename", [](Edit& edit, const osc::Message& m) {
        if (m.args.size() != 2) return std::string("expected OLD NEW");
        return edit.rename_strip(text_of(m, 0), text_of(m, 1));
    });
    edit_verb("strip/set", [](Edit& edit, const osc::Message& m) {
        if (m.args.size() != 3) return std::string("expected NAME KEY JSON");
        return edit.set_strip(text_of(m, 0), text_of(m, 1), setting_of(m));
    });
    edit_verb("route", [](Edit& edit, const osc::Message& m) {
        if (m.args.empty()) return std::string("expected STRIP [TO…]");
        std::vector<std::string> to;
        for (std::size_t i = 1; i < m.args.size(); ++i) to.push_back(text_of(m, i));
        return edit.route(text_of(m, 0), to);
    });
    edit_verb("group/add", [](Edit& edit, const osc::Message& m) {
        if (m.args.size() != 2) return std::string("expected NAME JSON");
        return edit.add_group(text_of(m, 0), text_of(m, 1));
    });
    edit_verb("group/remove", [](Edit& edit, const osc::Message& m) {
        if (m.args.size() != 1) return std::string("expected NAME");
        return edit.remove_group(text_of(m, 0));
    });
    edit_verb("group/rename", [](Edit& edit, const osc::Message& m) {
        if (m.args.size() != 2) return std::string("expected OLD NEW");
        return edit.rename_group(text_of(m, 0), text_of(m, 1));
    });
    edit_verb("group/set", [](Edit& edit, const osc::Message& m) {
        if (m.args.size() != 3) return std::string("expected NAME KEY JSON");
        return edit.set_group(text_of(m, 0), text_of(m, 1), setting_of(m));
    });
    edit_verb("chain/insert", [](Edit& edit, const osc::Message& m) {
        const auto place = place_of(m, 1);
        if (m.args.size() != 3) return std::string("expected STRIP PLACE JSON");
        return place ? edit.insert_module(text_of(m, 0), *place, text_of(m, 2)) : kPlaceExpected;
    });
    edit_verb("chain/remove", [](Edit& edit, const osc::Message& m) {
        const auto place = place_of(m, 1);
        if (m.args.size() != 2) return std::string("expected STRIP PLACE");
        return place ? edit.remove_module(text_of(m, 0), *place) : kPlaceExpected;
    });
    edit_verb("chain/move", [](Edit& edit, const osc::Message& m) {
        const auto from = place_of(m, 1), to = place_of(m, 2);
        if (m.args.size() != 3) return std::string("expected STRIP FROM TO");
        return from && to ? edit.move_module(text_of(m, 0), *from, *to) : kPlaceExpected;
    });
}

} // namespace ton::control
