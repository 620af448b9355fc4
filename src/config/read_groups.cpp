// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/fields.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::config {

namespace {

constexpr std::string_view groups_expected = "an object of groups such as { \"drums\": { \"members\": [\"kick\", \"tom*\"] } }";
constexpr std::string_view members_expected = "a list of strips' names, or of patterns such as \"tom*\"";

std::vector<Name> read_members(const Member& member, const Fields& fields, Diagnostics& errors) {
    const Node* node = fields.find("members");
    if (!node) {
        if (member.value.as<Node::Object>()) errors.add(member.key_at, child_path("groups", member.key), fmt::format("the members are missing, expected \"members\": {}", members_expected));
        return {};
    }
    if (const auto* name = node->as<std::string>()) return {{*name, node->at}};
    if (node->as<Node::List>()) return *fields.names("members", members_expected);
    add_wrong_type(*node, fields.path("members"), members_expected, errors);
    return {};
}

void check_members(const Group& group, const std::string& path, const std::vector<std::string_view>& strips, Diagnostics& errors) {
    for (const auto& member : group.members) {
        if (!member.given() || is_pattern(member.value) || std::ranges::find(strips, member.value) != strips.end()) continue;
        errors.add_unknown(member.at, child_path(path, "members"),
                           fmt::format("unknown strip {}, expected the name of a strip or a pattern such as \"tom*\"", quote(member.value)),
                           member.value, strips);
    }
}

Group read_group(const Member& member, Diagnostics& errors) {
    Group group;
    group.name = {member.key, member.key_at};
    const auto path = child_path("groups", member.key);
    if (auto error = group_name_error(member.key)) errors.add(member.key_at, path, std::move(*error));
    const Fields fields(member.value, path, "a group", {"name", "members", "level", "mute", "solo"}, errors);
    fields.read("name", group.display_name, "the name to show, in quotes");
    group.members = read_members(member, fields, errors);
    if (const Node* level = fields.find("level")) {
        if (const auto* decibels = level->as<double>()) group.level.push_back({{"level", level->at}, {*decibels, level->at}});
        else add_wrong_type(*level, fields.path("level"), "a number (dB)", errors);
    }
    fields.read("mute", group.mute);
    fields.read("solo", group.solo);
    return group;
}

} // namespace

std::vector<Group> read_groups(const Node& node, const std::vector<Strip>& strips, Diagnostics& errors) {
    const auto* members = node.as<Node::Object>();
    if (!members) {
        add_wrong_type(node, "groups", groups_expected, errors);
        return {};
    }
    std::vector<std::string_view> names;
    for (const auto& strip : strips) names.push_back(strip.name.value);
    std::vector<Group> groups;
    for (const auto& member : *members) {
        groups.push_back(read_group(member, errors));
        check_members(groups.back(), child_path("groups", member.key), names, errors);
    }
    return groups;
}

} // namespace ton::config
