// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/desk_values.hpp"

#include "control/references.hpp"

#include <unordered_map>

namespace ton::control {

namespace {

/// Strips by name, of a desk and what it says when loaded.
class Pairs {
  public:
    Pairs(const graph::Desk& loaded, const graph::Desk& live) : loaded_(loaded), live_(live) {
        for (std::size_t s = 0; s < live.strips.size(); ++s) index_.emplace(live.strips[s].name, s);
    }
    /// Null where there is none.
    std::pair<const graph::Strip*, const graph::Strip*> find(const std::string& name) const {
        const auto it = index_.find(name);
        if (it == index_.end()) return {nullptr, nullptr};
        return {&loaded_.strips[it->second], &live_.strips[it->second]};
    }

  private:
    const graph::Desk &loaded_, &live_;
    std::unordered_map<std::string_view, std::size_t> index_;
};

bool same(const graph::Module& a, const graph::Module& b, std::size_t row) { return a.values[row] == b.values[row] && a.texts[row] == b.texts[row]; }

Value value_of(const graph::Module& module, std::size_t row) {
    if (module.type->parameters[row].kind == engine::Kind::text) return {module.texts[row]};
    return {static_cast<double>(module.values[row])};
}

void collect(Settings& lost, const graph::Strip& strip, const graph::Module& loaded, const graph::Module& live, const graph::Module* next_loaded,
             const graph::Module* next_live, bool joined) {
    const bool goes_on = next_live && next_live->type == live.type;
    for (std::size_t r = 0; r < live.values.size(); ++r) {
        const auto& row = live.type->parameters[r];
        const bool from_left = joined && graph::is_linked(live, row); // nothing else remembers what it was
        if (row.kind == engine::Kind::meter || (same(loaded, live, r) && !from_left)) continue;
        if (goes_on && same(live, *next_live, r) && (from_left || same(loaded, *next_loaded, r))) continue;
        lost.emplace_back(address_of(strip, live, row), value_of(live, r));
    }
}

} // namespace

bool put_setting(graph::Desk& desk, std::string_view address, const Value& value) {
    if (!address.starts_with('/')) return false;
    address.remove_prefix(1);
    const bool group = address.starts_with(graph::kGroups);
    const auto strip_end = address.find('/', group ? graph::kGroups.size() : 0);
    const int s = desk.index(address.substr(0, strip_end));
    if (s < 0 || strip_end == std::string_view::npos) return false;
    auto& strip = desk.strips[static_cast<std::size_t>(s)];
    auto rest = address.substr(strip_end + 1);
    if (rest == "solo") return strip.solo = value.number() != 0.0, true;
    if (group && rest == "level") rest = "fader/level";
    if (rest == graph::kMute) strip.mute = value.number() != 0.0;
    const auto module_end = rest.find('/');
    auto* module = strip.find(rest.substr(0, module_end));
    const int row = !module ? -1 : module->row(module_end == std::string_view::npos ? rest : rest.substr(module_end + 1));
    if (row < 0) return false;
    const auto r = static_cast<std::size_t>(row);
    if (const auto* text = std::get_if<std::string>(&value.data)) module->texts[r] = *text;
    else module->values[r] = static_cast<float>(value.number());
    return true;
}

void rename_in_texts(graph::Desk& desk, const Renames& renames, const graph::Desk* said) {
    if (renames.empty()) return;
    for (std::size_t s = 0; s < desk.strips.size(); ++s)
        for (std::size_t m = 0; m < desk.strips[s].chain.size(); ++m) {
            auto& module = desk.strips[s].chain[m];
            for (std::size_t r = 0; r < module.texts.size(); ++r) {
                auto& text = module.texts[r];
                if (text.empty() || !names_strip(*module.type, module.type->parameters[r])) continue;
                for (const auto& [from, to] : renames) {
                    if (!names(text, from)) continue;
                    if (!to.empty()) text = to + text.substr(from.size());
                    else text = said ? said->strips[s].chain[m].texts[r] : "";
                }
            }
        }
}

Settings lost_settings(const graph::Desk& loaded, const graph::Desk& live, const graph::Desk& next_loaded, const graph::Desk& next_live, const Origins& back) {
    Settings lost;
    const Pairs next(next_loaded, next_live);
    const auto were = right_sides(live), are = right_sides(next_live);
    for (std::size_t s = 0; s < live.strips.size(); ++s) {
        const auto &was = loaded.strips[s], &is = live.strips[s];
        const auto renamed = back.find(is.name);
        const auto [then_loaded, then_live] = next.find(renamed == back.end() ? is.name : renamed->second);
        const bool joined = then_live && are.contains(then_live->name) && !were.contains(is.name);
        for (std::size_t m = 0; m < is.chain.size(); ++m)
            collect(lost, is, was.chain[m], is.chain[m], then_loaded ? then_loaded->find(is.chain[m].name) : nullptr,
                    then_live ? then_live->find(is.chain[m].name) : nullptr, joined);
        const bool kept = then_live && then_live->solo == is.solo && then_loaded->solo == was.solo;
        if (is.solo != was.solo && !kept) lost.emplace_back(solo_address(is), Value{is.solo ? 1.0 : 0.0});
    }
    return lost;
}

} // namespace ton::control
