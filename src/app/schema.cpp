// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/reference.hpp"

#include "graph/desk.hpp"
#include "modules/registry.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

namespace ton::app {

namespace {

using engine::Kind;
using engine::ModuleType;
using engine::Parameter;
using graph::shortest;
using Json = nlohmann::ordered_json;

Json number(float value) {
    const double exact = shortest(value);
    return std::floor(exact) == exact ? Json(static_cast<std::int64_t>(exact)) : Json(exact);
}

/// A choice by its word; one that is a number may be written as such ("law": -4.5).
Json choice_schema(const Parameter& row) {
    Json words = Json::array();
    const auto choices = engine::choices_of(row);
    for (const auto word : choices) words.push_back(word);
    for (const auto word : choices) {
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (error == std::errc{} && end == word.data() + word.size()) words.push_back(value);
    }
    return {{"enum", words}, {"default", choices[static_cast<std::size_t>(row.initial)]}};
}

Json row_schema(const Parameter& row) {
    Json json = Json::object();
    switch (row.kind) {
    case Kind::number:
    case Kind::integer:
        json = {{"type", row.kind == Kind::integer ? "integer" : "number"}, {"minimum", number(row.minimum)},
                {"maximum", number(row.maximum)}, {"default", number(row.initial)}};
        break;
    case Kind::toggle:
        json = {{"type", "boolean"}, {"default", row.initial >= 0.5F}};
        break;
    case Kind::choice:
        json = choice_schema(row);
        break;
    case Kind::text:
        if (row.ports) json = {{"type", "array"}, {"items", {{"type", "string"}}}, {"default", Json::array()}};
        else json = {{"type", "string"}, {"default", row.initial_text}};
        break;
    case Kind::meter:
        break; // never written
    }
    json["description"] = row.unit.empty() ? std::string(row.help) : fmt::format("{} ({})", row.help, row.unit);
    return json;
}

Json object_of(Json properties) { return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}}; }

Json reference(const std::string& definition) { return {{"$ref", "#/$defs/" + definition}}; }

/// `~` and `/` of a key within a JSON pointer (RFC 6901).
std::string pointer_key(std::string_view key) {
    std::string text;
    for (const char c : key) text += c == '/' ? "~1" : c == '~' ? "~0" : std::string(1, c);
    return text;
}

/// A row of any point of a matrix: "3/5/level", "3/5": {"level": …} or "3": {"5": {"level": …}}.
void add_pattern(Json& patterns, const Parameter& row) {
    const std::string number = "[1-9][0-9]?", name(row.name);
    const auto add = [](Json& in, const std::string& pattern) -> Json& {
        if (!in.contains(pattern)) in[pattern] = object_of(Json::object());
        return in[pattern];
    };
    patterns["^" + number + "/" + number + "/" + name + "$"] = row_schema(row);
    add(patterns, "^" + number + "/" + number + "$")["properties"][name] = row_schema(row);
    Json& input = add(patterns, "^" + number + "$")["patternProperties"];
    add(input, "^" + number + "$")["properties"][name] = row_schema(row);
    input["^" + number + "/" + name + "$"] = row_schema(row);
}

/// A group may be written flat, nested, or half of each: "band/1/gain", "band": {"1": {"gain": …}},
/// "band/1": {"gain": …} and "band": {"1/gain": …}.
Json module_schema(const ModuleType& type) {
    const auto here = fmt::format("module.{}/properties/", type.name);
    Json properties = Json::object();
    std::vector<const Parameter*> grouped;
    Json patterns = Json::object();
    for (const auto& row : type.parameters) {
        if (row.kind == Kind::meter || row.follows) continue;
        if (type.sized && !row.group.empty()) {
            if (row.group == "1" && row.index == 1) add_pattern(patterns, row);
            continue;
        }
        properties[engine::parameter_path(row)] = row_schema(row);
        if (!row.group.empty()) grouped.push_back(&row);
    }
    for (const auto* row : grouped) {
        const auto flat = reference(here + pointer_key(engine::parameter_path(*row)));
        const std::string group(row->group), index = std::to_string(row->index), name(row->name);
        const auto member = group + "/" + index;
        if (!properties.contains(member)) properties[member] = object_of(Json::object());
        properties[member]["properties"][name] = flat;
        if (!properties.contains(group)) properties[group] = object_of(Json::object());
        properties[group]["properties"][index] = reference(here + pointer_key(member));
        properties[group]["properties"][index + "/" + name] = flat;
    }
    Json json = object_of(std::move(properties));
    if (!patterns.empty()) json["patternProperties"] = std::move(patterns);
    json["description"] = type.summary;
    return json;
}

Json entry_schema() {
    Json properties = Json::object(), one = Json::array();
    for (const auto* type : modules::all()) {
        if (type->internal) continue;
        properties[std::string(type->name)] = reference(fmt::format("module.{}", type->name));
        one.push_back({{"required", {type->name}}});
    }
    properties["as"] = {{"$ref", "#/$defs/address"}, {"description", "Its name in addresses, where a strip has two modules of one type."}};
    Json module = object_of(std::move(properties));
    module["oneOf"] = std::move(one); // exactly one module in an entry
    Json by_name{{"type", "string"}, {"minLength", 1}, {"description", "The name of a template."}};
    return {{"description", "A module with its parameters, or the name of a template."},
            {"if", {{"type", "string"}}}, {"then", std::move(by_name)}, {"else", std::move(module)}};
}

Json limits(const config::Limits& range, std::string_view help) {
    return {{"type", "integer"}, {"minimum", range.least}, {"maximum", range.most}, {"description", help}};
}
Json limits(const config::Limits& range, int initial, std::string_view help) {
    auto json = limits(range, help);
    json["default"] = initial;
    return json;
}

Json list_of(std::string_view pattern, std::string_view help) {
    Json item{{"type", "string"}};
    if (!pattern.empty()) item["pattern"] = pattern;
    return {{"type", "array"}, {"items", std::move(item)}, {"description", help}};
}

constexpr std::string_view kPort = "^(/.+/|[^/:].*:.+)$";
constexpr std::string_view kName = "^(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,64}$";

Json strip_schema() {
    Json to{{"description", "The strip or strips that this one feeds."},
            {"if", {{"type", "string"}}}, {"then", reference("address")},
            {"else", {{"type", "array"}, {"uniqueItems", true}, {"items", reference("address")}}}};
    auto input = list_of(kPort, "JACK ports to connect to, one a channel: CLIENT:PORT or /regex/. An empty list registers ports and leaves them free.");
    auto output = list_of(kPort, "JACK ports to feed, as with input.");
    for (auto* ports : {&input, &output}) (*ports)["maxItems"] = config::channel_limits.most;
    return object_of({
        {"name", {{"type", "string"}, {"description", "A free text to show; the key is the name in addresses."}}},
        {"stage", {{"enum", {"track", "mix", "master"}}, {"default", "mix"}, {"description", "The order is a rule: a strip feeds strips of its own stage or of a later one."}}},
        {"channels", limits(config::channel_limits, "Width; left out, a strip is as wide as its inputs.")},
        {"input", std::move(input)},
        {"chain", reference("chain")},
        {"mute", {{"type", "boolean"}, {"default", false}}},
        {"solo", {{"type", "boolean"}, {"default", false}}},
        {"solo_safe", {{"type", "boolean"}, {"default", false}, {"description", "Others' solos never mute it."}}},
        {"link", {{"type", "string"}, {"description", "The strip that is its right side, of the same width: both are moved as one."}}},
        {"to", std::move(to)},
        {"output", std::move(output)},
        {"guard", module_schema(*modules::find("guard"))},
    });
}

Json group_schema() {
    auto group = object_of({
        {"name", {{"type", "string"}, {"description", "A free text to show; the key is the name in addresses."}}},
        {"members", {{"description", "Strips by name, or by a pattern with * ? [ ]."}, {"if", {{"type", "string"}}}, {"then", Json::object()},
                     {"else", {{"type", "array"}, {"items", {{"type", "string"}}}}}}},
        {"level", {{"type", "number"}, {"minimum", -120}, {"maximum", 12}, {"default", 0}, {"description", "dB, added to the members' own."}}},
        {"mute", {{"type", "boolean"}, {"default", false}}},
        {"solo", {{"type", "boolean"}, {"default", false}}},
    });
    group["required"] = {"members"};
    return group;
}

Json control_schema() {
    return object_of({
        {"osc", list_of("^(udp|tcp|tcp\\+slip)://.+:[0-9]+$", "Where OSC is listened to: udp://, tcp:// or tcp+slip://HOST:PORT.")},
        {"http", {{"type", "string"}, {"pattern", "^http://.+:[0-9]+$"}, {"description", "http://HOST:PORT"}}},
        {"allow", list_of("", "Networks (CIDR) or addresses that may control, beside this host.")},
        {"media", {{"type", "string"}, {"minLength", 1}, {"description", "Directory of recordings and sounds, relative to the config's own."}}},
        {"reply", list_of("^udp://.+:[0-9]+$", "udp://HOST:PORT: a client of that host is answered on that port.")},
    });
}

Json engine_schema() {
    const config::Engine initial;
    return object_of({
        {"sample_rate", limits(config::sample_rate_limits, initial.sample_rate.value, "Hz; an audio server's own rate goes before it.")},
        {"block", limits(config::block_limits, initial.block.value, "Frames a block where no audio server says so.")},
        {"threads", limits(config::thread_limits, initial.threads.value, "Workers beside the audio thread.")},
    });
}

Json start_schema() {
    const config::Start initial;
    const auto seconds = [](const config::Span& range, double value, std::string_view help) {
        return Json{{"type", "number"}, {"minimum", range.least}, {"maximum", range.most}, {"default", value}, {"description", help}};
    };
    return object_of({
        {"ramp", seconds(config::ramp_limits, initial.ramp.value, "Seconds from silence to the desk's level, when sound begins.")},
        {"patience", seconds(config::patience_limits, initial.patience.value, "Seconds of silence at most while ports that the config names exactly are missing.")},
    });
}

Json definitions() {
    Json address{{"type", "string"}, {"pattern", kName}};
    Json defs{{"address", std::move(address)},
              {"chain", {{"type", "array"}, {"items", reference("entry")}, {"description", "Modules in the order of the signal."}}},
              {"entry", entry_schema()},
              {"strip", strip_schema()}};
    for (const auto* type : modules::all())
        if (!type->internal) defs[fmt::format("module.{}", type->name)] = module_schema(*type);
    return defs;
}

} // namespace

Json config_schema() {
    Json names = reference("address");
    names["not"] = {{"enum", {"tonmeister", "groups"}}};
    Json strips{{"type", "object"}, {"propertyNames", std::move(names)}, {"additionalProperties", reference("strip")},
                {"description", "Every strip by its name in addresses."}};
    Json templates{{"type", "object"}, {"additionalProperties", reference("chain")},
                   {"description", "Chains by name; a name in a chain puts its modules there."}};
    Json json{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "A Tonmeister desk, version 1"},
              {"description", "Generated by `tonmeister schema` from the parameter tables; don't edit."}};
    json.update(object_of({
        {"$schema", {{"type", "string"}}},
        {"version", {{"const", 1}}},
        {"name", {{"type", "string"}, {"description", "The desk's name."}}},
        {"engine", engine_schema()},
        {"start", start_schema()},
        {"control", control_schema()},
        {"templates", std::move(templates)},
        {"strips", std::move(strips)},
        {"groups", {{"type", "object"}, {"propertyNames", reference("address")}, {"additionalProperties", group_schema()},
                    {"description", "DCA and mute groups by their names; in addresses /groups/NAME."}}},
    }));
    json["required"] = {"version"};
    json["$defs"] = definitions();
    return json;
}

int print_schema() {
    fmt::print("{}\n", config_schema().dump(2));
    return 0;
}

} // namespace ton::app
