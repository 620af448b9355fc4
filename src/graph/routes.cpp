// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/routes.hpp"

#include "config/cycles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace ton::graph {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Routes {
  public:
    Routes(const Desk& desk, config::Diagnostics& errors) : desk_(desk), errors_(errors), targets_(desk.strips.size()) {
        for (std::size_t s = 0; s < desk.strips.size(); ++s) {
            index_.emplace(desk.strips[s].name, static_cast<int>(s));
            names_.push_back(desk.strips[s].name);
        }
    }

    std::vector<Targets> find() {
        for (std::size_t s = 0; s < desk_.strips.size(); ++s)
            for (const auto& module : desk_.strips[s].chain) {
                targets_[s].sends.push_back(module.type->send ? send_target(s, module) : -1);
                targets_[s].listens.push_back(module.type->sidechain ? named_strip(module, "sidechain") : -1);
            }
        check_circles();
        return std::move(targets_);
    }

  private:
    /// The strip that a module's text row names, or -1 (with an error where the name is wrong).
    int named_strip(const Module& module, std::string_view row_name) {
        const int row = module.row(row_name);
        if (row < 0) return -1;
        const auto& name = module.texts[at(row)];
        const auto path = config::child_path(module.path, row_name);
        if (name.empty()) {
            if (module.type->send) errors_.add(module.position, path, "the send feeds nothing, expected \"to\": \"STRIP\"");
            return -1;
        }
        const auto found = index_.find(name);
        if (found != index_.end()) return found->second;
        errors_.add_unknown(module.at[at(row)], path, fmt::format("unknown strip {}, expected the name of a strip", config::quote(name)), name, names_);
        return -1;
    }

    int send_target(std::size_t s, const Module& module) {
        const int target = named_strip(module, "to");
        if (target < 0) return -1;
        const auto& from = desk_.strips[s];
        const auto& to = desk_.strips[at(target)];
        const auto complain = [&](std::string text) { errors_.add(place(module), config::child_path(module.path, "to"), std::move(text)); };
        if (at(target) == s) {
            complain(fmt::format("the strip {} feeds itself, expected another strip", config::quote(from.name)));
            return -1;
        }
        if (to.stage < from.stage)
            complain(fmt::format("the {} strip {} feeds the {} strip {}, expected the order track, mix, master", config::to_text(from.stage),
                                 config::quote(from.name), config::to_text(to.stage), config::quote(to.name)));
        return target;
    }

    static config::Position place(const Module& send) { return send.at[at(send.row("to"))]; }

    bool joined(std::size_t from, std::size_t to) const { return std::ranges::find(desk_.strips[from].to, desk_.strips[to].name) != desk_.strips[from].to.end(); }

    void check_circles() {
        config::Successors fed(desk_.strips.size());
        for (std::size_t s = 0; s < desk_.strips.size(); ++s) {
            const auto add = [&](int target) {
                if (target >= 0 && at(target) != s && std::ranges::find(fed[s], at(target)) == fed[s].end()) fed[s].push_back(at(target));
            };
            for (const auto& to : desk_.strips[s].to)
                if (const auto it = index_.find(to); it != index_.end()) add(it->second);
            std::ranges::for_each(targets_[s].sends, add);
        }
        for (const auto& circle : config::find_cycles(fed)) report(circle);
    }

    /// At the first of the circle's sends; a circle of `to` alone has been told.
    void report(const std::vector<std::size_t>& circle) {
        std::vector<std::string_view> trail;
        for (const auto s : circle) trail.push_back(names_[s]);
        trail.push_back(trail.front());
        for (std::size_t i = 0; i < circle.size(); ++i) {
            const auto from = circle[i], to = circle[(i + 1) % circle.size()];
            if (joined(from, to)) continue;
            const auto& sends = targets_[from].sends;
            const auto m = std::ranges::find(sends, static_cast<int>(to)) - sends.begin();
            const auto& send = desk_.strips[from].chain[static_cast<std::size_t>(m)];
            errors_.add(place(send), config::child_path(send.path, "to"),
                        fmt::format("the strips feed each other in a circle ({}), expected every path to end", config::route_text(trail)));
            return;
        }
    }

    const Desk& desk_;
    config::Diagnostics& errors_;
    std::vector<Targets> targets_;
    std::unordered_map<std::string_view, int> index_;
    std::vector<std::string_view> names_;
};

} // namespace

std::vector<Targets> find_targets(const Desk& desk, config::Diagnostics& errors) { return Routes(desk, errors).find(); }

} // namespace ton::graph
