// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/cycles.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ton::config {

namespace {

class RouteCheck {
  public:
    RouteCheck(const std::vector<Strip>& strips, Diagnostics& errors) : strips_(strips), errors_(errors) {
        for (std::size_t i = 0; i < strips.size(); ++i) {
            index_.emplace(strips[i].name.value, i);
            names_.push_back(strips[i].name.value);
        }
    }

    void run() {
        Successors fed(strips_.size());
        for (std::size_t from = 0; from < strips_.size(); ++from) {
            std::map<std::size_t, int> lines;
            for (const auto& target : strips_[from].to) {
                if (!target.given()) continue;
                const auto to = check(from, target);
                if (!to) continue;
                const auto [first, is_new] = lines.try_emplace(*to, target.at.line);
                if (is_new) {
                    fed[from].push_back(*to);
                } else {
                    add(from, target,
                        fmt::format("the strip {} is named twice, expected it once", quote(target.value)));
                }
            }
        }
        for (const auto& cycle : find_cycles(fed)) report(cycle);
    }

  private:
    void add(std::size_t from, const Name& target, std::string message) {
        errors_.add(target.at, child_path(child_path("strips", strips_[from].name.value), "to"),
                    std::move(message));
    }

    std::optional<std::size_t> check(std::size_t from, const Name& target) {
        const Strip& strip = strips_[from];
        const auto found = index_.find(target.value);
        if (found == index_.end()) {
            errors_.add_unknown(
                target.at, child_path(child_path("strips", strip.name.value), "to"),
                fmt::format("unknown strip {}, expected the name of a strip", quote(target.value)),
                target.value, names_);
            return std::nullopt;
        }
        if (found->second == from) {
            add(from, target,
                fmt::format("the strip {} feeds itself, expected another strip", quote(target.value)));
            return std::nullopt;
        }
        const Strip& fed = strips_[found->second];
        if (fed.stage.value < strip.stage.value) {
            add(from, target,
                fmt::format("the {} strip {} feeds the {} strip {}, expected the order track, mix, master",
                            to_text(strip.stage.value), quote(strip.name.value), to_text(fed.stage.value),
                            quote(fed.name.value)));
        }
        return found->second;
    }

    void report(const std::vector<std::size_t>& cycle) {
        std::vector<std::string_view> trail;
        for (const auto strip : cycle) trail.push_back(names_[strip]);
        trail.push_back(trail.front());
        const auto& to = strips_[cycle.front()].to;
        const auto next =
            std::find_if(to.begin(), to.end(), [&](const auto& name) { return name.value == trail[1]; });
        add(cycle.front(), *next,
            fmt::format("the strips feed each other in a circle ({}), expected every path to end",
                        route_text(trail)));
    }

    const std::vector<Strip>& strips_;
    Diagnostics& errors_;
    std::unordered_map<std::string_view, std::size_t> index_;
    std::vector<std::string_view> names_;
};

} // namespace

void check_routes(const std::vector<Strip>& strips, Diagnostics& errors) {
    RouteCheck(strips, errors).run();
}

} // namespace ton::config
