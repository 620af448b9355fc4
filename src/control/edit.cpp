// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/edit.hpp"

#include "config/config.hpp"
#include "control/arguments.hpp"
#include "control/edit_node.hpp"
#include "control/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ton::control {

using config::Node;
using config::Path;
using config::quote;

namespace {

constexpr std::string_view kNoJson = "the JSON"; // what is wrong with it as such begins so

/// What a strip's own keys are, for people who write something else.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kSettings{{
    {"name", "the name to show"},
    {"stage", "track, mix or master"},
    {"channels", "a whole number"},
    {"input", "a list of port names such as [\"system:capture_1\"]"},
    {"output", "a list of port names such as [\"system:playback_1\"]"},
    {"guard", "an object such as {\"ceiling\":-1}"},
    {"solo_safe", "true or false"},
    {"link", "the name of the strip that is its right side"},
}};

/// A player's or recorder's "file", however deep, that a message may not name.
const std::string* forbidden_file(const Node& node) {
    if (const auto* list = node.as<Node::List>())
        for (const auto& item : *list)
            if (const auto* file = forbidden_file(item)) return file;
    if (const auto* object = node.as<Node::Object>())
        for (const auto& member : *object) {
            const auto* file = member.key == "file" ? member.value.as<std::string>() : nullptr;
            if (file && !is_below_config(*file)) return file;
            if (const auto* below = forbidden_file(member.value)) return below;
        }
    return nullptr;
}

} // namespace

std::optional<Node> read_argument(std::string_view json, std::string& error) {
    config::Diagnostics errors("");
    auto node = config::read_json(json, errors, {.text = "the text", .is = "JSON", .of = "its", .example = R"({"fader":{}})"});
    if (!errors.empty()) {
        const auto first = errors.take().front();
        error = fmt::format("{}, {}:{}: {}", kNoJson, first.line, first.column, first.message);
        return std::nullopt;
    }
    if (const auto* file = forbidden_file(*node)) {
        error = fmt::format("{}: {}", quote(*file), kBelowConfig);
        return std::nullopt;
    }
    return node;
}

std::optional<Node> read_setting(std::string_view json, std::string_view expected, std::string& error) {
    auto node = read_argument(json, error);
    if (node || !error.starts_with(kNoJson)) return node;
    const bool begun = json.empty() || json.starts_with('[') || json.starts_with('{') || json.starts_with('"');
    error = begun ? fmt::format("{}; expected {}", error, expected) : fmt::format("found {}, expected {}", quote(json), expected);
    return node;
}

Node text_node(std::string text) {
    Node node;
    node.value = std::move(text);
    return node;
}

std::vector<std::string> texts_of(const Node& node) {
    std::vector<std::string> all;
    if (const auto* one = node.as<std::string>()) all.push_back(*one);
    if (const auto* many = node.as<Node::List>())
        for (const auto& item : *many)
            if (const auto* one = item.as<std::string>()) all.push_back(*one);
    return all;
}

const Node& Edit::root() {
    if (root_) return *root_;
    config::Diagnostics errors("");
    root_ = config::read_json(document_.text(), errors);
    return *root_;
}

void Edit::did(config::Splice splice) {
    splices_.push_back(std::move(splice));
    root_.reset();
}

std::string Edit::unknown_strip(const std::string& name) {
    auto text = fmt::format("there is no strip {}", quote(name));
    if (!document_.has({std::string("strips")})) return text;
    const auto names = document_.keys({std::string("strips")});
    const std::vector<std::string_view> views(names.begin(), names.end());
    if (const auto near = config::nearest(name, views)) text += fmt::format("; did you mean {}?", quote(*near));
    return text;
}

// ----------------------------------------------------------------------------------------------- strips

std::string Edit::add_strip(const std::string& name, std::string_view json) {
    if (auto error = config::strip_name_error(name)) return *error;
    if (has_strip(name)) return fmt::format("there is a strip {} already", quote(name));
    std::string error;
    auto strip = read_argument(json, error);
    if (!strip) return error;
    if (!strip->as<Node::Object>()) return fmt::format("found {}, expected a strip: an object such as {{\"chain\":[{{\"fader\":{{}}}}]}}", config::describe(*strip));
    if (!document_.has({std::string("strips")})) {
        Node none;
        none.value = Node::Object{};
        did(document_.insert({}, "strips", none));
    }
    for (auto& member : std::get<Node::Object>(strip->value))
        if (auto* chain = member.key == "chain" ? std::get_if<Node::List>(&member.value.value) : nullptr)
            for (std::size_t i = 0; i < chain->size(); ++i) {
                const auto* word = (*chain)[i].as<std::string>();
                if (word && !find_template(root(), *word) && !graph::module_type(*word)) return fmt::format("strips.{}.chain[{}]: {}", name, i, unknown_module(*word));
                spell_out((*chain)[i]);
            }
    did(document_.insert({std::string("strips")}, name, *strip));
    origins_[name] = "";
    return {};
}

/// What a strip was called before this edit; empty where it is new.
std::string Edit::origin(const std::string& name) const {
    const auto known = origins_.find(name);
    return known == origins_.end() ? name : known->second;
}

/// A strip of before is there still, whatever it is called.
bool Edit::lives_on(const std::string& before) {
    return (has_strip(before) && origin(before) == before) || std::ranges::any_of(origins_, [&](const auto& o) { return o.second == before; });
}

/// Others that name a strip, in the text or since a hand set them so: a list for people.
std::string Edit::users_of(const std::string& name) {
    std::vector<std::string> users;
    const auto add = [&](std::string user, const std::string& strip) {
        if (strip != name && std::ranges::find(users, user) == users.end()) users.push_back(std::move(user));
    };
    for (const auto& reference : references_to(root(), name)) add(reference.user, reference.user.substr(0, reference.user.find('/')));
    const auto before = origin(name);
    if (!before.empty())
        for (const auto& user : live_users(loaded_, live_, before))
            if (user.strip != before && lives_on(user.strip)) add(fmt::format("{}/{} (set live)", user.strip, user.module), user.strip);
    return config::join(std::vector<std::string_view>(users.begin(), users.end()), ", ");
}

std::string Edit::remove_strip(const std::string& name, bool force) {
    if (!has_strip(name)) return unknown_strip(name);
    const auto users = users_of(name);
    if (!users.empty() && !force)
        return fmt::format("{} is named by {}; route them elsewhere first, or add \"force\" to remove those routes, sends and side-chains, too", quote(name), users);
    did(document_.remove(strip_path(name)));
    if (!users.empty()) remove_references(name);
    origins_.erase(name);
    renames_.emplace_back(name, "");
    return {};
}

/// Back to front, so that the places in front stay where they are.
void Edit::remove_references(const std::string& strip) {
    auto references = references_to(root(), strip);
    for (auto it = references.rbegin(); it != references.rend(); ++it) {
        const bool only_member = it->owner.back() == config::Step(std::string("members")); // a group stays, of nobody
        did(only_member ? document_.set(it->owner, Node{Node::List{}, {}}) : document_.remove(it->owner));
    }
}

std::string Edit::rename_strip(const std::string& from, const std::string& to) {
    if (!has_strip(from)) return unknown_strip(from);
    if (auto error = config::strip_name_error(to)) return *error;
    if (has_strip(to)) return fmt::format("there is a strip {} already", quote(to));
    for (const auto& reference : references_to(root(), from)) // the text changes, but no place in it does
        did(document_.set(reference.path, text_node(to + reference.text.substr(from.size()))));
    did(document_.rename(strip_path(from), to));
    keep_in_groups(from, to);
    const auto before = origin(from);
    origins_.erase(from);
    origins_[to] = before;
    renames_.emplace_back(from, to);
    return {};
}

std::string Edit::set_strip(const std::string& name, const std::string& key, std::string_view json) {
    if (!has_strip(name)) return unknown_strip(name);
    if (key == "mute" || key == "solo") return fmt::format("it is set at /{}/{}", name, key);
    if (key == "to") return "it is set by /tonmeister/route";
    if (key == "chain") return "it is changed by /tonmeister/chain/insert, remove and move";
    const auto setting = std::ranges::find(kSettings, key, &std::pair<std::string_view, std::string_view>::first);
    if (setting == kSettings.end()) {
        std::vector<std::string_view> keys;
        for (const auto& [known, expected] : kSettings) keys.push_back(known);
        return fmt::format("expected one of {}", config::join(keys, ", "));
    }
    std::string error;
    const auto value = read_setting(json, setting->second, error);
    if (!value) return error;
    put(strip_path(name), key, *value);
    return {};
}

/// A member of an object gets that value; null takes it away.
void Edit::put(const Path& object, const std::string& key, const Node& value) {
    const auto path = below(object, key);
    const bool there = document_.has(path);
    if (!std::holds_alternative<std::nullptr_t>(value.value)) did(there ? document_.set(path, value) : document_.insert(object, key, value));
    else if (there) did(document_.remove(path));
}

std::string Edit::route(const std::string& name, const std::vector<std::string>& to) {
    if (!has_strip(name)) return unknown_strip(name);
    Node node;
    if (to.size() == 1) {
        node.value = to.front();
    } else {
        Node::List names;
        for (const auto& target : to) names.push_back(text_node(target));
        node.value = std::move(names);
    }
    if (to.empty()) node.value = nullptr;
    put(strip_path(name), "to", node);
    return {};
}

} // namespace ton::control
