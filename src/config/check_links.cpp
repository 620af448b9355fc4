// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ton::config {

void check_links(const std::vector<Strip>& strips, Diagnostics& errors) {
    std::vector<std::string_view> names;
    for (const auto& strip : strips) names.push_back(strip.name.value);
    std::map<std::string_view, std::string_view> taken; // strip, and whose partner it is
    for (const auto& strip : strips) {
        if (!strip.link.given()) continue;
        const auto& link = strip.link;
        const auto path = child_path(child_path("strips", strip.name.value), "link");
        if (std::ranges::find(names, link.value) == names.end()) {
            errors.add_unknown(link.at, path, fmt::format("unknown strip {}, expected the name of a strip", quote(link.value)), link.value, names);
            continue;
        }
        if (link.value == strip.name.value) {
            errors.add(link.at, path, fmt::format("the strip {} is linked to itself, expected another strip", quote(link.value)));
            continue;
        }
        const auto take = [&](const std::string& one, const std::string& other) {
            const auto [it, fresh] = taken.emplace(one, other);
            if (!fresh) errors.add(link.at, path, fmt::format("the strip {} is linked to {} already, expected one link a strip", quote(one), quote(it->second)));
        };
        take(strip.name.value, link.value);
        take(link.value, strip.name.value);
    }
}

} // namespace ton::config
