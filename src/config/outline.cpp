// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/outline.hpp"

#include <algorithm>

namespace ton::config {

namespace {

constexpr auto npos = std::string_view::npos;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_space(char c) { return is_blank(c) || c == '\n' || c == '\r'; }

/// Behind the comment at `i`, which for `//` is the line break (a \r before it included), or the end.
std::size_t skip_comment(std::string_view text, std::size_t i) {
    if (text[i + 1] == '*') return text.find("*/", i + 2) + 2;
    auto end = std::min(text.find('\n', i), text.size());
    if (end < text.size() && text[end - 1] == '\r') --end;
    return end;
}

bool at_comment(std::string_view text, std::size_t i) { return i < text.size() && text[i] == '/'; }

std::size_t skip_string(std::string_view text, std::size_t i) {
    for (++i; text[i] != '"'; ++i)
        if (text[i] == '\\') ++i;
    return i + 1;
}

std::size_t skip_value(std::string_view text, std::size_t i) {
    int depth = 0;
    do {
        const char c = text[i];
        if (c == '"') i = skip_string(text, i);
        else if (at_comment(text, i)) i = skip_comment(text, i);
        else {
            if (c == '{' || c == '[') ++depth;
            if (c == '}' || c == ']') --depth;
            ++i;
            if (depth == 0 && c != '}' && c != ']') i = std::min(text.find_first_of(" \t\r\n,]}/", i), text.size());
        }
    } while (depth > 0);
    return i;
}

struct Tail {
    std::size_t at;
    bool ends_line;
};

/// Comments behind something belong to it if nothing else follows on the line.
Tail find_tail(std::string_view text, const std::size_t after) {
    for (std::size_t i = after; i < text.size();) {
        if (is_blank(text[i])) {
            ++i;
        } else if (at_comment(text, i)) {
            const auto end = skip_comment(text, i);
            if (text[i + 1] == '*' && text.substr(i, end - i).find('\n') != npos) break;
            i = end;
        } else {
            const bool line_break = text[i] == '\n' || text.substr(i, 2) == "\r\n";
            if (!line_break) break;
            while (i > after && is_blank(text[i - 1])) --i;
            return {i, true};
        }
    }
    return {after, false};
}

/// Comments above an item, with a blank line between, belong to the place and not to the item.
std::size_t find_lead(std::string_view text, std::size_t from, std::size_t item) {
    std::size_t lead = from, line_break = npos;
    bool comments = false;
    for (std::size_t i = from; i < item;) {
        if (at_comment(text, i)) {
            i = skip_comment(text, i);
            comments = true;
            line_break = npos;
            continue;
        }
        if (text[i] == '\n' && comments) {
            if (line_break != npos) lead = text[i - 1] == '\r' ? i - 1 : i;
            line_break = i;
        }
        ++i;
    }
    return lead;
}

} // namespace

int depth_of(std::string_view text, std::size_t at) {
    int depth = 0;
    for (std::size_t i = 0; i < at;) {
        const char c = text[i];
        if (c == '"') i = skip_string(text, i);
        else if (at_comment(text, i)) i = skip_comment(text, i);
        else {
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
            ++i;
        }
    }
    return depth;
}

std::size_t skip_blank_and_comments(std::string_view text, std::size_t from) {
    while (from < text.size()) {
        if (is_space(text[from])) ++from;
        else if (at_comment(text, from)) from = skip_comment(text, from);
        else break;
    }
    return from;
}

std::string_view indentation(std::string_view text, std::size_t at) {
    const auto line_break = at == 0 ? npos : text.rfind('\n', at - 1);
    const auto begin = line_break == npos ? 0 : line_break + 1;
    auto end = begin;
    while (end < text.size() && is_blank(text[end])) ++end;
    return text.substr(begin, end - begin);
}

Outline outline(std::string_view text, std::size_t open) {
    Outline result;
    result.open = open;
    result.object = text[open] == '{';
    auto free = find_tail(text, open + 1).at;
    for (;;) {
        Item item;
        item.begin = skip_blank_and_comments(text, free);
        if (text[item.begin] == '}' || text[item.begin] == ']') {
            result.close = item.begin;
            return result;
        }
        item.lead = find_lead(text, free, item.begin);
        item.key_end = result.object ? skip_string(text, item.begin) : item.begin;
        item.value = item.begin;
        if (result.object) // over the colon
            item.value = skip_blank_and_comments(text, skip_blank_and_comments(text, item.key_end) + 1);
        item.value_end = skip_value(text, item.value);
        const auto next = skip_blank_and_comments(text, item.value_end);
        item.comma = text[next] == ',' ? next : npos;
        const auto tail = find_tail(text, item.comma == npos ? item.value_end : item.comma + 1);
        item.tail = tail.at;
        item.ends_line = tail.ends_line;
        free = item.tail;
        result.items.push_back(item);
    }
}

} // namespace ton::config
