// SPDX-License-Identifier: GPL-3.0-or-later
#include "desk_text.hpp"

#include <fmt/format.h>

namespace ton::conformance {

namespace {
/// The module of strip `name`, listening and sending only to what is that strip's own.
std::string own_entry(const Subject& s, const std::string& name, std::vector<Written> parameters) {
    const auto say = [&](const std::string& path, const std::string& text) { parameters.push_back({path, fmt::format("\"{}\"", text)}); };
    if (s.sidechain > 0)
        for (const int row : engine::point_rows(s.type->parameters))
            say(engine::parameter_path(s.type->parameters[static_cast<std::size_t>(row)]), "side_" + name);
    if (s.type->send) say("to", "bus_" + name);
    if (s.type->shares) say("group", name);
    return entry(*s.type, parameters);
}
} // namespace

std::string entry(const engine::ModuleType& type, const std::vector<Written>& parameters) {
    std::string members;
    for (const auto& p : parameters) members += fmt::format("{}\"{}\": {}", members.empty() ? "" : ", ", p.path, p.json);
    return fmt::format("{{ \"{}\": {{ {} }}, \"as\": \"tested\" }}", type.name, members);
}

std::vector<Written> lively(const engine::ModuleType& type) {
    std::vector<Written> all;
    for (const auto& p : type.parameters) {
        if (!moves(p) || p.follows || p.momentary) continue;
        if (p.kind == engine::Kind::toggle && p.name == "on") all.push_back({engine::parameter_path(p), "true"});
        if (p.kind == engine::Kind::number) all.push_back({engine::parameter_path(p), fmt::format("{}", engine::from_normal(p, 0.6F))});
    }
    return all;
}

std::string twins(const Subject& s, const std::vector<Written>& parameters) {
    std::string text = R"({ "version": 1, "strips": { )";
    for (const std::string name : {"x", "y"})
        text += fmt::format(R"("side_{0}": {{ "channels": {1} }}, "{0}": {{ "channels": {1}, "chain": [ {2} ] }}, "bus_{0}": {{ "channels": {3} }}, )",
                            name, s.channels, own_entry(s, name, parameters), s.taps > 0 ? s.taps : 1);
    return text.substr(0, text.size() - 2) + " } }";
}

test::TestDesk::Options twin_options(const Subject& s) {
    test::TestDesk::Options options{.lane_width = 0, .inputs = {}, .outputs = {"x", "y", "bus_x", "bus_y"}};
    for (const std::string name : {"x", "y", "side_x", "side_y"}) options.inputs[name] = s.channels;
    return options;
}

} // namespace ton::conformance
