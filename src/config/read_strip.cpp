// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/fields.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <array>
#include <regex>

namespace ton::config {

namespace {

constexpr std::string_view input_expected = "a list of port names such as [\"system:capture_1\"]";
constexpr std::string_view output_expected = "a list of port names such as [\"system:playback_1\"]";
constexpr std::string_view to_expected = "the name of a strip or a list of such names";
constexpr int most_channels = channel_limits.most;
constexpr std::size_t longest_port = 320; // bytes, jack_port_name_size() of JACK2

void read_stage(const Fields& fields, Located<Stage>& stage, Diagnostics& errors) {
    constexpr std::array<std::string_view, 3> names{"track", "mix", "master"};
    Name name;
    fields.read("stage", name, "one of \"track\", \"mix\", \"master\"");
    if (!name.given()) return;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name.value) stage = {static_cast<Stage>(i), name.at};
    }
    if (stage.given()) return;
    errors.add_unknown(
        name.at, fields.path("stage"),
        fmt::format("unknown stage {}, expected one of \"track\", \"mix\", \"master\"", quote(name.value)),
        name.value, names);
}

/// Our own words: the library's differ from version to version.
std::string regex_error(std::string_view pattern) {
    try {
        const std::regex compiled(pattern.begin(), pattern.end());
        return {};
    } catch (const std::regex_error& error) {
        switch (error.code()) {
        case std::regex_constants::error_brack:
            return "its [ ] don't match";
        // gcc's library gives this code for a quantifier with nothing before it, too.
        case std::regex_constants::error_paren:
            return "its ( ) don't match, or a * + ? { has nothing before it";
        case std::regex_constants::error_brace:
        case std::regex_constants::error_badbrace:
            return "its { } are not right";
        case std::regex_constants::error_escape:
            return "an escape is unknown";
        case std::regex_constants::error_range:
            return "a range is the wrong way round";
        default:
            return "it can't be compiled";
        }
    }
}

} // namespace

std::string port_error(const std::string& port) {
    if (port.size() > longest_port) return fmt::format("a port's name is longer than {} bytes", longest_port);
    if (const auto pattern = port_regex(port)) {
        const auto wrong = regex_error(*pattern);
        return wrong.empty() ? "" : fmt::format("{} is no valid regular expression ({})", quote(port), wrong);
    }
    if (!port.empty() && port.front() == '/') return quote(port) + " is neither a port nor a closed /regex/";
    const auto colon = port.find(':');
    const bool right = colon != std::string::npos && colon > 0 && colon + 1 < port.size();
    return right ? "" : quote(port) + " is no port's full name";
}

namespace {

std::optional<std::vector<Name>> read_ports(const Fields& fields, std::string_view key,
                                            std::string_view expected, Diagnostics& errors) {
    auto ports = fields.names(key, expected);
    for (std::size_t i = 0; ports && i < ports->size(); ++i) {
        const Name& port = (*ports)[i];
        if (!port.given()) continue;
        const auto wrong = port_error(port.value);
        if (wrong.empty()) continue;
        errors.add(port.at, child_path(fields.path(key), i),
                   wrong + ", expected CLIENT:PORT such as \"system:capture_1\", or a /regex/ of it");
    }
    if (ports && ports->size() > most_channels) {
        errors.add(fields.find(key)->at, fields.path(key),
                   fmt::format("found {} ports, expected at most {}", ports->size(), most_channels));
    }
    return ports;
}

std::vector<Name> read_to(const Fields& fields, Diagnostics& errors) {
    const Node* node = fields.find("to");
    if (!node) return {};
    if (const auto* name = node->as<std::string>()) return {{*name, node->at}};
    if (node->as<Node::List>()) return *fields.names("to", to_expected);
    add_wrong_type(*node, fields.path("to"), to_expected, errors);
    return {};
}

} // namespace

Strip read_strip(const Member& member, Templates& templates, Diagnostics& errors) {
    Strip strip;
    strip.name = {member.key, member.key_at};
    const auto path = child_path("strips", member.key);
    if (auto error = strip_name_error(member.key)) errors.add(member.key_at, path, std::move(*error));
    const Fields fields(member.value, path, "a strip",
                        {"name", "stage", "channels", "input", "chain", "mute", "solo", "solo_safe", "link", "to", "output", "guard"},
                        errors);
    fields.read("name", strip.display_name, "the name to show, in quotes");
    read_stage(fields, strip.stage, errors);
    Located<int> channels;
    fields.read("channels", channels, channel_limits);
    if (channels.given()) strip.channels = channels;
    strip.input = read_ports(fields, "input", input_expected, errors);
    strip.output = read_ports(fields, "output", output_expected, errors);
    strip.to = read_to(fields, errors);
    if (const Node* chain = fields.find("chain")) {
        strip.chain =
            templates.expand(read_chain(*chain, fields.path("chain"), errors), fields.path("chain"));
    }
    if (const Node* guard = fields.find("guard")) {
        strip.guard = read_parameters(*guard, fields.path("guard"), errors);
        if (!fields.find("output")) errors.add(guard->at, fields.path("guard"), "a guard is for what leaves by ports, expected \"output\" beside it");
    }
    fields.read("mute", strip.mute);
    fields.read("solo", strip.solo);
    fields.read("solo_safe", strip.solo_safe);
    fields.read("link", strip.link, "the name of the strip that is its right side");
    return strip;
}

} // namespace ton::config
