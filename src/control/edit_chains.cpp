// SPDX-License-Identifier: GPL-3.0-or-later
// Edits of a strip's chain.
#include "control/edit.hpp"

#include "config/config.hpp"
#include "control/edit_node.hpp"
#include "graph/desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace ton::control {

using config::Node;
using config::Path;
using config::quote;

namespace {

Path chain_path(const std::string& strip) { return {std::string("strips"), strip, std::string("chain")}; }

/// No JSON begins like that but null, true and false, which are no modules either.
bool is_word(std::string_view text) { return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0; }

Node plain_module(std::string_view name) { return Node{Node::Object{{std::string(name), {}, Node{Node::Object{}, {}}}}, {}}; }

/// `most`: the highest place that is allowed.
std::string find_module(const ChainText& chain, const ModulePlace& place, std::size_t most, std::size_t& index) {
    if (const auto* name = std::get_if<std::string>(&place)) {
        const auto it = std::ranges::find(chain.modules, *name, &ChainText::Module::name);
        index = static_cast<std::size_t>(it - chain.modules.begin());
        if (it != chain.modules.end()) return {};
        std::vector<std::string_view> names;
        for (const auto& module : chain.modules) names.push_back(module.name);
        const auto near = config::nearest(*name, names);
        return fmt::format("the chain has no module {}{}", quote(*name), near ? fmt::format("; did you mean {}?", quote(*near)) : "");
    }
    auto number = std::get<std::ptrdiff_t>(place);
    if (number < 0) number += static_cast<std::ptrdiff_t>(most) + 1;
    if (number < 0 || number > static_cast<std::ptrdiff_t>(most)) return fmt::format("expected a place from 0 to {}, or a module's name", most);
    index = static_cast<std::size_t>(number);
    return {};
}

} // namespace

ChainText Edit::chain_of(const std::string& strip) { return read_chain_text(root(), root().find("strips")->find(strip)->find("chain")); }

/// Where a template brought the module it is written out, in this strip's chain only.
void Edit::own(const std::string& strip, ChainText& chain, std::size_t module) {
    while (chain.modules[module].of_template) { // a template may stand in a template
        const Node whole = root();
        for (auto& splice : write_out(document_, chain_path(strip), chain.modules[module].entry, whole)) did(std::move(splice));
        chain = chain_of(strip);
    }
}

/// The entry in the text in front of which something becomes the `module`-th.
std::size_t Edit::entry_before(const std::string& strip, ChainText& chain, std::size_t module) {
    if (module == chain.modules.size()) return chain.entries;
    const bool inside = module > 0 && chain.modules[module - 1].entry == chain.modules[module].entry;
    if (inside) own(strip, chain, module);
    return chain.modules[module].entry;
}

std::string Edit::unknown_module(std::string_view name) {
    auto names = graph::module_names();
    const auto templates = document_.has({std::string("templates")}) ? document_.keys({std::string("templates")}) : std::vector<std::string>{};
    names.insert(names.end(), templates.begin(), templates.end());
    const auto near = config::nearest(name, names);
    return fmt::format("unknown module {}, expected one that `tonmeister modules` lists, or a template{}", quote(name),
                       near ? fmt::format("; did you mean {}?", quote(*near)) : "");
}

/// A name in a chain is a template's, as in a config; in a message else a module's, which stands in the text with its braces.
void Edit::spell_out(Node& entry) {
    const auto* name = entry.as<std::string>();
    if (name && !find_template(root(), *name) && graph::module_type(*name)) entry = plain_module(*name);
}

std::string Edit::insert_module(const std::string& strip, const ModulePlace& place, std::string_view json) {
    if (!has_strip(strip)) return unknown_strip(strip);
    auto chain = chain_of(strip);
    std::size_t index = 0;
    if (auto error = find_module(chain, place, chain.modules.size(), index); !error.empty()) return error;
    Node entry;
    if (graph::module_type(json) || find_template(root(), json)) {
        entry.value = std::string(json);
    } else if (is_word(json)) {
        return unknown_module(json);
    } else {
        std::string error;
        auto read = read_argument(json, error);
        if (!read) return error.starts_with("the JSON") ? error + "; expected a module such as {\"eq\":{}}, or a module's or template's name" : error;
        entry = std::move(*read);
    }
    spell_out(entry);
    if (!chain.written && document_.has(chain_path(strip))) return "the strip's chain is no list, expected one";
    if (!chain.written) {
        const auto path = strip_path(strip);
        did(document_.insert(path, "chain", Node{Node::List{entry}, {}}));
    } else {
        const auto before = entry_before(strip, chain, index);
        did(document_.insert(chain_path(strip), before, entry));
    }
    return {};
}

std::string Edit::remove_module(const std::string& strip, const ModulePlace& place) {
    if (!has_strip(strip)) return unknown_strip(strip);
    auto chain = chain_of(strip);
    std::size_t index = 0;
    if (chain.modules.empty()) return "the chain is empty";
    if (auto error = find_module(chain, place, chain.modules.size() - 1, index); !error.empty()) return error;
    own(strip, chain, index);
    did(document_.remove(below(chain_path(strip), chain.modules[index].entry)));
    return {};
}

std::string Edit::move_module(const std::string& strip, const ModulePlace& from, const ModulePlace& to) {
    if (!has_strip(strip)) return unknown_strip(strip);
    auto chain = chain_of(strip);
    std::size_t source = 0, target = 0;
    if (chain.modules.empty()) return "the chain is empty";
    for (const auto& [place, index] : {std::pair{&from, &source}, std::pair{&to, &target}})
        if (auto error = find_module(chain, *place, chain.modules.size() - 1, *index); !error.empty()) return error;
    if (source == target) return {};
    own(strip, chain, source);
    // Behind the target where it moves towards the end, else in front of it.
    const auto before = entry_before(strip, chain, source < target ? target + 1 : target);
    const auto entry = chain.modules[source].entry;
    did(document_.move(chain_path(strip), entry, before > entry ? before - 1 : before));
    return {};
}

} // namespace ton::control
