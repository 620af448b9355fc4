// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/diagnostic.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ton::config {

struct Member;

/// One JSON value with the position of its first character.
struct Node {
    using List = std::vector<Node>;
    using Object = std::vector<Member>; ///< in the order of the text, every key once
    // No initialiser: it would need Member complete here (clang says so); a variant begins as its first type.
    std::variant<std::nullptr_t, bool, double, std::string, List, Object> value;
    Position at{};

    template <class T> const T* as() const { return std::get_if<T>(&value); }

    /// An object's member; nullptr when there is none, or the value is no object.
    const Node* find(std::string_view key) const;
};

struct Member {
    std::string key;
    Position key_at{};
    Node value;
};

inline constexpr std::size_t largest_text = std::size_t{16} << 20; ///< bytes of JSON
inline constexpr int deepest_nesting = 64;                         ///< objects and lists within each other
inline constexpr std::size_t most_values = std::size_t{2} << 20;   ///< values in one text

/// What a text should be, for errors of it as a whole.
struct TextKind {
    std::string_view text = "the file", is = "a config", of = "the config's";
    std::string_view example = R"({"version": 1, "strips": {}})";
};

/// Reads JSON (RFC 8259) that is UTF-8 without a byte order mark and within the limits above. `//` and `/* */` comments
/// are taken wherever a blank may stand; nothing else is.
///
/// A number must fit a double; `\u0000` is refused because a config's strings become C strings. The first
/// syntax error ends the reading and gives nullopt; a key given twice is reported and its first value kept.
/// Errors are added to `errors` with the JSON path reached so far. Control thread.
std::optional<Node> read_json(std::string_view text, Diagnostics& errors, const TextKind& kind = {});

/// The value as a message names it: `the string "64"`, `the number 3`, `a list`, `null`.
std::string describe(const Node& node);

/// Offset of the first byte that is not well-formed UTF-8 (Unicode 15, table 3-7), or npos.
std::size_t find_invalid_utf8(std::string_view text);

} // namespace ton::config
