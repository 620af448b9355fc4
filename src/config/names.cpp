// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ton::config {

namespace {

constexpr std::size_t longest_name = 64; // JACK's port names hold the client's, the strip's and the port's

/// What every strip has at the address where its modules are.
constexpr std::array<std::string_view, 7> strip_addresses{"mute", "solo", "meter", "guard", "level", "in", "out"};

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::optional<std::string> name_error(std::string_view name) {
    const auto fits = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
    const bool right = std::all_of(name.begin(), name.end(), fits) &&
                       std::any_of(name.begin(), name.end(), is_alphanumeric) && name.size() <= longest_name;
    if (right) return std::nullopt;
    return fmt::format(
        "{} can't be a name in addresses, expected 1 to {} of A-Z a-z 0-9 - _ . (at least one a letter "
        "or digit)",
        quote(name), longest_name);
}

} // namespace

std::optional<std::string> strip_name_error(std::string_view name) {
    if (name == "tonmeister") return "\"tonmeister\" is the daemon's own address, expected another name";
    if (name == "groups") return "\"groups\" is the address of the groups, expected another name";
    return name_error(name);
}

std::optional<std::string> group_name_error(std::string_view name) { return name_error(name); }

bool is_pattern(std::string_view member) { return member.find_first_of("*?[") != std::string_view::npos; }

std::optional<std::string> module_name_error(std::string_view name) {
    if (std::find(strip_addresses.begin(), strip_addresses.end(), name) != strip_addresses.end()) {
        return fmt::format("{} is an address of the strip itself, expected another name for the module",
                           quote(name));
    }
    return name_error(name);
}

std::string_view to_text(Stage stage) {
    constexpr std::array<std::string_view, 3> texts{"track", "mix", "master"};
    return texts[static_cast<std::size_t>(stage)];
}

std::optional<std::string_view> port_regex(std::string_view port) {
    if (port.size() < 3 || port.front() != '/' || port.back() != '/') return std::nullopt;
    return port.substr(1, port.size() - 2);
}

const Strip* Config::find(std::string_view strip) const {
    const auto at =
        std::find_if(strips.begin(), strips.end(), [&](const auto& s) { return s.name.value == strip; });
    return at == strips.end() ? nullptr : &*at;
}

bool Config::operator==(const Config& other) const {
    return schema == other.schema && name == other.name && engine == other.engine && start == other.start &&
           control == other.control && templates == other.templates && strips == other.strips && groups == other.groups;
}

} // namespace ton::config
