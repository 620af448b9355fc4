// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/bake.hpp"

#include "control/chain_text.hpp"

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
    else node.value = std::get<double>(value.data);
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

bool differs(const graph::Module& a, const graph::Module& b, std::size_t row) { return a.values[row] != b.values[row] || a.texts[row] != b.texts[row]; }

bool of_the_config(const graph::Module& module) { return module.name != graph::kMute && module.name != graph::kMeter; }

bool moved(const graph::Module& loaded, const graph::Module& live) {
    for (std::size_t r = 0; r < live.values.size(); ++r)
        if (differs(loaded, live, r)) return true;
    return false;
}

bool moved(const graph::Strip& loaded, const graph::Strip& live) {
    if (loaded.mute != live.mute || loaded.solo != live.solo) return true;
    for (std::size_t m = 0; m < live.chain.size(); ++m)
        if (of_the_config(live.chain[m]) && moved(loaded.chain[m], live.chain[m])) return true;
    return false;
}

/// `module` is the object in the chain.
void write_module(Document& document, const Path& module, const graph::Module& loaded, const graph::Module& live) {
    const auto group = below(module, std::string(live.type->name));
    for (std::size_t r = 0; r < live.values.size(); ++r) {
        if (live.type->parameters[r].kind == engine::Kind::meter || !differs(loaded, live, r)) continue;
        const auto name = engine::parameter_path(live.type->parameters[r]);
        const auto value = to_node(live.written(r));
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
ChainText own_moved(Document& strip, const Node& root, const graph::Strip& loaded, const graph::Strip& live) {
    for (;;) {
        const auto node = read(strip);
        auto chain = read_chain_text(root, node.find("chain"));
        std::size_t m = 0;
        while (m < chain.modules.size() && !(chain.modules[m].of_template && moved(loaded.chain[m], live.chain[m]))) ++m;
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

void write_strip(Document& strip, const Node& root, const graph::Strip& loaded, const graph::Strip& live) {
    const auto chain = own_moved(strip, root, loaded, live);
    for (std::size_t m = 0; m < chain.modules.size(); ++m)
        if (moved(loaded.chain[m], live.chain[m])) write_module(strip, below(kChain, chain.modules[m].entry), loaded.chain[m], live.chain[m]);
    put_flag(strip, "mute", loaded.mute, live.mute);
    put_flag(strip, "solo", loaded.solo, live.solo);
}

} // namespace

std::string with_values(const Document& document, const graph::Desk& loaded, const graph::Desk& live) {
    const auto root = read(document);
    const config::Path strips{std::string("strips")};
    std::map<std::string, std::string, std::less<>> changed;
    // Each strip's text on its own, so that a desk of thousands is written in one go.
    auto parts = document.has(strips) ? document.parts(strips) : decltype(document.parts(strips)){};
    for (std::size_t s = 0; s < live.strips.size(); ++s) {
        if (!moved(loaded.strips[s], live.strips[s])) continue;
        auto& part = parts.at(live.strips[s].name);
        write_strip(part, root, loaded.strips[s], live.strips[s]);
        changed.emplace(live.strips[s].name, part.text());
    }
    Document result = document;
    if (!changed.empty()) result.replace_members(strips, changed);
    return result.text();
}

} // namespace ton::control
