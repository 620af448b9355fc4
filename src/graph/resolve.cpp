// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/desk.hpp"

#include "modules/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ton::graph {

using engine::Kind;
using engine::Parameter;

const Module* Strip::find(std::string_view module) const {
    const auto it = std::ranges::find(chain, module, &Module::name);
    return it == chain.end() ? nullptr : &*it;
}
Module* Strip::find(std::string_view module) { return const_cast<Module*>(std::as_const(*this).find(module)); }

int Desk::index(std::string_view strip) const {
    const auto it = std::ranges::find(strips, strip, &Strip::name);
    return it == strips.end() ? -1 : static_cast<int>(it - strips.begin());
}

const engine::ModuleType* module_type(std::string_view name) {
    const auto* type = modules::find(name);
    return type && !type->internal ? type : nullptr;
}

std::vector<std::string_view> module_names() {
    std::vector<std::string_view> names;
    for (const auto* type : modules::all())
        if (!type->internal) names.push_back(type->name);
    return names;
}

std::string expected_of(const Parameter& row) {
    switch (row.kind) {
    case Kind::toggle:
        return "true or false";
    case Kind::text:
        return row.ports ? "a list of ports such as [\"system:playback_9\"]" : "a text in double quotes";
    case Kind::choice: {
        std::vector<std::string> quoted;
        for (const auto choice : engine::choices_of(row)) quoted.push_back(config::quote(choice));
        const std::vector<std::string_view> views(quoted.begin(), quoted.end());
        return "one of " + config::join(views, ", ");
    }
    case Kind::integer:
        return fmt::format("a whole number from {} to {}", row.minimum, row.maximum);
    case Kind::meter:
        return "nothing: it is a read-out";
    case Kind::number:
        break;
    }
    const auto range = fmt::format("a number from {} to {}", row.minimum, row.maximum);
    return row.unit.empty() ? range : fmt::format("{} ({})", range, row.unit);
}

namespace {

std::string describe(const config::Value& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) return "the string " + config::quote(*text);
    if (const auto* number = std::get_if<double>(&value.data)) return fmt::format("the number {}", *number);
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? "true" : "false";
    return "a list";
}

std::string wrong(const Parameter& row, const config::Value& value) { return fmt::format("found {}, expected {}", describe(value), expected_of(row)); }

std::string accept_number(const Parameter& row, const config::Value& value, float& number) {
    const auto* exact = std::get_if<double>(&value.data);
    if (!exact || !std::isfinite(*exact)) return wrong(row, value);
    // Compared as the float it becomes: 0.05 is within a minimum of 0.05F, though that is a little more.
    const auto rounded = static_cast<float>(*exact);
    if (rounded < row.minimum || rounded > row.maximum) return wrong(row, value);
    if (row.kind == Kind::integer && *exact != std::round(*exact)) return wrong(row, value);
    number = rounded;
    return {};
}

std::string accept_choice(const Parameter& row, const config::Value& value, float& number) {
    // A choice may be written as a number where its name is one: "law": -4.5
    const auto* name = std::get_if<std::string>(&value.data);
    const auto* digits = std::get_if<double>(&value.data);
    const std::string word = name ? *name : digits ? fmt::format("{:g}", *digits) : std::string{};
    const auto choices = engine::choices_of(row);
    const auto it = std::ranges::find(choices, word);
    if (it == choices.end()) {
        const auto near = name ? config::nearest(word, choices) : std::nullopt;
        return near ? fmt::format("{}; did you mean {}?", wrong(row, value), config::quote(*near)) : wrong(row, value);
    }
    number = static_cast<float>(it - choices.begin());
    return {};
}

/// A list of texts, one a line.
bool accept_lines(const config::Value& value, std::string& text) {
    const auto* items = std::get_if<std::vector<config::Value>>(&value.data);
    if (!items) return false;
    std::string lines;
    for (const auto& item : *items) {
        const auto* line = std::get_if<std::string>(&item.data);
        if (!line) return false;
        lines += (lines.empty() ? "" : "\n") + *line;
    }
    text = lines;
    return true;
}

} // namespace

std::string accept_value(const Parameter& row, const config::Value& value, float& number, std::string& text) {
    switch (row.kind) {
    case Kind::meter:
        return fmt::format("{} is a read-out and can't be set", config::quote(engine::parameter_path(row)));
    case Kind::text:
        if (const auto* s = std::get_if<std::string>(&value.data)) return text = *s, std::string{};
        return row.ports && accept_lines(value, text) ? std::string{} : wrong(row, value);
    case Kind::toggle:
        if (const auto* b = std::get_if<bool>(&value.data)) return number = *b ? 1.0F : 0.0F, std::string{};
        return wrong(row, value);
    case Kind::choice:
        return accept_choice(row, value, number);
    case Kind::number:
    case Kind::integer:
        break;
    }
    return accept_number(row, value, number);
}

namespace {

Module make_module(std::string name, const engine::ModuleType& type, config::Position at, std::string path) {
    Module m{.name = std::move(name), .type = &type, .values = {}, .texts = {}, .at = {}, .position = at, .path = std::move(path)};
    for (const auto& row : type.parameters) {
        m.values.push_back(row.kind == Kind::text ? 0.0F : row.initial);
        m.texts.emplace_back(row.initial_text);
        m.at.push_back(at);
    }
    return m;
}

void set_parameter(Module& module, const config::Parameter& p, config::Diagnostics& errors) {
    const auto path = config::child_path(module.path, p.path.value);
    const int row = module.row(p.path.value);
    if (row < 0 || module.type->parameters[static_cast<std::size_t>(row)].follows) {
        std::vector<std::string> names;
        for (const auto& r : module.type->parameters)
            if (r.kind != Kind::meter && !r.follows) names.push_back(engine::parameter_path(r));
        const std::vector<std::string_view> views(names.begin(), names.end());
        if (const auto size = beyond_size(*module.type, p.path.value); !size.empty()) {
            errors.add(p.path.at, path, fmt::format("unknown parameter {}, expected one of this {}'s size, {}", config::quote(p.path.value), module.type->name, size));
            return;
        }
        errors.add_unknown(p.path.at, path,
                           fmt::format("unknown parameter {}, expected one that `tonmeister modules {}` lists", config::quote(p.path.value), module.type->name),
                           p.path.value, views);
        return;
    }
    const auto i = static_cast<std::size_t>(row);
    module.at[i] = p.value.at;
    // A size has made its own table, which knows no other any more.
    const auto& table = module.type->sized && module.type->parameters[i].structural ? *modules::find(module.type->name) : *module.type;
    const auto complaint = accept_value(table.parameters[i], p.value, module.values[i], module.texts[i]);
    if (!complaint.empty()) errors.add(p.value.at, path, complaint);
}

/// The type of the size that the module's own settings give; what is wrong with them is told later, against that table.
const engine::ModuleType* sized_type(const config::Module& from, const engine::ModuleType& type) {
    auto module = make_module(from.name.value, type, from.name.at, from.path);
    for (const auto& p : from.parameters)
        if (const int row = module.row(p.path.value); row >= 0 && type.parameters[static_cast<std::size_t>(row)].structural)
            accept_value(type.parameters[static_cast<std::size_t>(row)], p.value, module.values[static_cast<std::size_t>(row)], module.texts[static_cast<std::size_t>(row)]);
    return type.sized(module.settings());
}

std::optional<Module> resolve_module(const config::Module& from, config::Diagnostics& errors) {
    const auto* type = modules::find(from.type.value);
    if (!type || type->internal) {
        errors.add_unknown(from.type.at, from.path,
                           fmt::format("unknown module {}, expected one that `tonmeister modules` lists", config::quote(from.type.value)),
                           from.type.value, module_names());
        return {};
    }
    if (type->sized) type = sized_type(from, *type);
    auto module = make_module(from.name.value, *type, from.name.at, from.path);
    for (const auto& p : from.parameters) set_parameter(module, p, errors);
    return module;
}

std::vector<std::string> words(const std::vector<config::Name>& names) {
    std::vector<std::string> all;
    for (const auto& n : names) all.push_back(n.value);
    return all;
}

/// Behind the last fader, but behind everything that makes sound, too.
std::size_t place_of_mute(const std::vector<Module>& chain) {
    const auto place = std::ranges::find_if(chain.rbegin(), chain.rend(),
                                            [](const Module& m) { return m.type->name == "fader" || m.type->source || m.type->sources || m.type->insert; });
    const bool by_fader = place != chain.rend() && place->type->name == "fader";
    return by_fader ? static_cast<std::size_t>(place.base() - chain.begin()) : chain.size();
}

void add_own_modules(Strip& s, const std::string& path, const std::vector<config::Parameter>& guarded, config::Diagnostics& errors) {
    auto mute = make_module(std::string(kMute), *modules::find(kMute), s.position, path);
    mute.values[static_cast<std::size_t>(mute.row("mute"))] = s.mute ? 1.0F : 0.0F;
    s.chain.insert(s.chain.begin() + static_cast<std::ptrdiff_t>(place_of_mute(s.chain)), std::move(mute));
    if (s.outputs) {
        s.chain.push_back(make_module(std::string(kGuard), *modules::find(kGuard), s.position, config::child_path(path, kGuard)));
        for (const auto& p : guarded) set_parameter(s.chain.back(), p, errors);
    }
    auto meter = make_module(std::string(kMeter), *modules::find(kMeter), s.position, path);
    if (const int row = meter.row(kTruePeakOn); row >= 0) meter.values[static_cast<std::size_t>(row)] = 0.0F;
    s.chain.push_back(std::move(meter));
}

Strip resolve_strip(const config::Strip& from, config::Diagnostics& errors) {
    Strip s;
    s.name = from.name.value;
    s.display_name = from.display_name.value;
    s.stage = from.stage.value;
    s.channels = from.channels ? from.channels->value : 0;
    s.position = s.inputs_at = s.outputs_at = from.name.at;
    if (from.input) s.inputs = words(*from.input);
    if (from.output) s.outputs = words(*from.output);
    if (from.input && !from.input->empty()) s.inputs_at = from.input->front().at;
    if (from.output && !from.output->empty()) s.outputs_at = from.output->front().at;
    s.to = words(from.to);
    for (const auto& to : from.to) s.to_at.push_back(to.at);
    s.mute = from.mute.value;
    s.solo = from.solo.value;
    s.solo_safe = from.solo_safe.value;
    s.link = from.link.value;
    s.link_at = from.link.at;
    for (const auto& m : from.chain)
        if (auto module = resolve_module(m, errors)) s.chain.push_back(std::move(*module));
    add_own_modules(s, "strips." + s.name, from.guard, errors);
    return s;
}

Strip resolve_group(const config::Group& from, config::Diagnostics& errors) {
    Strip s;
    s.name = std::string(kGroups) + from.name.value;
    s.display_name = from.display_name.value;
    s.channels = 1;
    s.position = s.inputs_at = s.outputs_at = from.name.at;
    s.members = words(from.members);
    s.mute = from.mute.value;
    s.solo = from.solo.value;
    s.chain.push_back(make_module("fader", *modules::find("fader"), from.name.at, "groups." + from.name.value));
    for (const auto& level : from.level) set_parameter(s.chain.back(), level, errors);
    add_own_modules(s, "groups." + from.name.value, {}, errors);
    return s;
}

} // namespace

Desk resolve(const config::Config& config, config::Diagnostics& errors) {
    Desk desk{.file = config.file, .schema = config.schema, .name = config.name.value, .engine = config.engine, .start = config.start, .control = config.control, .strips = {}};
    // Templates that nobody uses, too; of those that are used the same errors are told once.
    for (const auto& t : config.templates)
        for (const auto& m : t.chain) resolve_module(m, errors);
    for (const auto& s : config.strips) desk.strips.push_back(resolve_strip(s, errors));
    for (const auto& g : config.groups) desk.strips.push_back(resolve_group(g, errors));
    join_links(desk);
    join_groups(desk);
    return desk;
}

} // namespace ton::graph
