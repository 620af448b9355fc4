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

std::string expected_of(const Parameter& row) {
    switch (row.kind) {
    case Kind::toggle:
        return "true or false";
    case Kind::text:
        return "a text in double quotes";
    case Kind::choice: {
        const auto choices = engine::choices_of(row);
        return "one of " + config::join(choices, ", ");
    }
    case Kind::integer:
        return fmt::format("a whole number from {:g} to {:g}", row.minimum, row.maximum);
    case Kind::meter:
        return "nothing: it is a read-out";
    case Kind::number:
        break;
    }
    return fmt::format("a number from {:g} to {:g}{}{}", row.minimum, row.maximum, row.unit.empty() ? "" : " ", row.unit);
}

namespace {

std::string accept_number(const Parameter& row, double value, float& number) {
    // Compared as the float it becomes: 0.05 is within a minimum of 0.05F, though that is a little more.
    if (!std::isfinite(value) || static_cast<float>(value) < row.minimum || static_cast<float>(value) > row.maximum)
        return fmt::format("{:g} is out of range: expected {}", value, expected_of(row));
    if (row.kind == Kind::integer && value != std::round(value))
        return fmt::format("{:g} is no whole number: expected {}", value, expected_of(row));
    number = static_cast<float>(value);
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
        const auto near = config::nearest(word, choices);
        return fmt::format("{} is no choice: expected {}{}", word.empty() ? "this" : config::quote(word), expected_of(row),
                           near ? fmt::format("; did you mean {}?", config::quote(*near)) : "");
    }
    number = static_cast<float>(it - choices.begin());
    return {};
}

} // namespace

std::string accept_value(const Parameter& row, const config::Value& value, float& number, std::string& text) {
    const auto wrong = [&] { return fmt::format("wrong type: expected {}", expected_of(row)); };
    switch (row.kind) {
    case Kind::meter:
        return fmt::format("{} is a read-out and can't be set", config::quote(engine::parameter_path(row)));
    case Kind::text:
        if (const auto* s = std::get_if<std::string>(&value.data)) return text = *s, std::string{};
        return wrong();
    case Kind::toggle:
        if (const auto* b = std::get_if<bool>(&value.data)) return number = *b ? 1.0F : 0.0F, std::string{};
        return wrong();
    case Kind::choice:
        return accept_choice(row, value, number);
    case Kind::number:
    case Kind::integer:
        break;
    }
    if (const auto* d = std::get_if<double>(&value.data)) return accept_number(row, *d, number);
    return wrong();
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
    if (row < 0) {
        std::vector<std::string> names;
        for (const auto& r : module.type->parameters)
            if (r.kind != Kind::meter) names.push_back(engine::parameter_path(r));
        const std::vector<std::string_view> views(names.begin(), names.end());
        errors.add_unknown(p.path.at, module.path,
                           fmt::format("{} has no parameter {}", module.type->name, config::quote(p.path.value)),
                           p.path.value, views);
        return;
    }
    const auto i = static_cast<std::size_t>(row);
    module.at[i] = p.value.at;
    const auto complaint = accept_value(module.type->parameters[i], p.value, module.values[i], module.texts[i]);
    if (!complaint.empty()) errors.add(p.value.at, path, complaint);
}

std::optional<Module> resolve_module(const config::Module& from, config::Diagnostics& errors) {
    const auto* type = modules::find(from.type.value);
    if (!type || type->internal) {
        std::vector<std::string_view> names;
        for (const auto* t : modules::all())
            if (!t->internal) names.push_back(t->name);
        errors.add_unknown(from.type.at, from.path, fmt::format("there is no module {}", config::quote(from.type.value)),
                           from.type.value, names);
        return {};
    }
    auto module = make_module(from.name.value, *type, from.name.at, from.path);
    for (const auto& p : from.parameters) set_parameter(module, p, errors);
    return module;
}

std::vector<std::string> words(const std::vector<config::Name>& names) {
    std::vector<std::string> all;
    for (const auto& n : names) all.push_back(n.value);
    return all;
}

Strip resolve_strip(const config::Strip& from, config::Diagnostics& errors) {
    Strip s;
    s.name = from.name.value;
    s.display_name = from.display_name.value;
    s.stage = from.stage.value;
    s.channels = from.channels ? from.channels->value : 0;
    if (from.input) s.inputs = words(*from.input);
    if (from.output) s.outputs = words(*from.output);
    s.to = words(from.to);
    s.mute = from.mute.value;
    s.solo = from.solo.value;
    s.position = from.name.at;
    for (const auto& m : from.chain)
        if (auto module = resolve_module(m, errors)) s.chain.push_back(std::move(*module));
    for (const auto name : {kMute, kMeter}) {
        auto tail = make_module(std::string(name), *modules::find(name), from.name.at, "strips." + s.name);
        if (name == kMute) tail.values[static_cast<std::size_t>(tail.row("mute"))] = s.mute ? 1.0F : 0.0F;
        else if (const int row = tail.row("true_peak_on"); row >= 0) tail.values[static_cast<std::size_t>(row)] = 0.0F;
        s.chain.push_back(std::move(tail));
    }
    return s;
}

} // namespace

Desk resolve(const config::Config& config, config::Diagnostics& errors) {
    Desk desk{.file = config.file, .name = config.name.value, .engine = config.engine, .control = config.control, .strips = {}};
    for (const auto& s : config.strips) desk.strips.push_back(resolve_strip(s, errors));
    return desk;
}

} // namespace ton::graph
