// SPDX-License-Identifier: GPL-3.0-or-later
// Edits of a desk's groups.
#include "control/edit.hpp"

#include "config/config.hpp"
#include "control/edit_node.hpp"
#include "graph/desk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::control {

using config::Node;
using config::Path;
using config::quote;

namespace {

const Path kGroupsPath{std::string("groups")};

std::string strip_name(const std::string& group) { return std::string(graph::kGroups) + group; }

} // namespace

std::string Edit::unknown_group(const std::string& name) {
    auto text = fmt::format("there is no group {}", quote(name));
    if (!document_.has(kGroupsPath)) return text;
    const auto names = document_.keys(kGroupsPath);
    const std::vector<std::string_view> views(names.begin(), names.end());
    if (const auto near = config::nearest(name, views)) text += fmt::format("; did you mean {}?", quote(*near));
    return text;
}

std::string Edit::add_group(const std::string& name, std::string_view json) {
    if (auto error = config::group_name_error(name)) return *error;
    if (document_.has(below(kGroupsPath, name))) return fmt::format("there is a group {} already", quote(name));
    std::string error;
    const auto group = read_argument(json, error);
    if (!group) return error;
    if (!group->as<Node::Object>()) return fmt::format("found {}, expected a group: an object such as {{\"members\":[\"kick\",\"tom*\"]}}", config::describe(*group));
    if (!document_.has(kGroupsPath)) did(document_.insert({}, "groups", Node{Node::Object{}, {}}));
    did(document_.insert(kGroupsPath, name, *group));
    origins_[strip_name(name)] = "";
    return {};
}

std::string Edit::remove_group(const std::string& name) {
    if (!document_.has(below(kGroupsPath, name))) return unknown_group(name);
    did(document_.remove(below(kGroupsPath, name)));
    origins_.erase(strip_name(name));
    return {};
}

std::string Edit::rename_group(const std::string& from, const std::string& to) {
    if (!document_.has(below(kGroupsPath, from))) return unknown_group(from);
    if (auto error = config::group_name_error(to)) return *error;
    if (document_.has(below(kGroupsPath, to))) return fmt::format("there is a group {} already", quote(to));
    did(document_.rename(below(kGroupsPath, from), to));
    const auto before = origin(strip_name(from));
    origins_.erase(strip_name(from));
    origins_[strip_name(to)] = before;
    return {};
}

std::string Edit::set_group(const std::string& name, const std::string& key, std::string_view json) {
    const auto group = below(kGroupsPath, name);
    if (!document_.has(group)) return unknown_group(name);
    if (key == "level" || key == "mute" || key == "solo") return fmt::format("it is set at /groups/{}/{}", name, key);
    if (key != "members" && key != "name") return "expected members or name";
    std::string error;
    const auto value = read_setting(json, key == "members" ? R"(a list of strips such as ["kick","tom*"])" : "the name to show", error);
    if (!value) return error;
    put(group, key, *value);
    return {};
}

/// A strip that is in a group by a pattern, and would drop out of it by its new name, is named beside the pattern.
void Edit::keep_in_groups(const std::string& from, const std::string& to) {
    const Node whole = root();
    const auto* groups = whole.find("groups");
    const auto* all = groups ? groups->as<Node::Object>() : nullptr;
    for (const auto& group : all ? *all : Node::Object{}) {
        const auto* members = group.value.find("members");
        const auto names = members ? texts_of(*members) : std::vector<std::string>{};
        if (!graph::is_member(from, names) || graph::is_member(to, names)) continue;
        const Path path{std::string("groups"), group.key, std::string("members")};
        if (const auto* list = members->as<Node::List>()) did(document_.insert(path, list->size(), text_node(to)));
        else did(document_.set(path, Node{Node::List{text_node(names.front()), text_node(to)}, {}}));
    }
}

} // namespace ton::control
