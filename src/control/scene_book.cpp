// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/scene_book.hpp"

#include "config/fields.hpp"
#include "config/json.hpp"
#include "control/osc/pattern.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace ton::control {

namespace {

using config::Node;
using engine::Way;
using Json = nlohmann::ordered_json;

constexpr std::string_view kMark = "tonmeister_scenes";
constexpr int kVersion = 1;
constexpr std::size_t kLongestName = 100; // bytes

/// Reads a book; what is wrong is added to the diagnostics and reading goes on.
class Reader {
  public:
    explicit Reader(config::Diagnostics& errors) : errors_(errors) {}

    SceneBook read(const Node& root) {
        SceneBook book;
        if (!root.as<Node::Object>()) return config::add_wrong_type(root, "", "scenes: an object such as {\"tonmeister_scenes\": 1, \"scenes\": {}}", errors_), book;
        if (!check_version(root)) return book;
        const config::Fields fields(root, "", "a file of scenes", {kMark, "safe", "scenes"}, errors_);
        book.safes = patterns(fields, "safe");
        const Node* scenes = fields.find("scenes");
        const auto* members = scenes ? scenes->as<Node::Object>() : nullptr;
        if (scenes && !members) config::add_wrong_type(*scenes, "scenes", "an object of scenes such as { \"verse\": { \"values\": {} } }", errors_);
        for (std::size_t i = 0; members && i < members->size(); ++i) book.scenes.push_back(scene((*members)[i]));
        return book;
    }

  private:
    bool check_version(const Node& root) {
        const Node* version = root.find(kMark);
        const auto* number = version ? version->as<double>() : nullptr;
        if (number && *number == kVersion) return true;
        if (number) errors_.add(version->at, std::string(kMark), fmt::format("the scenes are of version {}, and this Tonmeister knows version {}", *number, kVersion));
        else errors_.add(version ? version->at : root.at, std::string(kMark), fmt::format("expected \"{}\": {}", kMark, kVersion));
        return false;
    }

    std::vector<std::string> patterns(const config::Fields& fields, std::string_view key) {
        std::vector<std::string> all;
        const auto names = fields.names(key, "a list of patterns such as [\"/host\", \"/*/fader\"]");
        for (std::size_t i = 0; names && i < names->size(); ++i) {
            const auto& name = (*names)[i];
            if (!name.given()) continue;
            check_pattern(name.value, name.at, config::child_path(fields.path(key), i));
            all.push_back(name.value);
        }
        return all;
    }

    void check_pattern(std::string_view pattern, config::Position at, std::string path) {
        if (auto error = scene_pattern_error(pattern); !error.empty()) errors_.add(at, std::move(path), std::move(error));
    }

    Scene scene(const config::Member& member) {
        Scene scene;
        scene.name = member.key;
        const auto path = config::child_path("scenes", member.key);
        if (auto error = scene_name_error(member.key); !error.empty()) errors_.add(member.key_at, path, std::move(error));
        if (!member.value.as<Node::Object>()) return config::add_wrong_type(member.value, path, "a scene such as { \"values\": { \"/host/fader/level\": -6 } }", errors_), scene;
        const config::Fields fields(member.value, path, "a scene", {"scope", "seconds", "curve", "switch", "fades", "values"}, errors_);
        scene.scope = patterns(fields, "scope");
        if (const Node* node = fields.find("seconds")) scene.seconds = seconds(*node, fields.path("seconds"));
        if (const auto way = curve(fields)) scene.way = *way;
        if (const Node* node = fields.find("switch")) scene.switch_at_end = at_end(*node, fields.path("switch"));
        if (const Node* node = fields.find("fades")) scene.fades = fades(*node, fields.path("fades"));
        if (const Node* node = fields.find("values")) values(*node, fields.path("values"), scene);
        return scene;
    }

    double seconds(const Node& node, const std::string& path) {
        const auto* number = node.as<double>();
        if (number && *number >= 0.0 && *number <= kLongestSceneFade) return *number;
        config::add_wrong_type(node, path, fmt::format("seconds from 0 to {}", kLongestSceneFade), errors_);
        return 0;
    }

    std::optional<Way> curve(const config::Fields& fields) {
        const Node* node = fields.find("curve");
        if (!node) return {};
        const auto* word = node->as<std::string>();
        const auto way = word ? way_named(*word) : std::nullopt;
        if (!way) config::add_wrong_type(*node, fields.path("curve"), "\"smooth\" or \"linear\"", errors_);
        return way;
    }

    bool at_end(const Node& node, const std::string& path) {
        const auto* word = node.as<std::string>();
        if (!word || (*word != "start" && *word != "end")) config::add_wrong_type(node, path, "\"start\" or \"end\"", errors_);
        return word && *word == "end";
    }

    std::vector<SceneFade> fades(const Node& node, const std::string& path) {
        std::vector<SceneFade> all;
        const auto* members = node.as<Node::Object>();
        if (!members) return config::add_wrong_type(node, path, "seconds by pattern such as { \"/*/fader\": 3 }", errors_), all;
        for (const auto& member : *members) {
            const auto own = config::child_path(path, member.key);
            check_pattern(member.key, member.key_at, own);
            SceneFade fade{member.key};
            if (member.value.as<Node::Object>()) {
                const config::Fields fields(member.value, own, "a fade", {"seconds", "curve"}, errors_);
                if (const Node* time = fields.find("seconds")) fade.seconds = seconds(*time, fields.path("seconds"));
                fade.way = curve(fields);
            } else {
                fade.seconds = seconds(member.value, own);
            }
            all.push_back(std::move(fade));
        }
        return all;
    }

    void values(const Node& node, const std::string& path, Scene& scene) {
        const auto* members = node.as<Node::Object>();
        if (!members) return config::add_wrong_type(node, path, "values by address such as { \"/host/fader/level\": -6 }", errors_);
        for (const auto& member : *members) {
            config::Value value;
            value.at = member.value.at;
            if (const auto* truth = member.value.as<bool>()) value.data = *truth;
            else if (const auto* number = member.value.as<double>()) value.data = *number;
            else if (const auto* text = member.value.as<std::string>()) value.data = *text;
            else config::add_wrong_type(member.value, config::child_path(path, member.key), "a number, true, false or a text", errors_);
            scene.values.emplace_back(member.key, std::move(value));
        }
    }

    config::Diagnostics& errors_;
};

Json to_json(const config::Value& value) {
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth;
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    return std::get<double>(value.data);
}

Json to_json(const Scene& scene) {
    Json json = Json::object();
    if (!scene.scope.empty()) json["scope"] = scene.scope;
    if (scene.seconds != 0) json["seconds"] = scene.seconds;
    if (scene.way != Way::smooth) json["curve"] = to_text(scene.way);
    if (scene.switch_at_end) json["switch"] = "end";
    for (const auto& fade : scene.fades) {
        if (fade.way) json["fades"][fade.pattern] = {{"seconds", fade.seconds}, {"curve", to_text(*fade.way)}};
        else json["fades"][fade.pattern] = fade.seconds;
    }
    Json values = Json::object(); // appended, not looked up: every address is there once
    for (const auto& [address, value] : scene.values) values.get_ref<Json::object_t&>().emplace_back(address, to_json(value));
    json["values"] = std::move(values);
    return json;
}

} // namespace

const Scene* SceneBook::find(std::string_view name) const {
    const auto it = std::ranges::find(scenes, name, &Scene::name);
    return it == scenes.end() ? nullptr : &*it;
}
Scene* SceneBook::find(std::string_view name) { return const_cast<Scene*>(std::as_const(*this).find(name)); }

std::string scene_name_error(std::string_view name) {
    const bool good = !name.empty() && name.size() <= kLongestName && config::find_invalid_utf8(name) == std::string_view::npos &&
                      std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    return good ? "" : fmt::format("{} can't be a scene's name, expected 1 to {} bytes without control characters", config::quote(name), kLongestName);
}

std::string scene_pattern_error(std::string_view pattern) {
    if (osc::Pattern::parse(pattern)) return {};
    return fmt::format("{} is no address or pattern, expected one such as \"/host\" or \"/*/fader/level\"", config::quote(pattern));
}

std::optional<Way> way_named(std::string_view name) {
    if (name == "smooth") return Way::smooth;
    if (name == "linear") return Way::linear;
    return {};
}

std::string_view to_text(Way way) { return way == Way::linear ? "linear" : "smooth"; }

tl::expected<SceneBook, std::vector<config::Diagnostic>> read_scenes(std::string_view text, const std::string& file) {
    config::Diagnostics errors(file);
    const auto root = config::read_json(text, errors, {.text = "the file", .is = "scenes", .of = "the scenes'", .example = R"({"tonmeister_scenes": 1, "scenes": {}})"});
    auto book = root ? Reader(errors).read(*root) : SceneBook{};
    if (!errors.empty()) return tl::make_unexpected(errors.take());
    return book;
}

std::string scenes_text(const SceneBook& book) {
    Json scenes = Json::object();
    for (const auto& scene : book.scenes) scenes[scene.name] = to_json(scene);
    Json all = Json::object();
    all[std::string(kMark)] = kVersion;
    all["safe"] = book.safes;
    all["scenes"] = std::move(scenes);
    return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace ton::control
