// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ton::control::osc {

namespace {

std::optional<double> finite(double value) {
    return std::isfinite(value) ? std::optional{value} : std::nullopt;
}

std::optional<double> number_in(std::string_view text) {
    constexpr std::string_view blank = " \t";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return std::nullopt;
    text = text.substr(first, text.find_last_not_of(blank) - first + 1);
    // from_chars knows no plus sign; "+-5" must not slip through.
    if (text.front() == '+' && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return finite(value);
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\u{:04x}", static_cast<int>(c));
        else
            out += c;
    }
    return out + '"';
}

struct ToText {
    std::string operator()(std::int32_t v) const { return fmt::format("{}", v); }
    std::string operator()(std::int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(float v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const { return fmt::format("{}", v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(const std::string& v) const { return quoted(v); }
    std::string operator()(const Symbol& v) const { return quoted(v.text); }
    std::string operator()(const Bytes& v) const { return fmt::format("[{} bytes]", v.size()); }
    std::string operator()(TimeTag v) const {
        return v.immediate() ? "immediately"
                             : fmt::format("{:.9f}", static_cast<double>(v.ntp) / 4294967296.0);
    }
    std::string operator()(char v) const { return quoted({&v, 1}); }
    std::string operator()(Rgba v) const { return fmt::format("#{:08x}", v.value); }
    std::string operator()(Midi v) const {
        return fmt::format("midi {:02x} {:02x} {:02x} {:02x}", v.bytes[0], v.bytes[1], v.bytes[2],
                           v.bytes[3]);
    }
    std::string operator()(Nil) const { return "nil"; }
    std::string operator()(Impulse) const { return "impulse"; }
};

struct ToNumber {
    std::optional<double> operator()(std::int32_t v) const { return v; }
    std::optional<double> operator()(std::int64_t v) const { return static_cast<double>(v); }
    std::optional<double> operator()(float v) const { return finite(static_cast<double>(v)); }
    std::optional<double> operator()(double v) const { return finite(v); }
    std::optional<double> operator()(bool v) const { return v ? 1.0 : 0.0; }
    std::optional<double> operator()(const std::string& v) const { return number_in(v); }
    std::optional<double> operator()(const Symbol& v) const { return number_in(v.text); }
    template <typename Other> std::optional<double> operator()(const Other&) const { return std::nullopt; }
};

bool same(const Argument& a, const Argument& b) {
    const auto x = number(a);
    const auto y = number(b);
    if (x && y) return static_cast<float>(*x) == static_cast<float>(*y);
    return a == b;
}

} // namespace

Argument::Argument() noexcept = default;
Argument::Argument(const Argument& other) = default;
Argument::Argument(Argument&& other) noexcept = default;
Argument& Argument::operator=(const Argument& other) = default;
Argument& Argument::operator=(Argument&& other) noexcept = default;
Argument::~Argument() = default;

bool operator==(const Argument& a, const Argument& b) {
    return static_cast<const AnyArgument&>(a) == static_cast<const AnyArgument&>(b);
}

std::optional<double> number(const Argument& argument) {
    return std::visit(ToNumber{}, argument);
}

std::optional<bool> truth(const Argument& argument) {
    if (const auto value = number(argument)) return *value >= 0.5;
    const auto word = string(argument);
    if (!word) return std::nullopt;
    if (is_one_of(*word, {"true", "on", "yes", "T"})) return true;
    if (is_one_of(*word, {"false", "off", "no", "F"})) return false;
    return std::nullopt;
}

std::optional<std::string_view> string(const Argument& argument) {
    if (const auto* text = std::get_if<std::string>(&argument)) return *text;
    if (const auto* symbol = std::get_if<Symbol>(&argument)) return symbol->text;
    return std::nullopt;
}

char type_tag(const Argument& argument) noexcept {
    if (const auto* flag = std::get_if<bool>(&argument)) return *flag ? 'T' : 'F';
    static constexpr std::string_view tags = "ihfd?sSbtcrmNI"; // in the order of the variant
    static_assert(std::variant_size_v<AnyArgument> == tags.size());
    return tags[argument.index()];
}

std::string to_text(const Argument& argument) {
    return std::visit(ToText{}, argument);
}

std::string to_text(const Message& message) {
    std::string line = message.address;
    for (const Argument& argument : message.args) line += ' ' + to_text(argument);
    return line;
}

bool same_value(std::span<const Argument> a, std::span<const Argument> b) {
    return std::ranges::equal(a, b, same);
}

} // namespace ton::control::osc
