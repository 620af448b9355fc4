// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ton::config {

void add_wrong_type(const Node& node, std::string path, std::string_view expected, Diagnostics& errors) {
    errors.add(node.at, std::move(path), fmt::format("found {}, expected {}", describe(node), expected));
}

Fields::Fields(const Node& node, std::string path, std::string_view what,
               std::initializer_list<std::string_view> keys, Diagnostics& errors)
    : node_(node), path_(std::move(path)), errors_(errors) {
    const auto known = join({keys.begin(), keys.size()}, ", ");
    const auto* members = node.as<Node::Object>();
    if (!members) {
        add_wrong_type(node, path_, fmt::format("an object with the keys of {} ({})", what, known), errors);
        return;
    }
    for (const auto& member : *members) {
        if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
        errors.add_unknown(
            member.key_at, child_path(path_, member.key),
            fmt::format("unknown key {}, expected a key of {} ({})", quote(member.key), what, known),
            member.key, {keys.begin(), keys.size()});
    }
}

void Fields::read(std::string_view key, Located<int>& into, Limits limits) const {
    const Node* node = find(key);
    if (!node) return;
    const auto* number = node->as<double>();
    if (!number || std::floor(*number) != *number || *number < limits.least || *number > limits.most) {
        add_wrong_type(*node, path(key), fmt::format("a whole number from {} to {}", limits.least, limits.most), errors_);
        return;
    }
    into = {static_cast<int>(*number), node->at};
}

void Fields::read(std::string_view key, Located<double>& into, Span limits, std::string_view unit) const {
    const Node* node = find(key);
    if (!node) return;
    const auto* number = node->as<double>();
    if (!number || !(*number >= limits.least && *number <= limits.most)) {
        add_wrong_type(*node, path(key), fmt::format("a number from {} to {} ({})", limits.least, limits.most, unit), errors_);
        return;
    }
    into = {*number, node->at};
}

void Fields::read(std::string_view key, Located<bool>& into) const {
    const Node* node = find(key);
    if (!node) return;
    if (const auto* truth = node->as<bool>()) {
        into = {*truth, node->at};
    } else {
        add_wrong_type(*node, path(key), "true or false", errors_);
    }
}

void Fields::read(std::string_view key, Name& into, std::string_view expected) const {
    const Node* node = find(key);
    if (!node) return;
    if (const auto* text = node->as<std::string>()) {
        into = {*text, node->at};
    } else {
        add_wrong_type(*node, path(key), expected, errors_);
    }
}

std::optional<std::vector<Name>> Fields::names(std::string_view key, std::string_view expected) const {
    const Node* node = find(key);
    if (!node) return std::nullopt;
    const auto* items = node->as<Node::List>();
    if (!items) {
        add_wrong_type(*node, path(key), expected, errors_);
        return std::nullopt;
    }
    std::vector<Name> names;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Node& item = (*items)[i];
        if (const auto* text = item.as<std::string>()) {
            names.push_back({*text, item.at});
        } else {
            add_wrong_type(item, child_path(path(key), i), "a string: " + std::string(expected), errors_);
            names.emplace_back();
        }
    }
    return names;
}

} // namespace ton::config
