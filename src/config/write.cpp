// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/write.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace ton::config {

namespace {

constexpr double exact_integers = 9007199254740992.0; // 2^53

std::string write_number(double number) {
    // 3, not 3.0: as a person writes it. -0.0 keeps its sign as a double.
    if (number == 0.0 && std::signbit(number)) return "-0.0";
    const bool whole = std::floor(number) == number && std::abs(number) < exact_integers;
    return whole ? fmt::format("{}", static_cast<std::int64_t>(number)) : fmt::format("{}", number);
}

bool is_scalar(const Node& node) { return !node.as<Node::List>() && !node.as<Node::Object>(); }

std::string write_inline(const Node::List& items) {
    if (items.empty()) return "[]";
    const bool plain = std::all_of(items.begin(), items.end(), is_scalar);
    std::string text = plain ? "[" : "[ ";
    for (std::size_t i = 0; i < items.size(); ++i) text += (i > 0 ? ", " : "") + write_json(items[i]);
    return text + (plain ? "]" : " ]");
}

std::string write_inline(const Node::Object& members) {
    if (members.empty()) return "{}";
    std::string text = "{ ";
    for (std::size_t i = 0; i < members.size(); ++i)
        text += (i > 0 ? ", " : "") + write_string(members[i].key) + ": " + write_json(members[i].value);
    return text + " }";
}

} // namespace

std::string write_string(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string write_json(const Node& node) {
    if (const auto* items = node.as<Node::List>()) return write_inline(*items);
    if (const auto* members = node.as<Node::Object>()) return write_inline(*members);
    if (const auto* text = node.as<std::string>()) return write_string(*text);
    if (const auto* number = node.as<double>()) return write_number(*number);
    if (const auto* truth = node.as<bool>()) return *truth ? "true" : "false";
    return "null";
}

std::string write_json(const Node& node, std::string_view indent, std::size_t column, const TextStyle& style) {
    auto text = write_json(node);
    if (column + text.size() <= line_width || is_scalar(node) || text.size() == 2) return text;
    const auto deeper = std::string(indent) + style.step;
    const auto* members = node.as<Node::Object>();
    const auto count = members ? members->size() : node.as<Node::List>()->size();
    text = members ? "{" : "[";
    for (std::size_t i = 0; i < count; ++i) {
        const auto key = members ? write_string((*members)[i].key) + ": " : std::string{};
        const auto& value = members ? (*members)[i].value : (*node.as<Node::List>())[i];
        const bool last = i + 1 == count;
        text += style.line_break + deeper + key + write_json(value, deeper, deeper.size() + key.size() + !last, style) + (last ? "" : ",");
    }
    return text + style.line_break + std::string(indent) + (members ? "}" : "]");
}

} // namespace ton::config
