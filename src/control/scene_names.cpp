// SPDX-License-Identifier: GPL-3.0-or-later
// Scenes follow a strip's new name.
#include "control/scene_book.hpp"

#include "control/osc/pattern.hpp"

#include <algorithm>
#include <unordered_set>

namespace ton::control {

namespace {

std::string with_strip(std::string_view address, std::string_view strip) {
    return std::string("/").append(strip).append(address.substr(1 + strip_of(address).size()));
}

/// Null where the address is that of a strip that keeps its name, or goes.
const std::string* new_name(const Origins& names, std::string_view address) {
    const auto it = address.starts_with('/') ? names.find(strip_of(address)) : names.end();
    return it == names.end() || it->second.empty() ? nullptr : &it->second;
}

/// Strips under their new names that a pattern covered under the old ones: each once more, by name.
std::vector<std::string> by_name(const std::string& pattern, const Origins& names) {
    std::vector<std::string> more;
    const auto strip = strip_of(pattern);
    if (strip.empty() || !osc::is_pattern(strip)) return more; // "//" covers every strip
    for (const auto& [from, to] : names)
        if (!to.empty() && strip.starts_with(graph::kGroups) == from.starts_with(graph::kGroups) && osc::match_segment(strip, from) && !osc::match_segment(strip, to)) more.push_back(with_strip(pattern, to));
    return more;
}

/// `text_of` is an item's pattern.
template <class Item, class Text> bool rename_patterns(std::vector<Item>& items, const Origins& names, Text text_of) {
    bool changed = false;
    for (auto& item : items)
        if (const auto* to = new_name(names, text_of(item))) text_of(item) = with_strip(text_of(item), *to), changed = true;
    for (std::size_t i = 0, count = items.size(); i < count; ++i)
        for (auto& pattern : by_name(text_of(items[i]), names)) {
            if (std::ranges::any_of(items, [&](Item& item) { return text_of(item) == pattern; })) continue;
            auto more = items[i];
            text_of(more) = std::move(pattern);
            items.push_back(std::move(more));
            changed = true;
        }
    return changed;
}

/// A value that was kept of an earlier strip of the new name makes room.
bool rename_values(std::vector<std::pair<std::string, config::Value>>& values, const Origins& names) {
    std::unordered_set<std::string> moved;
    for (const auto& [address, _] : values)
        if (const auto* to = new_name(names, address)) moved.insert(with_strip(address, *to));
    if (moved.empty()) return false;
    std::erase_if(values, [&](const auto& value) { return !new_name(names, value.first) && moved.contains(value.first); });
    for (auto& [address, _] : values)
        if (const auto* to = new_name(names, address)) address = with_strip(address, *to);
    return true;
}

std::string& itself(std::string& text) { return text; }
std::string& pattern_of(SceneFade& fade) { return fade.pattern; }

} // namespace

bool rename_strips(SceneBook& book, const Origins& names) {
    bool changed = rename_patterns(book.safes, names, itself);
    for (auto& scene : book.scenes) {
        changed |= rename_patterns(scene.scope, names, itself);
        changed |= rename_patterns(scene.fades, names, pattern_of);
        changed |= rename_values(scene.values, names);
    }
    return changed;
}

} // namespace ton::control
