// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/bake.hpp"

#include "control/chain_text.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace ton::control {

using config::Document;
using config::Node;
using config::Path;

namespace {

Node to_node(const config::Value& value) {
    Node node;
    if (const auto* truth = std::get_if<bool>(&value.data)) node.value = *truth;
    else if (const auto* text = std::get_if<std::string>(&value.data)) node.value = *text;
    else if (const auto* list = std::get_if<std::vector<config::Value>>(&value.data)) {
        Node::List nodes;
        for (const auto& item : *list) nodes.push_back(to_node(item));
        node.value = std::move(nodes);
    } else node.value = std::get<double>(value.data);
    return node;
}

/// Where a parameter is written, in whichever mixture of flat and nested names.
std::optional<Path> find_parameter(const Document& document, const Path& group, std::string_view name) {
    for (const auto& key : document.keys(group)) {
        const auto path = below(group, key);
        if (name == key) return path;
        const bool within = name.size() > key.size() && name.starts_with(key) && name[key.size()] == '/';
        if (!within || !document.value(path).starts_with('{')) continue;
        if (auto inner = find_parameter(document, path, name.substr(key.size() + 1))) return inner;
    }
    return std::nullopt;
}

bool differs(const graph::Module& a, const graph::Module& b, std::size_t row) {
    return !b.type->parameters[row].momentary && (a.values[row] != b.values[row] || a.texts[row] != b.texts[row]);
}

/// The strip's modules that the config's chain has, in its order: the desk's own stand among them.
std::vector<const graph::Module*> written(const graph::Strip& strip) {
    std::vector<const graph::Module*> modules;
    for (const auto& module : strip.chain)
        if (!graph::is_own(module)) modules.push_back(&module);
    return modules;
}

bool moved(const graph::Module& loaded, const graph::Module& live) {
    for (std::size_t r = 0; r < live.values.size(); ++r)
        if (differs(loaded, live, r)) return true;
    return false;
}

bool moved(const graph::Strip& loaded, const graph::Strip& live) {
    if (loaded.mute != live.mute || loaded.solo != live.solo) return true;
    for (std::size_t m = 0; m < live.chain.size(); ++m)
        if ((!graph::is_own(live.chain[m]) || live.chain[m].name == graph::kGuard) && moved(loaded.chain[m], live.chain[m])) return true;
    return false;
}

/// `group` is the object of parameters.
void write_rows(Document& document, const Path& group, const graph::Module& loaded, const graph::Module& live) {
    for (std::size_t r = 0; r < live.values.size(); ++r) {
        if (live.type->parameters[r].kind == engine::Kind::meter || !differs(loaded, live, r)) continue;
        const auto name = engine::parameter_path(live.type->parameters[r]);
        const auto value = to_node(live.in_config(r));
        if (const auto written = find_parameter(document, group, name)) document.set(*written, value);
        else document.insert(group, name, value);
    }
}

const Path kChain{std::string("chain")};

Node read(const Document& document) {
    config::Diagnostics errors("");
    return *config::read_json(document.text(), errors);
}

/// Which entry each module is; those that were moved are no template's any more.
ChainText own_moved(Document& strip, const Node& root, const graph::Strip& loaded_strip, const graph::Strip& live_strip) {
    const auto loaded = written(loaded_strip), live = written(live_strip);
    for (;;) {
        const auto node = read(strip);
        auto chain = read_chain_text(root, node.find("chain"));
        std::size_t m = 0;
        while (m < chain.modules.size() && !(chain.modules[m].of_template && moved(*loaded[m], *live[m]))) ++m;
        if (m == chain.modules.size()) return chain;
        write_out(strip, kChain, chain.modules[m].entry, root);
    }
}

void put_flag(Document& strip, const char* key, bool was, bool is) {
    if (was == is) return;
    Node node;
    node.value = is;
    if (strip.has({std::string(key)})) strip.set({std::string(key)}, node);
    else strip.insert({}, key, node);
}

/// What leaves by ports is guarded as an object beside them says.
void write_guard(Document& strip, const graph::Strip& loaded, const graph::Strip& live) {
    const auto *before = loaded.find(graph::kGuard), *now = live.find(graph::kGuard);
    if (!before || !now || !moved(*before, *now)) return;
    const std::string key(graph::kGuard);
    Node empty;
    empty.value = Node::Object{};
    if (!strip.has({key})) strip.insert({}, key, empty);
    write_rows(strip, {key}, *before, *now);
}

void write_strip(Document& strip, const Node& root, const graph::Strip& loaded, const graph::Strip& live) {
    const auto chain = own_moved(strip, root, loaded, live);
    const auto before = written(loaded), now = written(live);
    for (std::size_t m = 0; m < chain.modules.size(); ++m)
        if (moved(*before[m], *now[m])) write_rows(strip, below(below(kChain, chain.modules[m].entry), std::string(now[m]->type->name)), *before[m], *now[m]);
    write_guard(strip, loaded, live);
    put_flag(strip, "mute", loaded.mute, live.mute);
    put_flag(strip, "solo", loaded.solo, live.solo);
}

/// A group's level stands beside its mute and solo.
void write_group(Document& group, const graph::Strip& loaded, const graph::Strip& live) {
    const auto &before = *loaded.find("fader"), &now = *live.find("fader");
    const auto row = static_cast<std::size_t>(now.row("level"));
    if (differs(before, now, row)) {
        const Path level{std::string("level")};
        if (group.has(level)) group.set(level, to_node(now.written(row)));
        else group.insert({}, "level", to_node(now.written(row)));
    }
    put_flag(group, "mute", loaded.mute, live.mute);
    put_flag(group, "solo", loaded.solo, live.solo);
}

/// Each strip's or group's text on its own, so that a desk of thousands is written in one go.
template <class Write>
void write_members(Document& document, const char* section, const graph::Desk& loaded, const graph::Desk& live, bool groups, Write write) {
    const Path path{std::string(section)};
    std::map<std::string, std::string, std::less<>> changed;
    auto parts = document.has(path) ? document.parts(path) : decltype(document.parts(path)){};
    for (std::size_t s = 0; s < live.strips.size(); ++s) {
        const auto &before = loaded.strips[s], &now = live.strips[s];
        if (now.members.has_value() != groups || !moved(before, now)) continue;
        const auto name = now.name.substr(groups ? graph::kGroups.size() : 0);
        auto& part = parts.at(name);
        write(part, before, now);
        changed.emplace(name, part.text());
    }
    if (!changed.empty()) document.replace_members(path, changed);
}

/// `said` is what the text says.
std::string with_values_over(const Document& document, const graph::Desk& said, const graph::Desk& live) {
    const auto root = read(document);
    Document result = document;
    write_members(result, "strips", said, live, false,
                  [&](Document& strip, const graph::Strip& before, const graph::Strip& now) { write_strip(strip, root, before, now); });
    write_members(result, "groups", said, live, true, write_group);
    return result.text();
}

/// What the text says of right sides themselves, which a link hides when it is loaded.
graph::Desk without_links(const Document& document, const graph::Desk& loaded) {
    auto reading = config::read_text(document.text(), loaded.file);
    for (auto& strip : reading.config.strips) strip.link = {};
    return graph::resolve(reading.config, reading.errors); // no errors: it was read before
}

} // namespace

std::string with_values(const Document& document, const graph::Desk& loaded, const graph::Desk& live) {
    if (std::ranges::any_of(loaded.strips, [](const graph::Strip& s) { return !s.link.empty(); })) return with_values_over(document, without_links(document, loaded), live);
    return with_values_over(document, loaded, live);
}

} // namespace ton::control
