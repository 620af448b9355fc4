// SPDX-License-Identifier: GPL-3.0-or-later
// What a stereo link asks of its two strips, where widths and routes are known.
#include "graph/layout_builder.hpp"

#include <string>

namespace ton::graph {

void LayoutBuilder::check_links() {
    for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) {
        const int partner = strip(s).link.empty() ? -1 : index(strip(s).link);
        if (partner < 0) continue; // the config has told that
        const auto add = [&](const std::string& text) { errors_.add(strip(s).link_at, path_of(strip(s)) + ".link", text); };
        auto trail = way(s, partner);
        if (trail.empty()) trail = way(partner, s);
        const int left = layout_.strips[at(s)].channels_in, right = layout_.strips[at(partner)].channels_in;
        if (!trail.empty())
            add(fmt::format("one of the linked strips feeds the other ({}), expected two strips side by side", config::route_text(trail)));
        else if (left != right)
            add(fmt::format("{} has {} and {} has {}, expected two strips of one width", config::quote(strip(s).name), channels(left), config::quote(strip(partner).name), channels(right)));
    }
}

std::vector<std::string_view> LayoutBuilder::way(int from, int to) const {
    // From the end backwards: what a strip takes in is at hand.
    std::vector<int> next(desk_.strips.size(), -1), queue{to};
    for (std::size_t i = 0; i < queue.size() && next[at(from)] < 0; ++i) { // it grows
        const auto found = [&](int source) {
            if (source == to || next[at(source)] >= 0) return;
            next[at(source)] = queue[i];
            queue.push_back(source);
        };
        for (const auto& feed : layout_.strips[at(queue[i])].feeds)
            if (feed.from == Feed::From::strip || feed.from == Feed::From::send) found(feed.strip);
        for (const auto& point : sources(queue[i])) found(point.strip);
    }
    std::vector<std::string_view> trail;
    if (next[at(from)] < 0) return trail;
    for (int s = from; s != to; s = next[at(s)]) trail.push_back(strip(s).name);
    trail.push_back(strip(to).name);
    return trail;
}

} // namespace ton::graph
