// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/document.hpp"

#include "config/scanner.hpp"

#include <algorithm>
#include <stdexcept>

namespace ton::config {

namespace {

constexpr auto npos = std::string_view::npos;

bool has_line_break(std::string_view text) { return text.find('\n') != npos; }

bool only_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == npos; }

std::string_view leading_blank(std::string_view text) { return text.substr(0, std::min(text.find_first_not_of(" \t\r\n"), text.size())); }

std::string decoded(std::string_view text, const Item& item) {
    const auto raw = text.substr(item.begin + 1, item.key_end - item.begin - 2);
    if (raw.find('\\') == npos) return std::string(raw);
    return Scanner(text.substr(item.begin)).string();
}

bool starts_line(std::string_view text, const Item& item) { return has_line_break(text.substr(item.lead, item.begin - item.lead)); }

/// An item that shares the rest of its line leaves what is above it, whose line break may end a comment.
bool owns_lead(std::string_view text, const Item& item) { return item.ends_line || !starts_line(text, item); }

TextStyle style_of(std::string_view text) {
    TextStyle style;
    const auto line_break = text.find('\n');
    if (line_break != npos && line_break > 0 && text[line_break - 1] == '\r') style.line_break = "\r\n";
    const auto root = skip_blank_and_comments(text, 0);
    if (text[root] != '{') return style;
    const auto o = outline(text, root);
    if (!o.items.empty() && starts_line(text, o.items.front()))
        if (const auto step = indentation(text, o.items.front().begin); !step.empty()) style.step = step;
    return style;
}

} // namespace

Splice Splice::between(std::string_view before, std::string_view after) {
    const auto most = std::min(before.size(), after.size());
    std::size_t front = 0, back = 0;
    while (front < most && before[front] == after[front]) ++front;
    while (back < most - front && before[before.size() - 1 - back] == after[after.size() - 1 - back]) ++back;
    return {front, std::string(before.substr(front, before.size() - front - back)),
            std::string(after.substr(front, after.size() - front - back))};
}

Document::Document(std::string text) : text_(std::move(text)), style_(style_of(text_)) {}

std::map<std::string, Document, std::less<>> Document::parts(const Path& path) const {
    std::map<std::string, Document, std::less<>> all;
    for (const auto& item : outline_at(path).items) {
        Document document(text_.substr(item.value, item.value_end - item.value));
        document.style_ = style_;
        document.indent_ = indent_at(item.value);
        all.emplace(decoded(text_, item), std::move(document));
    }
    return all;
}

/// Of the line that has byte `at`.
std::string Document::indent_at(std::size_t at) const {
    const bool first_line = at == 0 || text_.rfind('\n', at - 1) == npos;
    return first_line && !indent_.empty() ? indent_ : std::string(indentation(text_, at));
}

// ---------------------------------------------------------------------------------------------- finding

std::optional<Document::Found> Document::find(const Path& path) const {
    Found found{npos, 0, skip_blank_and_comments(text_, 0), text_.size()};
    for (const auto& step : path) {
        const char bracket = text_[found.begin];
        const auto* key = std::get_if<std::string>(&step);
        if (bracket != (key ? '{' : '[')) return std::nullopt;
        const auto o = outline(text_, found.begin);
        std::size_t i = 0;
        if (key) {
            while (i < o.items.size() && decoded(text_, o.items[i]) != *key) ++i;
        } else {
            i = std::get<std::size_t>(step);
        }
        if (i >= o.items.size()) return std::nullopt;
        found = {o.open, i, o.items[i].value, o.items[i].value_end};
    }
    return found;
}

Document::Found Document::need(const Path& path) const {
    const auto found = find(path);
    if (!found) throw std::out_of_range("the config has no such place");
    return *found;
}

Outline Document::outline_at(const Path& path) const {
    const auto found = need(path);
    if (text_[found.begin] != '{' && text_[found.begin] != '[') throw std::out_of_range("the config has no object or list there");
    return outline(text_, found.begin);
}

std::string_view Document::value(const Path& path) const {
    const auto found = need(path);
    return std::string_view(text_).substr(found.begin, found.end - found.begin);
}

std::vector<std::string> Document::keys(const Path& path) const {
    const auto o = outline_at(path);
    std::vector<std::string> all;
    if (!o.object) throw std::out_of_range("the config has no object there");
    for (const auto& item : o.items) all.push_back(decoded(text_, item));
    return all;
}

// ---------------------------------------------------------------------------------------------- editing

template <class Edit> Splice Document::edit(Edit change) {
    const std::string before = text_;
    change();
    return Splice::between(before, text_);
}

Splice Document::set(const Path& path, const Node& value) {
    return edit([&] {
        const auto found = need(path);
        const auto indent = indent_at(found.begin);
        const auto line = text_.rfind('\n', found.begin);
        const auto column = line == npos ? found.begin : found.begin - line - 1;
        replace(found.begin, found.end, write_json(value, indent, column, style_));
    });
}

Splice Document::insert(const Path& path, std::string_view key, const Node& value) {
    return edit([&] {
        const auto o = outline_at(path);
        const bool there = std::ranges::any_of(o.items, [&](const Item& item) { return o.object && decoded(text_, item) == key; });
        if (!o.object || there) throw std::out_of_range("the config has no object without that key there");
        insert_piece(o.open, o.items.size(), {{}, written(o, value, key), {}});
    });
}

Splice Document::insert(const Path& path, std::size_t index, const Node& value) {
    return edit([&] {
        const auto o = outline_at(path);
        if (o.object || index > o.items.size()) throw std::out_of_range("the config has no such item");
        insert_piece(o.open, index, {{}, written(o, value, {}), {}});
    });
}

Splice Document::remove(const Path& path) {
    return edit([&] {
        const auto found = need(path);
        if (found.container == npos) throw std::out_of_range("the whole config can't be removed");
        remove_item(found.container, found.index);
    });
}

Splice Document::rename(const Path& path, std::string_view key) {
    return edit([&] {
        const auto found = need(path);
        if (found.container == npos || text_[found.container] != '{') throw std::out_of_range("only a member has a key");
        const auto item = outline(text_, found.container).items[found.index];
        replace(item.begin, item.key_end, write_string(key));
    });
}

Splice Document::move(const Path& path, std::size_t from, std::size_t to) {
    return edit([&] {
        const auto o = outline_at(path);
        if (std::max(from, to) >= o.items.size()) throw std::out_of_range("the config has no such item");
        if (from == to) return;
        const auto piece = piece_of(o, from);
        remove_item(o.open, from);
        insert_piece(o.open, to, piece);
    });
}

Splice Document::replace_members(const Path& path, const std::map<std::string, std::string, std::less<>>& texts) {
    return edit([&] {
        const auto o = outline_at(path);
        for (auto item = o.items.rbegin(); item != o.items.rend(); ++item)
            if (const auto it = texts.find(decoded(text_, *item)); it != texts.end()) replace(item->value, item->value_end, it->second);
    });
}

void Document::apply(const Splice& splice) {
    if (text_.compare(splice.at, splice.removed.size(), splice.removed) != 0) throw std::out_of_range("the config's text is another");
    text_.replace(splice.at, splice.removed.size(), splice.inserted);
}

// ------------------------------------------------------------------------------------------------ pieces

/// The indentation of items that begin a line.
std::string Document::item_indent(const Outline& o) const {
    for (const auto& item : o.items)
        if (starts_line(text_, item)) return indent_at(item.begin);
    return indent_at(o.open) + style_.step;
}

/// A new item as it will stand at the end of that container.
std::string Document::written(const Outline& o, const Node& value, std::string_view key) const {
    const auto name = key.data() ? write_string(key) + ": " : std::string{};
    const bool own_line = o.items.empty() ? opens_lines(o) : starts_line(text_, o.items.back());
    const auto indent = own_line ? item_indent(o) : indent_at(o.open);
    // Among others on a line that may well be full: only what is long itself is broken into lines.
    const auto column = own_line ? indent.size() + 1 : line_width / 3;
    return name + write_json(value, indent, column + name.size(), style_);
}

/// An empty object that is no deeper than `strips` is opened up for lines; a chain goes on its line while it fits.
bool Document::opens_lines(const Outline& o) const { return o.object && depth_of(text_, o.open) <= 1; }

Document::Piece Document::piece_of(const Outline& o, std::size_t index) const {
    const auto& item = o.items[index];
    const std::string_view text = text_;
    auto before = owns_lead(text, item) ? text.substr(item.lead, item.begin - item.lead) : "";
    before.remove_prefix(leading_blank(before).size());
    auto end = item.comma == npos ? item.value_end : item.comma;
    if (only_blank(text.substr(item.value_end, end - item.value_end))) end = item.value_end;
    const auto behind = item.comma == npos ? item.value_end : item.comma + 1;
    return {std::string(before), std::string(text.substr(item.begin, end - item.begin)), std::string(text.substr(behind, item.tail - behind))};
}

void Document::insert_piece(std::size_t open, std::size_t index, const Piece& piece) {
    const auto o = outline(text_, open);
    if (o.items.empty()) return insert_first(o, piece);
    if (index >= o.items.size()) return append_piece(o, piece);
    const auto& next = o.items[index];
    const auto indent = item_indent(o);
    const auto lead = std::string_view(text_).substr(next.lead, next.begin - next.lead);
    const auto item = piece.before + piece.content + "," + piece.after;
    if (starts_line(text_, next)) {
        // A comment to the end of the line must have one.
        const bool open_end = !piece.after.empty() && !lead.starts_with('\n') && !lead.starts_with('\r');
        text_.insert(next.lead, style_.line_break + indent + item + (open_end ? style_.line_break + indent : ""));
        return;
    }
    std::string between(index > 0 || o.items.size() == 1 ? leading_blank(lead) : " ");
    if (!piece.after.empty()) between = style_.line_break + indent;
    else if (between.empty() && index == 0) between.push_back(' ');
    text_.insert(next.lead + leading_blank(lead).size(), item + between);
}

void Document::append_piece(const Outline& o, const Piece& piece) {
    const auto& last = o.items.back();
    const auto item = piece.before + piece.content + piece.after;
    const bool own_line = starts_line(text_, last);
    const bool closed = piece.after.empty() || (own_line && last.ends_line);
    const auto end = closed ? "" : style_.line_break + indent_at(o.open);
    if (own_line) {
        text_.insert(last.tail, style_.line_break + item_indent(o) + item + end);
        text_.insert(last.value_end, 1, ',');
    } else {
        const auto lead = std::string_view(text_).substr(last.lead, last.begin - last.lead);
        const std::string between(o.items.size() > 1 ? leading_blank(lead) : " ");
        text_.insert(last.value_end, "," + between + item + end);
    }
}

void Document::insert_first(const Outline& o, const Piece& piece) {
    const auto inner = std::string_view(text_).substr(o.open + 1, o.close - o.open - 1);
    const auto indent = indent_at(o.open);
    const auto item = piece.before + piece.content + piece.after;
    const auto deeper = style_.line_break + indent + style_.step;
    if (!only_blank(inner)) { // comments stay, in front
        const auto end = o.open + 2 + inner.find_last_not_of(" \t\r\n");
        const bool closed = has_line_break(std::string_view(text_).substr(end, o.close - end));
        text_.insert(end, deeper + item + (closed ? "" : style_.line_break + indent));
        return;
    }
    const bool spaced = o.object || piece.content.front() == '{' || piece.content.front() == '[';
    const std::string space = spaced ? " " : "";
    const auto inside = opens_lines(o) ? deeper + item + style_.line_break + indent : space + item + space;
    replace(o.open + 1, o.close, inside);
}

void Document::remove_item(std::size_t open, std::size_t index) {
    const auto o = outline(text_, open);
    const auto& item = o.items[index];
    const std::string_view text = text_;
    if (o.items.size() == 1 && only_blank(text.substr(open + 1, item.lead - open - 1)) && only_blank(text.substr(item.tail, o.close - item.tail)))
        return replace(open + 1, o.close, "");
    const bool whole = owns_lead(text, item);
    const auto begin = whole ? item.lead : item.begin;
    auto end = item.tail;
    if (!whole)
        while (text_[end] == ' ' || text_[end] == '\t') ++end;
    if (item.comma != npos || index == 0) return replace(begin, end, "");
    const auto comma = o.items[index - 1].comma;
    replace(begin, end, "");
    replace(comma, comma + 1, "");
}

} // namespace ton::config
