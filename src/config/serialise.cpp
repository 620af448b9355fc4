// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/config.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace ton::config {

namespace {

using Json = nlohmann::ordered_json; // keeps the order of strips

constexpr double exact_integers = 9007199254740992.0; // 2^53

/// Appends a key known to be new: ordered_json's operator[] would search all keys before it.
void append(Json& object, const std::string& key, Json value) {
    object.get_ref<Json::object_t&>().emplace_back(key, std::move(value));
}

Json write(const Value& value) {
    if (const auto* items = std::get_if<std::vector<Value>>(&value.data)) {
        Json list = Json::array();
        for (const auto& item : *items) list.push_back(write(item));
        return list;
    }
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth;
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    const double number = std::get<double>(value.data);
    // 3, not 3.0: as a person writes it. -0.0 keeps its sign as a double.
    const bool negative_zero = number == 0.0 && std::signbit(number);
    const bool whole = std::floor(number) == number && std::abs(number) < exact_integers && !negative_zero;
    return whole ? Json(static_cast<std::int64_t>(number)) : Json(number);
}

Json write(const std::vector<Name>& names) {
    Json list = Json::array();
    for (const auto& name : names) list.push_back(name.value);
    return list;
}

Json write_flat(const std::vector<Parameter>& from) {
    Json parameters = Json::object();
    for (const auto& parameter : from) append(parameters, parameter.path.value, write(parameter.value));
    return parameters;
}

Json write(const std::vector<Module>& chain) {
    Json list = Json::array();
    for (const auto& module : chain) {
        Json entry = Json::object();
        entry[module.type.value] = write_flat(module.parameters);
        if (module.name != module.type) entry["as"] = module.name.value;
        list.push_back(std::move(entry));
    }
    return list;
}

Json write(const Strip& strip) {
    Json json = Json::object();
    if (!strip.display_name.value.empty()) json["name"] = strip.display_name.value;
    if (strip.stage.value != Stage::mix) json["stage"] = to_text(strip.stage.value);
    if (strip.channels) json["channels"] = strip.channels->value;
    if (strip.input) json["input"] = write(*strip.input);
    json["chain"] = write(strip.chain);
    if (!strip.guard.empty()) json["guard"] = write_flat(strip.guard);
    if (strip.mute.value) json["mute"] = true;
    if (strip.solo.value) json["solo"] = true;
    if (strip.solo_safe.value) json["solo_safe"] = true;
    if (!strip.link.value.empty()) json["link"] = strip.link.value;
    if (strip.to.size() == 1) json["to"] = strip.to.front().value;
    if (strip.to.size() > 1) json["to"] = write(strip.to);
    if (strip.output) json["output"] = write(*strip.output);
    return json;
}

Json write(const Group& group) {
    Json json = Json::object();
    if (!group.display_name.value.empty()) json["name"] = group.display_name.value;
    json["members"] = write(group.members);
    for (const auto& level : group.level) json["level"] = write(level.value);
    if (group.mute.value) json["mute"] = true;
    if (group.solo.value) json["solo"] = true;
    return json;
}

Json write(const Control& control) {
    Json json = Json::object();
    if (control.osc) json["osc"] = write(*control.osc);
    if (control.http) json["http"] = control.http->value;
    if (!control.allow.empty()) json["allow"] = write(control.allow);
    if (control.media) json["media"] = control.media->value;
    if (!control.reply.empty()) json["reply"] = write(control.reply);
    return json;
}

Json write(const Engine& engine) {
    return {{"sample_rate", engine.sample_rate.value},
            {"block", engine.block.value},
            {"threads", engine.threads.value}};
}

Json write(const Start& start) {
    return {{"ramp", write(Value{start.ramp.value, {}})}, {"patience", write(Value{start.patience.value, {}})}};
}

} // namespace

std::string to_json(const Config& config) {
    Json json = Json::object();
    if (!config.schema.empty()) json["$schema"] = config.schema;
    json["version"] = 1;
    if (!config.name.value.empty()) json["name"] = config.name.value;
    if (config.engine != Engine{}) json["engine"] = write(config.engine);
    if (config.start != Start{}) json["start"] = write(config.start);
    if (config.control != Control{}) json["control"] = write(config.control);
    if (!config.templates.empty()) {
        Json& templates = json["templates"] = Json::object();
        for (const auto& entry : config.templates) append(templates, entry.name.value, write(entry.chain));
    }
    Json& strips = json["strips"] = Json::object();
    for (const auto& strip : config.strips) append(strips, strip.name.value, write(strip));
    if (!config.groups.empty()) {
        Json& groups = json["groups"] = Json::object();
        for (const auto& group : config.groups) append(groups, group.name.value, write(group));
    }
    // A display name that came over the wire may be no UTF-8; the file must be.
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

} // namespace ton::config
