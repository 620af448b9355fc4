// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/scanner.hpp"

#include "config/diagnostic.hpp"

#include <fmt/format.h>

#include <charconv>

namespace ton::config {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' ||
           c == '.' || c == '_';
}

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t digits(std::string_view text, std::size_t from) {
    while (from < text.size() && is_digit(text[from])) ++from;
    return from;
}

/// RFC 8259 section 6: [ minus ] int [ frac ] [ exp ]
bool is_json_number(std::string_view text) {
    std::size_t i = text.substr(0, 1) == "-" ? 1 : 0;
    const std::size_t whole = i;
    i = digits(text, i);
    if (i == whole || (text[whole] == '0' && i > whole + 1)) return false;
    if (i < text.size() && text[i] == '.') {
        const std::size_t fraction = i + 1;
        i = digits(text, fraction);
        if (i == fraction) return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
        const std::size_t exponent = i;
        i = digits(text, exponent);
        if (i == exponent) return false;
    }
    return i == text.size();
}

std::string number_advice(std::string_view text) {
    if (text.front() == '+') return "expected no plus sign before a number";
    if (text.front() == '.' || text.substr(0, 2) == "-.")
        return "expected a digit before the point, as in 0.5";
    if (text.back() == '.') return "expected a digit after the point, as in 1.0";
    const std::size_t whole = text.front() == '-' ? 1 : 0;
    if (text.size() > whole + 1 && text[whole] == '0' && is_digit(text[whole + 1])) {
        return "expected no zeros in front of a number";
    }
    return "expected a number such as -3, 0.5 or 1e3";
}

void append_utf8(std::string& out, unsigned code) {
    const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

} // namespace

void Scanner::advance() {
    if (text_[next_] == '\n') {
        ++position_.line;
        position_.column = 1;
        ++next_;
        return;
    }
    ++position_.column;
    ++next_;
    while (next_ < text_.size() && is_continuation(text_[next_])) ++next_;
}

void Scanner::skip_blank() {
    while (!at_end()) {
        const char c = peek();
        if (c == '#') fail("\"#\" begins no comment here, expected // to the end of the line, or /* */");
        if (c == '/') skip_comment();
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') advance();
        else return;
    }
}

void Scanner::skip_comment() {
    const Position opening = position_;
    const auto mark = text_.substr(next_, 2);
    if (mark != "//" && mark != "/*")
        fail("found \"/\", expected a comment to begin with // or /*");
    advance();
    advance();
    if (mark == "//") {
        while (!at_end() && peek() != '\n') advance();
        return;
    }
    while (text_.substr(next_, 2) != "*/") {
        if (at_end()) throw SyntaxError{opening, "the comment that begins here is not closed, expected */"};
        advance();
    }
    advance();
    advance();
}

std::string_view Scanner::word() const {
    std::size_t end = next_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return text_.substr(next_, end - next_);
}

void Scanner::skip_word() {
    for (std::size_t left = word().size(); left > 0; --left) advance();
}

double Scanner::number() {
    const auto text = word();
    if (!is_json_number(text))
        fail(fmt::format("{} is not a JSON number, {}", quote(text), number_advice(text)));
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        fail(
            fmt::format("the number {} is too large or too small, expected one of at most about 1.8e308 and, "
                        "other than 0, at least about 4.9e-324",
                        text.substr(0, 40)));
    }
    skip_word();
    return value;
}

std::string Scanner::string() {
    const Position opening = position_;
    std::string out;
    advance();
    while (peek() != '"' || at_end()) {
        if (at_end() || peek() == '\n' || peek() == '\r') {
            throw SyntaxError{opening, "the string that begins here is not closed on its line, expected a \" "
                                       "(a line break inside a string is written \\n)"};
        }
        const char c = peek();
        if (static_cast<unsigned char>(c) < 0x20) {
            fail(fmt::format("a control character stands in a string, expected it to be written {}",
                             c == '\t' ? "\\t" : fmt::format("\\u{:04x}", c)));
        }
        if (c == '\\') {
            escape(out);
            continue;
        }
        const std::size_t begin = next_;
        advance();
        out.append(text_, begin, next_ - begin);
    }
    advance();
    return out;
}

void Scanner::escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const Position backslash = position_;
    advance();
    const auto letter = at_end() ? std::string_view::npos : letters.find(peek());
    if (letter != std::string_view::npos) {
        out += meanings[letter];
        advance();
        return;
    }
    if (peek() != 'u') {
        throw SyntaxError{backslash,
                          "a \\ in a string begins an escape, expected one of \\\" \\\\ \\/ \\b \\f \\n "
                          "\\r \\t \\uXXXX (a backslash itself is written \\\\)"};
    }
    unsigned code = code_unit();
    const bool high = code >= 0xD800 && code < 0xDC00;
    if (high && text_.substr(next_, 2) == "\\u") {
        advance();
        const unsigned low = code_unit();
        code = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : 0xD800;
    }
    if (code >= 0xD800 && code < 0xE000) {
        throw SyntaxError{backslash,
                          "half a surrogate pair, expected \\uD800..\\uDBFF followed by \\uDC00..\\uDFFF"};
    }
    if (code == 0) throw SyntaxError{backslash, "\\u0000 stands in a string, expected text without it"};
    append_utf8(out, code);
}

/// The four digits after `\u`; stands on the `u` before.
unsigned Scanner::code_unit() {
    advance();
    const auto text = text_.substr(next_, 4);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.size() != 4 || error != std::errc{} || end != text.data() + 4) {
        fail("expected four hexadecimal digits after \\u");
    }
    for (int i = 0; i < 4; ++i) advance();
    return value;
}

std::string Scanner::found() const {
    if (at_end()) return "the end of the file";
    if (peek() == '"') {
        const auto rest = text_.substr(next_ + 1);
        return "the string " + quote(rest.substr(0, rest.find_first_of("\"\n\r")));
    }
    if (const auto text = word(); !text.empty()) return quote(text);
    std::size_t end = next_ + 1;
    while (end < text_.size() && is_continuation(text_[end])) ++end;
    return quote(text_.substr(next_, end - next_));
}

} // namespace ton::config
