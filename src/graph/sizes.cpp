// SPDX-License-Identifier: GPL-3.0-or-later
// What modules of a size say of points that they don't have.
#include "graph/desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ton::graph {

namespace {

/// A number in front of a slash, taken off the path; -1 where there is none.
int take_number(std::string_view& path) {
    const auto text = path.substr(0, path.find('/'));
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.size() == path.size() || error != std::errc{} || end != text.data() + text.size()) return -1;
    path.remove_prefix(text.size() + 1);
    return number;
}

} // namespace

std::string beyond_size(const engine::ModuleType& type, std::string_view parameter) {
    if (!type.sized) return {};
    const int in = take_number(parameter), out = in < 0 ? -1 : take_number(parameter);
    if (out < 0) return {};
    int ins = 0, outs = 0;
    for (const auto& row : type.parameters) {
        if (row.index == 0) continue;
        auto group = std::string(row.group) + "/";
        std::string_view rest = group;
        ins = std::max(ins, take_number(rest));
        outs = std::max(outs, static_cast<int>(row.index));
    }
    const bool within = in >= 1 && in <= ins && out >= 1 && out <= outs;
    return within ? "" : fmt::format("{} x {}: points 1..{} / 1..{}", ins, outs, ins, outs);
}

} // namespace ton::graph
