// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <compare>
#include <utility>

namespace ton::config {

/// A place in a config's text. Line and column count from 1; a column is one Unicode code point, a tab too.
/// Line 0 is no place at all: the value was not written but is a default.
struct Position {
    int line = 0;
    int column = 0;

    auto operator<=>(const Position&) const = default;
};

/// A value and where its text stands.
///
/// Comparing looks at the value only: a config that was moved about in its file is still the same config,
/// which is what a reload and a round trip ask for.
template <class T> struct Located {
    T value{};
    Position at{};

    /// False when the value is a default.
    bool given() const { return at.line > 0; }
    bool operator==(const Located& other) const { return value == other.value; }
};

} // namespace ton::config
