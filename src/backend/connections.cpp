// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/connections.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <unordered_map>

namespace ton::backend {
namespace {

bool is_regex(std::string_view text) {
    return text.size() >= 2 && text.front() == '/' && text.back() == '/';
}

bool full_match(const std::regex& pattern, const std::string& name) {
    try {
        return std::regex_match(name, pattern);
    } catch (const std::regex_error&) { // too complex for this name: it does not match
        return false;
    }
}

} // namespace

std::vector<std::string> Connections::set_wishes(std::span<const PortSpec> ports, std::string_view client) {
    std::vector<std::string> errors;
    std::map<std::string, std::optional<std::regex>, std::less<>>
        compiled; // strips share patterns: compile each once
    wishes_.clear();
    for (const auto& port : ports)
        for (const auto& text : port.connect) {
            Wish wish{fmt::format("{}:{}", client, port.name), port.input, text, {}, false, {}};
            if (is_regex(text)) {
                auto [entry, is_new] = compiled.try_emplace(text);
                if (is_new) try {
                        entry->second.emplace(text.substr(1, text.size() - 2),
                                              std::regex::ECMAScript | std::regex::optimize);
                    } catch (const std::regex_error& error) {
                        errors.push_back(fmt::format("{}: {} is not a regular expression: {}", port.name,
                                                     text, error.what()));
                    }
                wish.pattern = entry->second;
                wish.broken = !wish.pattern;
            }
            wishes_.push_back(std::move(wish));
        }
    return errors;
}

/// The present ports, by all their names.
class Connections::Directory {
  public:
    explicit Directory(std::span<const PresentPort> present) : present_(present) {
        for (const auto& port : present) by_name_.insert_or_assign(port.name, &port);
        for (const auto& port : present) // a true name goes before an alias
            for (const auto& alias : port.aliases) by_name_.try_emplace(alias, &port);
    }
    const PresentPort* named(std::string_view name) const {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : found->second;
    }
    std::span<const PresentPort> all() const { return present_; }

  private:
    std::span<const PresentPort> present_;
    std::unordered_map<std::string_view, const PresentPort*> by_name_;
};

/// Calls `found(port)` for each port that fulfils the wish; false when there is none.
template <class Found> bool Connections::find(const Wish& wish, const Directory& directory, Found&& found) {
    if (wish.broken) return false;
    if (!wish.pattern) {
        const PresentPort* port = directory.named(wish.name);
        if (port == nullptr || port->output != wish.own_is_input) return false;
        found(*port);
        return true;
    }
    bool any = false;
    for (const auto& port : directory.all()) {
        if (port.output != wish.own_is_input || port.own) continue;
        if (!full_match(*wish.pattern, port.name) &&
            std::none_of(port.aliases.begin(), port.aliases.end(),
                         [&](const auto& alias) { return full_match(*wish.pattern, alias); }))
            continue;
        any = true;
        found(port);
    }
    return any;
}

int Connections::missing(std::span<const PresentPort> present) const {
    const Directory directory(present);
    return static_cast<int>(std::count_if(wishes_.begin(), wishes_.end(), [&](const Wish& wish) {
        return !find(wish, directory, [](const PresentPort&) {});
    }));
}

Connections::Work Connections::work(std::span<const PresentPort> present) {
    const Directory directory(present);
    Work work;
    std::set<Connection> wanted;
    for (auto& wish : wishes_) {
        wish.found.reset();
        const bool found = find(wish, directory, [&](const PresentPort& port) {
            if (directory.named(wish.own) == nullptr) return;
            wish.found = wish.own_is_input ? Connection{port.name, wish.own} : Connection{wish.own, port.name};
            wanted.insert(*wish.found);
        });
        if (!found) ++work.missing;
    }
    for (auto made = made_.begin(); made != made_.end();) {
        if (wanted.contains(*made)) {
            ++made;
            continue;
        }
        // No longer wished for, or a port of it is gone.
        if (directory.named(made->from) && directory.named(made->to)) work.disconnect.push_back(*made);
        made = made_.erase(made);
    }
    std::set_difference(wanted.begin(), wanted.end(), made_.begin(), made_.end(),
                        std::back_inserter(work.connect));
    return work;
}

std::vector<std::string> Connections::open() const {
    std::vector<std::string> open;
    for (const auto& wish : wishes_) {
        if (wish.pattern || wish.broken || (wish.found && made_.contains(*wish.found))) continue;
        open.push_back(wish.own_is_input ? fmt::format("{} to {}", wish.name, wish.own) : fmt::format("{} to {}", wish.own, wish.name));
    }
    return open;
}

void Connections::appeared(std::string_view port) {
    std::erase_if(made_, [port](const Connection& made) { return made.from == port || made.to == port; });
}

} // namespace ton::backend
