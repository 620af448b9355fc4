// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace ton::config {

namespace {

constexpr std::size_t most_suggestions = 100;
constexpr std::size_t longest_quote = 60; // bytes

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool plain_in_path(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/' || c == '$';
}

bool is_plain(std::string_view name) {
    return !name.empty() && name.size() <= longest_quote &&
           std::all_of(name.begin(), name.end(), plain_in_path);
}

} // namespace

std::string format(const Diagnostic& diagnostic) {
    std::string text = diagnostic.file;
    if (diagnostic.line > 0) text += fmt::format(":{}:{}", diagnostic.line, diagnostic.column);
    if (!diagnostic.path.empty()) text += ": " + diagnostic.path;
    return text + ": " + diagnostic.message;
}

std::string format(const std::vector<Diagnostic>& diagnostics) {
    std::string text;
    for (const auto& diagnostic : diagnostics) text += format(diagnostic) + '\n';
    return text;
}

void Diagnostics::add(Position at, std::string path, std::string message) {
    list_.push_back({file_, at.line, at.column, std::move(path), std::move(message)});
}

void Diagnostics::add_unknown(Position at, std::string path, std::string message, std::string_view name,
                              std::span<const std::string_view> candidates) {
    if (list_.size() < most_suggestions) {
        if (const auto near = nearest(name, candidates)) message += "; did you mean " + quote(*near) + "?";
    }
    add(at, std::move(path), std::move(message));
}

std::vector<Diagnostic> Diagnostics::take() {
    const auto order = [](const Diagnostic& d) { return std::tie(d.line, d.column, d.path, d.message); };
    std::sort(list_.begin(), list_.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
    list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
    return std::exchange(list_, {});
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (i >= longest_quote && !is_continuation(c)) {
            out += "…";
            break;
        }
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string counted(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string join(std::span<const std::string_view> words, std::string_view between) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += between;
        text += words[i];
    }
    return text;
}

std::string route_text(std::span<const std::string_view> names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += " -> ";
        text += is_plain(names[i]) ? std::string(names[i]) : quote(names[i]);
    }
    return text;
}

std::string child_path(std::string_view path, std::string_view key) {
    if (!is_plain(key)) {
        return fmt::format("{}[{}]", path, quote(key));
    }
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string child_path(std::string_view path, std::size_t index) {
    return fmt::format("{}[{}]", path, index);
}

} // namespace ton::config
