// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/chain_text.hpp"

#include "config/config.hpp"

#include <algorithm>

namespace ton::control {

using config::Node;

namespace {

constexpr int kDeepestTemplates = 64; // as the config's reader has it

void add_entry(ChainText& chain, const Node& root, const Node& entry, std::size_t index, int depth) {
    if (const auto* name = entry.as<std::string>()) {
        const auto* content = depth < kDeepestTemplates ? find_template(root, *name) : nullptr;
        if (const auto* items = content ? content->as<Node::List>() : nullptr)
            for (const auto& item : *items) add_entry(chain, root, item, index, depth + 1);
        return;
    }
    const auto* members = entry.as<Node::Object>();
    if (!members) return;
    const auto* as = entry.find("as");
    const auto* name = as ? as->as<std::string>() : nullptr;
    const auto type = std::ranges::find_if(*members, [](const config::Member& m) { return m.key != "as"; });
    chain.modules.push_back({name ? *name : type == members->end() ? "" : type->key, index, depth > 0});
}

} // namespace

config::Path below(config::Path path, config::Step step) {
    path.push_back(std::move(step));
    return path;
}

const Node* find_template(const Node& root, std::string_view name) {
    const auto* templates = root.find("templates");
    return templates ? templates->find(name) : nullptr;
}

ChainText read_chain_text(const Node& root, const Node* node) {
    ChainText chain;
    const auto* items = node ? node->as<Node::List>() : nullptr;
    chain.written = items != nullptr;
    chain.entries = items ? items->size() : 0;
    for (std::size_t i = 0; i < chain.entries; ++i) add_entry(chain, root, (*items)[i], i, 0);
    return chain;
}

std::vector<config::Splice> write_out(config::Document& document, const config::Path& path, std::size_t entry, const Node& root) {
    config::Diagnostics errors("");
    const auto name = config::read_json(document.value(below(path, entry)), errors);
    const auto* items = find_template(root, *name->as<std::string>())->as<Node::List>();
    std::vector<config::Splice> splices;
    for (std::size_t i = 0; i < items->size(); ++i) splices.push_back(document.insert(path, entry + i, (*items)[i]));
    splices.push_back(document.remove(below(path, entry + items->size())));
    return splices;
}

} // namespace ton::control
