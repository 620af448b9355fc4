// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/fields.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::config {

namespace {

constexpr std::size_t longest_chain = 256;    // modules
constexpr std::size_t deepest_templates = 64; // within each other
constexpr std::size_t most_expanded =
    1'000'000; // modules and parameters copied out of templates, in one config

/// Sees to it that instance names differ within one chain.
class NamesInUse {
  public:
    explicit NamesInUse(Diagnostics& errors) : errors_(errors) {}

    void add(const Module& module, const ChainEntry& entry) {
        const auto [first, is_new] = first_of_.try_emplace(module.name.value, module.used_at);
        // Two modules of one use of a template have been reported where the template is written.
        if (is_new || first->second == module.used_at) return;
        const auto who = entry.module ? "a second module is called"
                                      : "the template " + quote(entry.template_name.value) +
                                            " brings a second module called";
        errors_.add(
            entry.module ? module.name.at : entry.template_name.at, entry.module ? module.path : entry.path,
            fmt::format("{} {} (the first is on line {}), expected names that differ within a strip: name "
                        "one, as in {{ {}: {{}}, \"as\": {} }}",
                        who, quote(module.name.value), first->second.line, quote(module.type.value),
                        quote(module.type.value + "2")));
    }

  private:
    Diagnostics& errors_;
    std::unordered_map<std::string, Position> first_of_;
};

} // namespace

void Templates::read(const Node& node) {
    const auto* members = node.as<Node::Object>();
    if (!members) {
        add_wrong_type(node, "templates",
                       "an object of named chains such as { \"voice\": [ { \"eq\": {} } ] }", errors_);
        return;
    }
    for (const auto& member : *members) {
        Entry entry;
        entry.name = {member.key, member.key_at};
        entry.written = read_chain(member.value, child_path("templates", member.key), errors_);
        index_.emplace(member.key, entries_.size());
        entries_.push_back(std::move(entry));
    }
    for (auto& entry : entries_) {
        std::vector<std::string> trail;
        resolve(entry, nullptr, trail);
    }
}

Templates::Entry* Templates::lookup(const ChainEntry& entry) {
    const auto found = index_.find(entry.template_name.value);
    if (found != index_.end()) return &entries_[found->second];
    std::vector<std::string_view> names;
    for (const auto& known : entries_) names.push_back(known.name.value);
    errors_.add_unknown(
        entry.template_name.at, entry.path,
        fmt::format("unknown template {}, expected one of \"templates\" (a module is written with "
                    "its parameters, as in {{ {}: {{}} }})",
                    quote(entry.template_name.value), quote(entry.template_name.value)),
        entry.template_name.value, names);
    return nullptr;
}

/// Expands the templates within one template, once. False when it stands within itself.
bool Templates::resolve(Entry& entry, const ChainEntry* use, std::vector<std::string>& trail) {
    if (entry.state == Entry::State::done) return true;
    trail.push_back(entry.name.value);
    const bool again = entry.state == Entry::State::open;
    if (again || trail.size() > deepest_templates) {
        const auto first = again ? std::find(trail.begin(), trail.end(), entry.name.value) : trail.end() - 2;
        const auto wrong =
            again ? "a template can't stand within itself" : "templates stand too deep in each other";
        errors_.add(use->template_name.at, use->path,
                    fmt::format("{} ({}), expected templates of modules in the end", wrong,
                                route_text(std::vector<std::string_view>(first, trail.end()))));
        trail.pop_back();
        return false;
    }
    entry.state = Entry::State::open;
    entry.chain = gather(entry.written, child_path("templates", entry.name.value), trail);
    entry.state = Entry::State::done;
    trail.pop_back();
    return true;
}

std::vector<Module> Templates::gather(const std::vector<ChainEntry>& entries, const std::string& path,
                                      std::vector<std::string>& trail) {
    std::vector<Module> chain;
    NamesInUse names(errors_);
    for (const auto& entry : entries) {
        if (entry.module) {
            chain.push_back(*entry.module);
            names.add(chain.back(), entry);
        } else if (Entry* inner = lookup(entry); inner && resolve(*inner, &entry, trail)) {
            append(chain, *inner, entry);
            for (auto i = chain.size() - inner->chain.size(); i < chain.size(); ++i)
                names.add(chain[i], entry);
        }
        if (chain.size() <= longest_chain) continue;
        errors_.add(entry.module ? entry.module->used_at : entry.template_name.at, path,
                    fmt::format("the chain is too long, expected at most {} modules", longest_chain));
        return {};
    }
    return chain;
}

void Templates::append(std::vector<Module>& chain, Entry& from, const ChainEntry& use) {
    for (const auto& module : from.chain) expanded_ += 1 + module.parameters.size();
    if (expanded_ > most_expanded) {
        if (!too_large_) {
            errors_.add(
                use.template_name.at, use.path,
                fmt::format("the templates grow too large, expected at most {} modules and parameters in all",
                            most_expanded));
        }
        too_large_ = true;
        from.chain.clear();
    }
    for (const auto& module : from.chain) {
        chain.push_back(module);
        chain.back().used_at = use.template_name.at;
    }
}

std::vector<Module> Templates::expand(const std::vector<ChainEntry>& entries, const std::string& path) {
    std::vector<std::string> trail;
    return gather(entries, path, trail);
}

std::vector<Template> Templates::take() {
    std::vector<Template> templates;
    for (auto& entry : entries_) templates.push_back({std::move(entry.name), std::move(entry.chain)});
    return templates;
}

} // namespace ton::config
