// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/fields.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace ton::config {

namespace {

constexpr double known_version = 1.0;

/// False when the text is of another version, whose other keys this one can't judge.
bool check_version(const Node& root, Diagnostics& errors) {
    const Node* version = root.find("version");
    if (!version) {
        errors.add(root.at, "version", "the version is missing, expected \"version\": 1");
        return true;
    }
    const auto* number = version->as<double>();
    if (!number) add_wrong_type(*version, "version", "the number 1", errors);
    if (!number || *number == known_version) return true;
    errors.add(
        version->at, "version",
        fmt::format("the config is of version {}, expected version 1, the only one there is", *number));
    return false;
}

void read_strips(const Fields& root, Config& config, Diagnostics& errors) {
    Templates templates(errors);
    if (const Node* written = root.find("templates")) templates.read(*written);
    const Node* strips = root.find("strips");
    if (!strips) { // a desk that is built live begins with none
        config.templates = templates.take();
        return;
    }
    const auto* members = strips->as<Node::Object>();
    if (!members) {
        add_wrong_type(*strips, "strips", "an object of strips such as { \"mix\": { \"chain\": [] } }",
                       errors);
        return;
    }
    for (const auto& member : *members) config.strips.push_back(read_strip(member, templates, errors));
    check_routes(config.strips, errors);
    check_links(config.strips, errors);
    config.templates = templates.take();
}

void read_config(const Node& node, Config& config, Diagnostics& errors) {
    if (!node.as<Node::Object>()) {
        add_wrong_type(node, "", "a config: an object such as {\"version\": 1, \"strips\": {}}", errors);
        return;
    }
    if (!check_version(node, errors)) return;
    const Fields root(node, "", "a config",
                      {"$schema", "version", "name", "engine", "start", "control", "templates", "strips", "groups"},
                      errors);
    Name schema;
    root.read("$schema", schema, "the schema's file name in quotes");
    config.schema = schema.value;
    root.read("name", config.name, "the config's name in quotes");
    if (const Node* engine = root.find("engine")) config.engine = read_engine(*engine, errors);
    if (const Node* start = root.find("start")) config.start = read_start(*start, errors);
    if (const Node* control = root.find("control")) config.control = read_control(*control, errors);
    read_strips(root, config, errors);
    if (const Node* groups = root.find("groups")) config.groups = read_groups(*groups, config.strips, errors);
}

/// At most one byte more than a config may have. errno's message on failure.
tl::expected<std::string, std::string> read_bytes(const std::string& path) {
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const auto problem = [] { return tl::make_unexpected(std::generic_category().message(errno)); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
    if (!file) return problem();
    std::string text;
    std::size_t got = 0;
    do {
        const std::size_t before = text.size();
        text.resize(std::min(before + (std::size_t{1} << 16), largest_text + 1));
        got = std::fread(text.data() + before, 1, text.size() - before, file.get());
        text.resize(before + got);
    } while (got > 0 && text.size() <= largest_text);
    if (std::ferror(file.get())) return problem();
    return text;
}

tl::expected<Config, std::vector<Diagnostic>> settle(Reading reading) {
    if (reading.errors.empty()) return std::move(reading.config);
    return tl::make_unexpected(reading.errors.take());
}

} // namespace

Reading read_text(std::string_view text, std::string_view filename) {
    Reading reading{{}, Diagnostics(std::string(filename))};
    reading.config.file = filename;
    if (const auto root = read_json(text, reading.errors)) read_config(*root, reading.config, reading.errors);
    return reading;
}

Reading read_file(const std::string& path) {
    const auto text = read_bytes(path);
    if (text) return read_text(*text, path);
    Reading reading{{}, Diagnostics(path)};
    reading.config.file = path;
    reading.errors.add({}, "", fmt::format("can't be read ({}), expected a config file", text.error()));
    return reading;
}

tl::expected<Config, std::vector<Diagnostic>> parse(std::string_view text, std::string_view filename) {
    return settle(read_text(text, filename));
}

tl::expected<Config, std::vector<Diagnostic>> load_file(const std::string& path) {
    return settle(read_file(path));
}

} // namespace ton::config
