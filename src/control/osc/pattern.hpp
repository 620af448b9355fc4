// SPDX-License-Identifier: GPL-3.0-or-later
// OSC address patterns: ? * [a-z] [!a-z] {foo,bar} of OSC 1.0, and // ("any depth") of OSC 1.1. None crosses
// '/'. liblo's lo_pattern_match backtracks exponentially on "*a*a*a..." and knows no //, so this is our own:
// it follows a set of positions, in time O(pattern x name) whatever the pattern. Any thread.
#pragma once

#include "control/osc/validate.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ton::control::osc {

/// True when `address` has any of ? * [ { or "//": it then names a set of addresses, not one.
bool is_pattern(std::string_view address) noexcept;

/// Matches one path segment (no '/') against one segment of a pattern. A malformed segment (unclosed [ or {,
/// an empty set "[]") matches nothing. Names longer than max_address_bytes match nothing. No allocation.
bool match_segment(std::string_view pattern_segment, std::string_view name) noexcept;

/// True when every [ and { of the segment is closed and no set is empty.
bool well_formed_segment(std::string_view pattern_segment) noexcept;

/// A pattern taken apart into segments, to match whole addresses or to walk an address tree with pruning:
///
///     void walk(const Node& node, Pattern::State state) {
///         for (each child) {
///             const auto next = pattern.step(state, child.name);
///             if (pattern.accepts(next)) visit(child);
///             if (pattern.alive(next)) walk(child, next);
///         }
///     }
///     walk(root, pattern.start());
class Pattern {
  public:
    /// A set of places in the pattern, bit i = "segment i is the next to be matched".
    using State = std::uint64_t;

    /// nullopt when malformed: no leading '/', unclosed [ or {, empty segment at the end (trailing '/'), a
    /// run of three or more '/', more than 62 segments, longer than max_address_bytes.
    static std::optional<Pattern> parse(std::string_view pattern);

    State start() const noexcept { return 1; }
    /// The state after going down into the child `name` (one segment).
    State step(State state, std::string_view name) const noexcept;
    /// True when the path walked so far is matched as a whole.
    bool accepts(State state) const noexcept;
    /// False when nothing below can match: prune.
    bool alive(State state) const noexcept;
    /// When only one child can match from here, its name, so that a tree can look it up instead of trying
    /// all.
    std::optional<std::string_view> only_child(State state) const noexcept;

    /// Matches a whole address ("/host/fader/level").
    bool matches(std::string_view address) const noexcept;
    /// True when no segment has a wildcard: the text is the only address that matches.
    bool literal() const noexcept { return literal_; }
    const std::string& text() const noexcept { return text_; }

  private:
    struct Segment {
        std::string text;
        bool any_depth_before = false; ///< preceded by "//"
        bool literal = true;
    };
    Pattern() = default;

    std::string text_;
    std::vector<Segment> segments_;
    bool literal_ = true;
};

/// Pattern::parse + matches, for one-off use. False when malformed.
bool match(std::string_view pattern, std::string_view address);

} // namespace ton::control::osc
