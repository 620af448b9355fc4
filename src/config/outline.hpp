// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ton::config {

/// Where one item of an object or list stands in the text, in bytes. What belongs to an item: the comment lines right
/// above it, its comma, and a comment behind it that ends its line.
struct Item {
    std::size_t lead = 0;                 ///< what belongs to it begins here, with the line break before it
    std::size_t begin = 0;                ///< its key, or in a list its value
    std::size_t key_end = 0;              ///< behind the key; `begin` in a list
    std::size_t value = 0, value_end = 0;
    std::size_t comma = 0;                ///< or npos
    std::size_t tail = 0;                 ///< what belongs to it ends here, before the line break if one follows
    bool ends_line = false;               ///< a line break follows at `tail`
};

struct Outline {
    std::size_t open = 0, close = 0; ///< the brackets
    bool object = false;
    std::vector<Item> items;
};

/// Reads the object or list whose bracket is at `open`, one level deep. `text` must be JSON that read_json() takes.
/// Control thread; O(the container's bytes).
Outline outline(std::string_view text, std::size_t open);

/// How many brackets are open in front of byte `at`, which is in no string or comment. O(at).
int depth_of(std::string_view text, std::size_t at);

/// The first byte at or after `from` that is neither blank nor comment.
std::size_t skip_blank_and_comments(std::string_view text, std::size_t from);

/// The blanks at the beginning of the line that has byte `at`.
std::string_view indentation(std::string_view text, std::size_t at);

} // namespace ton::config
