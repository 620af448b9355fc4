// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/fit.hpp"

#include "control/console.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <span>

namespace ton::control {

namespace {

struct Place {
    std::size_t strip, module, row;
};

/// Settings that a plan is made from, and that are not as the config has them.
std::vector<Place> moved_places(const graph::Desk& loaded, const graph::Desk& live) {
    std::vector<Place> places;
    for (std::size_t s = 0; s < live.strips.size(); ++s)
        for (std::size_t m = 0; m < live.strips[s].chain.size(); ++m) {
            const auto &now = live.strips[s].chain[m], &said = loaded.strips[s].chain[m];
            for (std::size_t r = 0; r < now.values.size(); ++r) {
                const auto& row = now.type->parameters[r];
                const bool plans = row.structural || row.kind == engine::Kind::text;
                if (plans && (now.values[r] != said.values[r] || now.texts[r] != said.texts[r])) places.push_back({s, m, r});
            }
        }
    return places;
}

void copy_settings(const graph::Desk& from, graph::Desk& to, std::span<const Place> places) {
    for (const auto& p : places) {
        const auto& source = from.strips[p.strip].chain[p.module];
        auto& target = to.strips[p.strip].chain[p.module];
        target.values[p.row] = source.values[p.row];
        target.texts[p.row] = source.texts[p.row];
    }
}

/// Puts back what fits, halves at a time.
class Fitting {
  public:
    Fitting(const graph::Desk& loaded, const graph::Desk& wanted, graph::Desk& live, const Complaint& complaint)
        : loaded_(loaded), wanted_(wanted), live_(live), complaint_(complaint) {}

    void add(std::span<const Place> places) {
        copy_settings(wanted_, live_, places);
        auto why = complaint_(live_);
        if (why.empty()) return;
        copy_settings(loaded_, live_, places);
        if (places.size() == 1) return refuse(places.front(), std::move(why));
        add(places.first(places.size() / 2));
        add(places.subspan(places.size() / 2));
    }
    std::vector<Unfit> take() { return std::move(unfit_); }

  private:
    void refuse(const Place& p, std::string why) {
        const auto& strip = wanted_.strips[p.strip];
        const auto& module = strip.chain[p.module];
        const auto& row = module.type->parameters[p.row];
        Unfit unfit{address_of(strip, module, row), static_cast<double>(module.values[p.row]), std::move(why)};
        if (row.kind == engine::Kind::text) unfit.value = module.texts[p.row];
        unfit_.push_back(std::move(unfit));
    }

    const graph::Desk &loaded_, &wanted_;
    graph::Desk& live_;
    const Complaint& complaint_;
    std::vector<Unfit> unfit_;
};

} // namespace

std::string Unfit::text() const {
    const auto* word = std::get_if<std::string>(&value);
    return fmt::format("{}: it was set to {}, which the config does not allow any more, and is as that says: {}", address,
                       word ? config::quote(*word) : fmt::format("{:g}", std::get<double>(value)), why);
}

std::vector<Unfit> fit(const graph::Desk& loaded, graph::Desk& live, const Complaint& complaint) {
    const auto places = moved_places(loaded, live);
    if (places.empty()) return {};
    const auto wanted = live;
    copy_settings(loaded, live, places);
    if (!complaint(live).empty()) return {};
    Fitting fitting(loaded, wanted, live, complaint);
    fitting.add(places);
    graph::join_links(live); // a row that both sides have went back on one
    return fitting.take();
}

} // namespace ton::control
