// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/position.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ton::config {

/// One error of a config. Everything in this header belongs to the control side.
struct Diagnostic {
    std::string file;
    int line = 0; ///< from 1; 0: the error concerns the whole file
    int column = 0;
    std::string path;    ///< JSON path such as strips.host.chain[2].eq; empty: the whole config
    std::string message; ///< what is wrong, what was expected; did you mean "x"?

    bool operator==(const Diagnostic&) const = default;
};

/// `file:line:column: path: message`, without a line break; parts that are empty are left out.
std::string format(const Diagnostic& diagnostic);

/// One formatted line for each, each ended by a line break.
std::string format(const std::vector<Diagnostic>& diagnostics);

/// Collects the errors of one file, in any order.
class Diagnostics {
  public:
    explicit Diagnostics(std::string file) : file_(std::move(file)) {}

    void add(Position at, std::string path, std::string message);

    /// Adds an error about a misspelt name: the message goes on with `; did you mean "x"?` when one of the
    /// candidates is near. After 100 errors nothing is suggested any more, which bounds the time of a
    /// hopeless file.
    void add_unknown(Position at, std::string path, std::string message, std::string_view name,
                     std::span<const std::string_view> candidates);

    bool empty() const { return list_.empty(); }

    /// All errors sorted by position, exact repetitions dropped (a template used twice errs once). Empties
    /// this.
    std::vector<Diagnostic> take();

  private:
    std::string file_;
    std::vector<Diagnostic> list_;
};

/// The candidate a person most likely meant by `name`: the same in other case, else the fewest slips (a
/// letter left out, added, mistaken, or swapped with its neighbour), at most one in three letters and three
/// in all; else the only one that `name` (of three letters or more) abbreviates. Among equals the first.
/// Names over 64 bytes have no neighbour. O(candidates).
std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> candidates);

/// `text` in double quotes for a message: control characters and quotes escaped, long text cut with an
/// ellipsis.
std::string quote(std::string_view text);

/// `1 error`, `3 errors`: regular plurals only.
std::string counted(std::size_t count, std::string_view what);

/// `a, b, c`; fmt::join fails to compile at -Werror=stringop-overflow with gcc 12.
std::string join(std::span<const std::string_view> words, std::string_view between);

/// `a -> b -> a`, for cycles; odd names are quoted.
std::string route_text(std::span<const std::string_view> names);

/// The JSON path of a member or an item of the value at `path`.
std::string child_path(std::string_view path, std::string_view key);
std::string child_path(std::string_view path, std::size_t index);

} // namespace ton::config
