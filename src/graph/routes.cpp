// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/routes.hpp"

#include "config/cycles.hpp"
#include "engine/solo_bus.hpp"
#include "graph/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace ton::graph {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Routes {
  public:
    Routes(const Desk& desk, config::Diagnostics& errors) : desk_(desk), errors_(errors), targets_(desk.strips.size()), partners_(partners_of(desk)) {
        for (std::size_t s = 0; s < desk.strips.size(); ++s) {
            if (desk.strips[s].members) continue; // nothing can be sent to a group
            if (is_hidden(desk.strips[s].name)) {
                hidden_.emplace(desk.strips[s].name, static_cast<int>(s));
                continue;
            }
            index_.emplace(desk.strips[s].name, static_cast<int>(s));
            names_.push_back(desk.strips[s].name);
        }
    }

    std::vector<Targets> find() {
        for (std::size_t s = 0; s < desk_.strips.size(); ++s)
            for (const auto& module : desk_.strips[s].chain) {
                const int group = module.half > 0 ? hidden_.at(group_strip(module)) : -1;
                targets_[s].sends.push_back(module.type->send ? send_target(s, module) : module.half == 1 ? group : -1);
                if (module.type->insert) targets_[s].listens.push_back({Point{}}); // its own ports
                else targets_[s].listens.push_back(module.half == 2 ? std::vector{Point{group, -1, module.row("group")}} : points(s, module));
            }
        check_circles();
        return std::move(targets_);
    }

  private:
    std::vector<Point> points(std::size_t s, const Module& module) {
        std::vector<Point> all;
        const auto rows = engine::point_rows(module.type->parameters);
        for (const int row : rows) {
            const auto point = named_point(module, row);
            if (module.type->sources && point.strip >= 0) check_source(s, module, point);
            if (module.type->sources || point.strip >= 0) all.push_back(point);
        }
        for (int bus = 0; module.type->hears_solo && bus < engine::kSoloBuses; ++bus) all.push_back({hidden_.at(solo_strip(bus)), -1, rows.front()});
        if (partners_[s] >= 0) add_linked_key(s, module, all);
        return all;
    }

    /// Its own signal and its partner's; a module without a row to name it hears itself anyway.
    void add_linked_key(std::size_t s, const Module& module, std::vector<Point>& all) {
        const auto &own = desk_.strips[s], &partner = desk_.strips[at(partners_[s])];
        const auto* other = linked_key(module, partner);
        if (!other) return;
        const int row = module.row("sidechain");
        if (!module.type->hears_partner) all.push_back({static_cast<int>(s), static_cast<int>(&module - own.chain.data()) - 1, row});
        all.push_back({partners_[s], static_cast<int>(other - partner.chain.data()) - 1, row});
    }

    static std::string path_of(const Module& module, int row) {
        return config::child_path(module.path, engine::parameter_path(module.type->parameters[at(row)]));
    }

    /// "strip" or "strip/module", or nowhere (with an error where a name is wrong).
    Point named_point(const Module& module, int row) {
        const std::string_view text = module.texts[at(row)];
        if (text.empty()) return {};
        const auto slash = text.find('/');
        const int strip = strip_of(module, row, text.substr(0, slash));
        if (strip < 0 || slash == std::string_view::npos) return {strip, -1, row};
        const auto& chain = desk_.strips[at(strip)].chain;
        const auto name = text.substr(slash + 1);
        auto found = std::ranges::find(chain, name, &Module::name);
        if (found != chain.end() && found->half == 1) ++found; // behind the whole module
        else if (found != chain.end() && found->half == 2) found = chain.end();
        if (found != chain.end()) return {strip, static_cast<int>(found - chain.begin()), row};
        std::vector<std::string_view> names;
        for (const auto& other : chain)
            if (other.half != 2) names.push_back(other.name);
        errors_.add_unknown(module.at[at(row)], path_of(module, row),
                            fmt::format("the strip {} has no module {}, expected one of its chain", config::quote(desk_.strips[at(strip)].name), config::quote(name)),
                            name, names);
        return {};
    }

    /// What is heard through a module obeys the order of the stages, like what feeds a strip.
    void check_source(std::size_t s, const Module& module, const Point& point) {
        const auto &from = desk_.strips[at(point.strip)], &to = desk_.strips[s];
        if (at(point.strip) == s)
            return errors_.add(module.at[at(point.row)], path_of(module, point.row), fmt::format("the strip {} feeds itself, expected another strip", config::quote(to.name)));
        if (to.stage >= from.stage) return;
        errors_.add(module.at[at(point.row)], path_of(module, point.row),
                    fmt::format("the {} strip {} feeds the {} strip {}, expected the order track, mix, master", config::to_text(from.stage),
                                config::quote(from.name), config::to_text(to.stage), config::quote(to.name)));
    }

    int strip_of(const Module& module, int row, std::string_view name) {
        const auto found = index_.find(name);
        if (found != index_.end()) return found->second;
        errors_.add_unknown(module.at[at(row)], path_of(module, row), fmt::format("unknown strip {}, expected the name of a strip", config::quote(name)), name, names_);
        return -1;
    }

    /// The strip that a send's text row names, or -1 (with an error where the name is wrong).
    int named_strip(const Module& module) {
        const int row = module.row("to");
        const auto& name = module.texts[at(row)];
        if (!name.empty()) return strip_of(module, row, name);
        errors_.add(module.position, path_of(module, row), "the send feeds nothing, expected \"to\": \"STRIP\"");
        return -1;
    }

    int send_target(std::size_t s, const Module& module) {
        const int target = named_strip(module);
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
        for (std::size_t s = 0; s < desk_.strips.size(); ++s)
            for (const auto& [source, module] : sources_of(s))
                if (auto& onward = fed[source]; source != s && std::ranges::find(onward, s) == onward.end()) onward.push_back(s);
        for (const auto& circle : config::find_cycles(fed)) report(circle);
    }

    /// What a strip hears through its modules: the strip, and the module that hears it.
    std::vector<std::pair<std::size_t, std::size_t>> sources_of(std::size_t s) const {
        std::vector<std::pair<std::size_t, std::size_t>> all;
        for (std::size_t m = 0; m < desk_.strips[s].chain.size(); ++m)
            if (desk_.strips[s].chain[m].type->sources)
                for (const auto& point : targets_[s].listens[m])
                    if (point.strip >= 0) all.emplace_back(at(point.strip), m);
        return all;
    }

    /// At the first of the circle's sends or sources; a circle of `to` alone has been told.
    void report(const std::vector<std::size_t>& circle) {
        std::vector<std::string_view> trail;
        for (const auto s : circle) trail.push_back(names_[s]);
        trail.push_back(trail.front());
        for (std::size_t i = 0; i < circle.size(); ++i) {
            const auto from = circle[i], to = circle[(i + 1) % circle.size()];
            if (joined(from, to)) continue;
            const auto text = fmt::format("the strips feed each other in a circle ({}), expected every path to end", config::route_text(trail));
            const auto& sends = targets_[from].sends;
            if (const auto m = std::ranges::find(sends, static_cast<int>(to)); m != sends.end()) {
                const auto& send = desk_.strips[from].chain[static_cast<std::size_t>(m - sends.begin())];
                return errors_.add(place(send), config::child_path(send.path, "to"), text);
            }
            return report_source(from, to, text);
        }
    }

    void report_source(std::size_t from, std::size_t to, const std::string& text) {
        for (const auto& [source, m] : sources_of(to)) {
            if (source != from) continue;
            const auto& module = desk_.strips[to].chain[m];
            const auto& point = *std::ranges::find(targets_[to].listens[m], static_cast<int>(from), &Point::strip);
            return errors_.add(module.at[at(point.row)], path_of(module, point.row), text);
        }
    }

    const Desk& desk_;
    config::Diagnostics& errors_;
    std::vector<Targets> targets_;
    std::vector<int> partners_;
    std::unordered_map<std::string_view, int> index_, hidden_; // what a config can name, and what it can't
    std::vector<std::string_view> names_;
};

} // namespace

std::vector<Targets> find_targets(const Desk& desk, config::Diagnostics& errors) { return Routes(desk, errors).find(); }

} // namespace ton::graph
