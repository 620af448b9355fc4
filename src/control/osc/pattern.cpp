// SPDX-License-Identifier: GPL-3.0-or-later
// Matching by position sets, as an NFA is simulated (K. Thompson, "Regular Expression Search Algorithm", CACM
// 1968): reached[i] = "the pattern so far matches the first i characters of the name".
#include "control/osc/pattern.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace ton::control::osc {

namespace {

constexpr std::string_view wildcards = "?*[{";
constexpr std::size_t max_segments = 62;

class PositionSet {
  public:
    explicit PositionSet(std::string_view name) : name_(name) {
        std::fill_n(reached_.begin(), name.size() + 1, false);
        reached_[0] = true;
    }

    bool complete() const { return reached_[name_.size()]; }

    /// One character for which `admits` is true. False when nothing is left.
    template <typename Admits> bool take(Admits admits) {
        bool any = false;
        for (std::size_t i = name_.size(); i > 0; --i) {
            reached_[i] = reached_[i - 1] && admits(name_[i - 1]);
            any = any || reached_[i];
        }
        reached_[0] = false;
        return any;
    }

    void take_any_run() {
        const auto end = reached_.begin() + static_cast<std::ptrdiff_t>(name_.size()) + 1;
        std::fill(std::find(reached_.begin(), end, true), end, true);
    }

    /// One of the comma-separated `alternatives`.
    bool take_one_of(std::string_view alternatives) {
        std::array<bool, max_address_bytes + 1> before;
        std::copy_n(reached_.begin(), name_.size() + 1, before.begin());
        std::fill_n(reached_.begin(), name_.size() + 1, false);
        bool any = false;
        while (true) {
            const std::size_t comma = alternatives.find(',');
            const std::string_view word = alternatives.substr(0, comma);
            for (std::size_t i = 0; i + word.size() <= name_.size(); ++i) {
                if (!before[i] || name_.substr(i, word.size()) != word) continue;
                reached_[i + word.size()] = true;
                any = true;
            }
            if (comma == std::string_view::npos) return any;
            alternatives.remove_prefix(comma + 1);
        }
    }

  private:
    std::string_view name_;
    std::array<bool, max_address_bytes + 1> reached_; // only the first name_.size() + 1 are used
};

/// `set` is what stands between the brackets.
bool set_admits(std::string_view set, char c) {
    const bool negated = set.front() == '!';
    if (negated) set.remove_prefix(1);
    bool found = false;
    for (std::size_t i = 0; i < set.size() && !found; ++i) {
        const bool range = i + 2 < set.size() && set[i + 1] == '-';
        found = range ? set[i] <= c && c <= set[i + 2] : set[i] == c;
        if (range) i += 2;
    }
    return found != negated;
}

/// Cuts the bracketed text off the front of `pattern`, which begins with `[` or `{`. nullopt: unclosed,
/// nested, empty set.
std::optional<std::string_view> take_bracketed(std::string_view& pattern) {
    const char open = pattern.front();
    const std::size_t close = pattern.find(open == '[' ? ']' : '}', 1);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view content = pattern.substr(1, close - 1);
    if (open == '[' && (content.empty() || content == "!")) return std::nullopt;
    if (content.find(open) != std::string_view::npos) return std::nullopt;
    pattern.remove_prefix(close + 1);
    return content;
}

/// Advances over one element of the pattern. False: malformed, or nothing of the name is reached any more.
bool take_element(std::string_view& pattern, PositionSet& positions) {
    const char c = pattern.front();
    if (c == '[' || c == '{') {
        const auto content = take_bracketed(pattern);
        if (!content) return false;
        if (c == '{') return positions.take_one_of(*content);
        return positions.take([&](char n) { return set_admits(*content, n); });
    }
    pattern.remove_prefix(1);
    if (c == '?') return positions.take([](char) { return true; });
    if (c != '*') return positions.take([c](char n) { return n == c; });
    positions.take_any_run();
    return true;
}

bool has_wildcard(std::string_view segment) noexcept {
    return segment.find_first_of(wildcards) != std::string_view::npos;
}

} // namespace

bool is_pattern(std::string_view address) noexcept {
    return has_wildcard(address) || address.find("//") != std::string_view::npos;
}

bool match_segment(std::string_view pattern, std::string_view name) noexcept {
    // The characters before the first wildcard decide most comparisons of a tree walk.
    const std::size_t plain = std::min(pattern.find_first_of(wildcards), pattern.size());
    if (name.size() < plain || name.substr(0, plain) != pattern.substr(0, plain)) return false;
    if (plain == pattern.size()) return name.size() == plain;
    pattern.remove_prefix(plain);
    name.remove_prefix(plain);
    if (name.size() > max_address_bytes || !well_formed_segment(pattern)) return false;
    if (pattern == "*") return true;
    PositionSet positions(name);
    while (!pattern.empty()) {
        if (!take_element(pattern, positions)) return false;
    }
    return positions.complete();
}

bool well_formed_segment(std::string_view pattern) noexcept {
    while (true) {
        const std::size_t bracket = pattern.find_first_of("[{");
        if (bracket == std::string_view::npos) return true;
        pattern.remove_prefix(bracket);
        if (!take_bracketed(pattern)) return false;
    }
}

std::optional<Pattern> Pattern::parse(std::string_view text) {
    if (text.size() > max_address_bytes || text.empty() || text.front() != '/') return std::nullopt;
    Pattern pattern;
    pattern.text_ = text;
    while (!text.empty()) {
        text.remove_prefix(1); // the '/'
        Segment segment;
        if (!text.empty() && text.front() == '/') {
            segment.any_depth_before = true;
            text.remove_prefix(1);
        }
        segment.text = text.substr(0, text.find('/'));
        segment.literal = !has_wildcard(segment.text);
        if (segment.text.empty() || !well_formed_segment(segment.text)) return std::nullopt;
        text.remove_prefix(segment.text.size());
        pattern.literal_ = pattern.literal_ && segment.literal && !segment.any_depth_before;
        pattern.segments_.push_back(std::move(segment));
        if (pattern.segments_.size() > max_segments) return std::nullopt;
    }
    return pattern;
}

Pattern::State Pattern::step(State state, std::string_view name) const noexcept {
    State next = 0;
    for (State open = state & ~(State{1} << segments_.size()); open != 0; open &= open - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(open));
        const Segment& segment = segments_[i];
        if (segment.any_depth_before) next |= State{1} << i;
        const bool hit = segment.literal ? segment.text == name : match_segment(segment.text, name);
        if (hit) next |= State{1} << (i + 1);
    }
    return next;
}

bool Pattern::accepts(State state) const noexcept {
    return (state >> segments_.size() & 1) != 0;
}

bool Pattern::alive(State state) const noexcept {
    return (state & ~(State{1} << segments_.size())) != 0;
}

std::optional<std::string_view> Pattern::only_child(State state) const noexcept {
    const State open = state & ~(State{1} << segments_.size());
    if (std::popcount(open) != 1) return std::nullopt;
    const Segment& segment = segments_[static_cast<std::size_t>(std::countr_zero(open))];
    if (!segment.literal || segment.any_depth_before) return std::nullopt;
    return segment.text;
}

bool Pattern::matches(std::string_view address) const noexcept {
    if (address.empty() || address.front() != '/') return false;
    if (literal_) return address == text_;
    State state = start();
    while (!address.empty()) {
        address.remove_prefix(1);
        const std::string_view name = address.substr(0, address.find('/'));
        state = step(state, name);
        if (state == 0) return false;
        address.remove_prefix(name.size());
    }
    return accepts(state);
}

bool match(std::string_view pattern, std::string_view address) {
    const auto parsed = Pattern::parse(pattern);
    return parsed && parsed->matches(address);
}

} // namespace ton::control::osc
