// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/events.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace ton::app {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// The next word, or a JSON string with its quotes; empty at the end, nullopt where a quote is not closed.
std::optional<std::string_view> next_word(std::string_view& rest) {
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    std::size_t end = 0;
    if (rest.starts_with('"')) {
        for (end = 1; end < rest.size() && rest[end] != '"'; ++end)
            if (rest[end] == '\\') ++end;
        if (end >= rest.size()) return {};
        ++end;
    } else {
        while (end < rest.size() && !is_space(rest[end])) ++end;
    }
    const auto word = rest.substr(0, end);
    rest.remove_prefix(end);
    return word;
}

std::optional<double> parse_number(std::string_view word) {
    if (word.starts_with('+')) word.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) return {};
    return value;
}

/// Seconds, or samples with an s: digits alone, because there is nothing between two samples.
std::optional<std::int64_t> parse_time(std::string_view word, double sample_rate) {
    if (word.ends_with('s')) {
        word.remove_suffix(1);
        std::int64_t samples = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), samples);
        if (error != std::errc{} || end != word.data() + word.size() || word.starts_with('-') || samples > 100'000'000'000'000) return {};
        return samples;
    }
    const auto seconds = parse_number(word);
    if (!seconds || !(*seconds >= 0.0) || *seconds > 1e9) return {};
    return std::llround(*seconds * sample_rate);
}

} // namespace

control::osc::Argument parse_argument(const std::string& word) {
    if (word == "true") return true;
    if (word == "false") return false;
    if (word.starts_with('"')) {
        const auto json = nlohmann::json::parse(word, nullptr, false);
        if (json.is_string()) return json.get<std::string>();
        return word;
    }
    const auto number = parse_number(word);
    if (!number) return word;
    const bool whole = word.find_first_of(".eEnN") == std::string::npos && std::abs(*number) < 2147483648.0;
    if (whole) return static_cast<std::int32_t>(*number);
    return static_cast<float>(*number);
}

std::vector<TimedMessage> parse_events(std::string_view text, const std::string& file, double sample_rate,
                                       std::vector<std::string>& errors) {
    constexpr auto* unclosed = "a quoted text has no closing quote";
    std::vector<TimedMessage> events;
    for (int line = 1; !text.empty(); ++line) {
        auto rest = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), rest.size() + 1));
        const auto complain = [&](const std::string& what) { errors.push_back(fmt::format("{}:{}: {}", file, line, what)); };
        const auto time_word = next_word(rest);
        if (!time_word) {
            complain(unclosed);
            continue;
        }
        if (time_word->empty() || time_word->front() == '#') continue;
        const auto time = parse_time(*time_word, sample_rate);
        const auto address = next_word(rest);
        if (!time) {
            complain(fmt::format("\"{}\" is no time: expected seconds (1.5) or whole samples (72000s)", *time_word));
            continue;
        }
        if (!address || !address->starts_with('/')) {
            complain("expected an OSC address that begins with / after the time");
            continue;
        }
        TimedMessage event{*time, {std::string(*address), {}}, line};
        for (;;) {
            const auto word = next_word(rest);
            if (!word) {
                complain(unclosed);
                break;
            }
            if (word->empty()) break;
            event.message.args.push_back(parse_argument(std::string(*word)));
        }
        events.push_back(std::move(event));
    }
    std::ranges::stable_sort(events, {}, &TimedMessage::time);
    return events;
}

} // namespace ton::app
