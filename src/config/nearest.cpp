// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/diagnostic.hpp"

#include <algorithm>
#include <array>

namespace ton::config {

namespace {

constexpr std::size_t longest_name = 64; // bytes
constexpr std::size_t shortest_abbreviation = 3;

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

/// Damerau-Levenshtein distance in its restricted form (optimal string alignment): insertions, deletions,
/// substitutions and swaps of neighbours, no part edited twice. F. Damerau, CACM 7(3), 1964.
std::size_t distance(std::string_view a, std::string_view b) {
    std::array<std::array<std::size_t, longest_name + 1>, 3> rows{};
    for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto& row = rows[i % 3];
        const auto& above = rows[(i + 2) % 3];
        const auto& above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t mistaken = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, mistaken});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], above_that[j - 2] + 1);
        }
    }
    return rows[a.size() % 3][b.size()];
}

std::optional<std::string_view> by_slips(const std::string& name,
                                         std::span<const std::string_view> candidates) {
    const std::size_t most_slips = name.size() < 2 ? 0 : std::clamp<std::size_t>(name.size() / 3, 1, 3);
    std::optional<std::string_view> best;
    std::size_t fewest = most_slips + 1;
    for (const auto candidate : candidates) {
        if (candidate.size() > longest_name) continue;
        const std::size_t longer = std::max(candidate.size(), name.size());
        if (longer - std::min(candidate.size(), name.size()) >= fewest) continue;
        const std::size_t slips = distance(name, lower_case(candidate));
        // As many slips as letters would turn any word into any other.
        if (slips < fewest && slips < longer) {
            fewest = slips;
            best = candidate;
        }
    }
    return best;
}

std::optional<std::string_view> by_abbreviation(const std::string& name,
                                                std::span<const std::string_view> candidates) {
    if (name.size() < shortest_abbreviation) return std::nullopt;
    std::optional<std::string_view> only;
    for (const auto candidate : candidates) {
        if (lower_case(candidate.substr(0, name.size())) != name) continue;
        if (only) return std::nullopt;
        only = candidate;
    }
    return only;
}

} // namespace

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates) {
    if (name.empty() || name.size() > longest_name) return std::nullopt;
    const std::string lower = lower_case(name);
    if (const auto near = by_slips(lower, candidates)) return near;
    return by_abbreviation(lower, candidates);
}

} // namespace ton::config
