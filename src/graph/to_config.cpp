// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ton::graph {

namespace {

std::vector<config::Name> names(const std::vector<std::string>& words) {
    std::vector<config::Name> all;
    for (const auto& word : words) all.push_back({word, {}});
    return all;
}

config::Module to_config(const Module& from) {
    config::Module module;
    module.type.value = from.type->name;
    module.name.value = from.name;
    for (std::size_t r = 0; r < from.values.size(); ++r) {
        const auto& row = from.type->parameters[r];
        if (row.kind == engine::Kind::meter) continue;
        const bool initial = row.kind == engine::Kind::text ? from.texts[r] == row.initial_text : from.values[r] == row.initial;
        if (initial) continue;
        auto& parameter = module.parameters.emplace_back(); // in place: gcc 12 warns of a temporary's members wrongly
        parameter.path.value = engine::parameter_path(row);
        parameter.value = from.in_config(r);
    }
    return module;
}

config::Strip to_config(const Strip& from) {
    config::Strip strip;
    strip.name.value = from.name;
    strip.display_name.value = from.display_name;
    strip.stage.value = from.stage;
    if (from.channels > 0) strip.channels = {from.channels, {}};
    if (from.inputs) strip.input = names(*from.inputs);
    if (from.outputs) strip.output = names(*from.outputs);
    strip.to = names(from.to);
    strip.mute.value = from.mute;
    strip.solo.value = from.solo;
    strip.solo_safe.value = from.solo_safe;
    strip.link.value = from.link;
    for (const auto& module : from.chain)
        if (!is_own(module)) strip.chain.push_back(to_config(module));
    if (const auto* guard = from.find(kGuard)) strip.guard = to_config(*guard).parameters;
    return strip;
}

config::Group to_group(const Strip& from) {
    config::Group group;
    group.name.value = from.name.substr(kGroups.size());
    group.display_name.value = from.display_name;
    group.members = names(*from.members);
    group.level = to_config(*from.find("fader")).parameters;
    std::erase_if(group.level, [](const config::Parameter& p) { return p.path.value != "level"; });
    group.mute.value = from.mute;
    group.solo.value = from.solo;
    return group;
}

} // namespace

double shortest(float value) {
    const auto text = fmt::format("{}", value);
    double exact = 0;
    std::from_chars(text.data(), text.data() + text.size(), exact);
    return exact;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        if (end > begin) lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

config::Value Module::in_config(std::size_t row) const {
    if (!type->parameters[row].ports) return written(row);
    std::vector<config::Value> list;
    for (auto& line : lines_of(texts[row])) list.push_back({std::move(line), {}});
    return {std::move(list), {}};
}

config::Value Module::written(std::size_t row) const {
    const auto& p = type->parameters[row];
    switch (p.kind) {
    case engine::Kind::text:
        return {texts[row], {}};
    case engine::Kind::toggle:
        return {values[row] >= 0.5F, {}};
    case engine::Kind::choice:
        return {std::string(engine::choices_of(p)[static_cast<std::size_t>(values[row])]), {}};
    default:
        return {shortest(values[row]), {}};
    }
}

config::Config to_config(const Desk& desk) {
    config::Config config;
    config.file = desk.file;
    config.schema = desk.schema;
    config.name.value = desk.name;
    config.engine = desk.engine;
    config.start = desk.start;
    config.control = desk.control;
    for (const auto& strip : desk.strips) {
        if (strip.members) config.groups.push_back(to_group(strip));
        else config.strips.push_back(to_config(strip));
    }
    return config;
}

} // namespace ton::graph
