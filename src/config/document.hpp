// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/json.hpp"
#include "config/outline.hpp"
#include "config/write.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ton::config {

/// A key or an index.
using Step = std::variant<std::string, std::size_t>;
using Path = std::vector<Step>;

/// One change of a text: at byte `at`, `removed` became `inserted`.
struct Splice {
    std::size_t at = 0;
    std::string removed, inserted;

    Splice inverse() const { return {at, inserted, removed}; }
    bool empty() const { return removed.empty() && inserted.empty(); }
    std::size_t bytes() const { return removed.size() + inserted.size(); }
    /// What makes `after` of `before`: the shortest in one piece.
    static Splice between(std::string_view before, std::string_view after);
};

/// A config's text that is edited in place: every change replaces as little of it as it can, so that comments, the
/// order of keys and the layout stay. Comments that belong to an item (see Item) go and move with it. Control thread.
///
/// `text` must be JSON that read_json() takes, without a key given twice. Each edit costs O(text) and returns what it
/// did. A path that leads nowhere, or to the wrong kind of value, throws std::out_of_range: it is the caller's mistake.
class Document {
  public:
    explicit Document(std::string text);

    const std::string& text() const { return text_; }
    bool has(const Path& path) const { return find(path).has_value(); }
    /// The text of a value.
    std::string_view value(const Path& path) const;
    /// The keys of an object, as written, in order.
    std::vector<std::string> keys(const Path& path) const;
    std::size_t size(const Path& path) const { return outline_at(path).items.size(); }

    /// Another value in a value's place.
    Splice set(const Path& path, const Node& value);
    /// A key that the object at `path` has not, after the others.
    Splice insert(const Path& path, std::string_view key, const Node& value);
    /// An item of the list at `path`, before the `index`-th.
    Splice insert(const Path& path, std::size_t index, const Node& value);
    /// A member or item, with its comma and what belongs to it.
    Splice remove(const Path& path);
    /// Another key for a member, in its place.
    Splice rename(const Path& path, std::string_view key);
    /// An item of the list at `path`, so that it becomes the `to`-th.
    Splice move(const Path& path, std::size_t from, std::size_t to);

    /// The members of an object, by key, each as a document of its own that lays out as it would stand in this one.
    std::map<std::string, Document, std::less<>> parts(const Path& path) const;
    /// Other texts for members of the object at `path`, by key: what parts() gave and was edited. In one go.
    Splice replace_members(const Path& path, const std::map<std::string, std::string, std::less<>>& texts);

    /// The other way of an edit, or the edit once more; only where the text is as it was then.
    void apply(const Splice& splice);

  private:
    struct Found {
        std::size_t container = 0, index = 0; // bracket of the container, and the item's place in it; the root: npos
        std::size_t begin = 0, end = 0;       // of the value
    };
    struct Piece { // of a text that is to be an item
        std::string before, content, after;   // `after` follows the comma
    };
    std::optional<Found> find(const Path& path) const;
    Found need(const Path& path) const;
    Outline outline_at(const Path& path) const;
    std::string written(const Outline& o, const Node& value, std::string_view key) const;
    bool opens_lines(const Outline& o) const;
    void insert_piece(std::size_t open, std::size_t index, const Piece& piece);
    void insert_first(const Outline& o, const Piece& piece);
    void append_piece(const Outline& o, const Piece& piece);
    void remove_item(std::size_t open, std::size_t index);
    Piece piece_of(const Outline& o, std::size_t index) const;
    std::string item_indent(const Outline& o) const;
    void replace(std::size_t from, std::size_t to, std::string_view with) { text_.replace(from, to - from, with); }
    template <class Edit> Splice edit(Edit change);

    std::string indent_at(std::size_t at) const;

    std::string text_;
    TextStyle style_;
    std::string indent_; // of the first line, where this is a part of another
};

} // namespace ton::config
