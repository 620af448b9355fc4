// SPDX-License-Identifier: GPL-3.0-or-later
// The pattern table of acceptance 6.1, OSC 1.0 "OSC Message Dispatching and Pattern Matching", and OSC 1.1's
// //.
#include "control/osc/pattern.hpp"

#include "control/osc/test_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <regex>
#include <string>

using namespace ton::control::osc;

namespace {
/// "/", n times c, then the end. (Written out: gcc 12 warns wrongly of "/" + std::string(...), its PR
/// 105651.)
std::string below_root(std::size_t n, char c, const char* end = "") {
    std::string text(1, '/');
    text.append(n, c);
    return text.append(end);
}
} // namespace

TEST_CASE("the pattern table") {
    struct Row {
        const char* pattern;
        const char* address;
        bool matches;
    };
    const Row rows[] = {
        {"/ch/*/gain", "/ch/1/gain", true},
        {"/ch/*/gain", "/ch/1/eq/gain", false},
        {"/ch/[1-4]/mute", "/ch/3/mute", true},
        {"/ch/[1-4]/mute", "/ch/5/mute", false},
        {"/ch/[!1-4]/mute", "/ch/5/mute", true},
        {"/ch/[!1-4]/mute", "/ch/3/mute", false},
        {"/{in,out}/gain", "/in/gain", true},
        {"/{in,out}/gain", "/out/gain", true},
        {"/{in,out}/gain", "/input/gain", false},
        {"/ch/?/x", "/ch/1/x", true},
        {"/ch/?/x", "/ch/10/x", false},
        {"//gain", "/a/b/gain", true},
        {"//gain", "/gain", true},
        {"/a*b", "/ab", true},
        {"/a*b", "/axxb", true},
        {"/[-a]", "/-", true},
        {"/[-a]", "/a", true},
        {"/ch/{1,2}[0-9]", "/ch/10", true},
        {"/ch/[1", "/ch/1", false},
        {"/ch/{1,2", "/ch/1", false},
        // Beyond the table
        {"/[a-]", "/-", true},
        {"/[a!]", "/!", true},
        {"/[a-c-e]", "/-", true},
        {"/[!a]", "/", false},
        {"/a", "/a", true},
        {"/a", "/A", false},
        {"/a", "/a/b", false},
        {"/a/b", "/a", false},
        {"/*", "/a/b", false},
        {"/*", "/abc", true},
        {"/a*", "/a", true},
        {"/?", "/", false},
        {"/{a,ab}{bc,c}", "/abc", true},
        {"/{a,ab}{bc,c}", "/abbc", true},
        {"/{a,ab}{bc,c}", "/ab", false},
        {"/x{,y}", "/x", true},
        {"/x{,y}", "/xy", true},
        {"/{*,a}", "/b", false},
        {"/a//z", "/a/z", true},
        {"/a//z", "/a/b/c/z", true},
        {"/a//z", "/b/z", false},
        {"//a//b", "/x/a/y/b", true},
        {"//a//b", "/b/a", false},
        {"//a/b", "/a/a/b", true},
        {"//*", "/x/y/z", true},
        {"/[]a]", "/a", false},
        {"/[!]", "/a", false},
        {"/a/", "/a", false},
        {"/a///b", "/a/b", false},
        {"", "/a", false},
        {"a", "/a", false},
        {"/a", "a", false},
        {"/{a,{b}}", "/a}", false},
        {"/*a*b*c", "/xaybzc", true},
        {"/*a*b*c", "/xaybz", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.pattern);
        CAPTURE(row.address);
        CHECK(match(row.pattern, row.address) == row.matches);
    }
}

TEST_CASE("pattern bombs end in far less than a millisecond (M28)") {
    const auto milliseconds = [](const std::string& pattern, const std::string& address, bool expected) {
        double best = 1e9; // of three: the first warms the caches
        for (int i = 0; i < 3; ++i) {
            const double start = cpu_seconds();
            CHECK(match(pattern, address) == expected);
            best = std::min(best, 1e3 * (cpu_seconds() - start));
        }
        return best;
    };
    const std::string name = below_root(100, 'b');
    CHECK(milliseconds(below_root(60, '*', "a"), name, false) < 1);
    std::string stars = "/";
    for (int i = 0; i < 60; ++i) stars += "*b";
    CHECK(milliseconds(stars + "a", name, false) < 1);
    CHECK(milliseconds(stars, name, true) < 1);
    std::string braces = "/";
    for (int i = 0; i < 30; ++i) braces += "{b,bb,}";
    CHECK(milliseconds(braces + "a", name, false) < 1);
    std::string depths;
    std::string path;
    for (int i = 0; i < 60; ++i) depths += "//*";
    for (int i = 0; i < 100; ++i) path += "/b";
    CHECK(milliseconds(depths + "//a", path, false) < 1);
}

TEST_CASE("against std::regex, on patterns without // made by chance") {
    std::mt19937 random(1);
    const auto pick = [&](auto& list) { return list[random() % std::size(list)]; };
    // OSC pattern and the same as an ECMAScript regular expression
    const std::pair<const char*, const char*> parts[] = {
        {"a", "a"},       {"b", "b"},        {"?", "[^/]"},        {"*", "[^/]*"},
        {"[ab]", "[ab]"}, {"[!a]", "[^a/]"}, {"{a,bb}", "(a|bb)"}, {"{,ab}", "(|ab)"}};
    const char letters[] = {'a', 'b', 'c'};
    int hits = 0;
    for (int i = 0; i < 3'000; ++i) {
        std::string pattern = "/";
        std::string expression = "/";
        for (auto n = 1 + random() % 5; n > 0; --n) {
            const auto& [osc, regex] = pick(parts);
            pattern += osc;
            expression += regex;
        }
        std::string name = "/";
        for (auto n = 1 + random() % 5; n > 0; --n) name += pick(letters);
        const bool expected = std::regex_match(name, std::regex(expression));
        CAPTURE(pattern);
        CAPTURE(name);
        CHECK(match(pattern, name) == expected);
        hits += expected;
    }
    CHECK(hits > 300); // both outcomes were tried
    CHECK(hits < 2'700);
}

TEST_CASE("walking a tree with pruning") {
    const auto pattern = Pattern::parse("/a*//level").value();
    CHECK(pattern.only_child(pattern.start()) == std::nullopt);
    const auto away = pattern.step(pattern.start(), "host");
    CHECK_FALSE(pattern.alive(away));
    const auto below = pattern.step(pattern.start(), "alto");
    CHECK(pattern.alive(below));
    CHECK_FALSE(pattern.accepts(below));
    const auto fader = pattern.step(below, "fader");
    CHECK(pattern.alive(fader));
    CHECK(pattern.accepts(pattern.step(fader, "level")));
    CHECK(pattern.accepts(pattern.step(below, "level")));
    CHECK_FALSE(pattern.accepts(pattern.step(fader, "mute")));

    const auto exact = Pattern::parse("/host/*/level").value();
    CHECK(exact.only_child(exact.start()) == "host");
    CHECK(exact.only_child(exact.step(exact.start(), "host")) == std::nullopt);
    CHECK_FALSE(exact.literal());
    CHECK(Pattern::parse("/host/fader/level")->literal());
    CHECK_FALSE(Pattern::parse("//level")->literal());
}

TEST_CASE("limits: 62 segments, 1023 bytes") {
    std::string path;
    for (int i = 0; i < 62; ++i) path += "/?";
    std::string address;
    for (int i = 0; i < 62; ++i) address += "/x";
    CHECK(match(path, address));
    CHECK_FALSE(match(path, address + "/x"));
    CHECK_FALSE(Pattern::parse(path + "/?").has_value());
    CHECK(Pattern::parse(below_root(1'022, '*')).has_value());
    CHECK_FALSE(Pattern::parse(below_root(1'023, '*')).has_value());
    CHECK_FALSE(match_segment("*a", std::string(1'030, 'a')));
}

TEST_CASE("what is a pattern") {
    for (const char* text : {"/a*", "/?", "/[a]", "/{a,b}", "//a", "/a//b"}) CHECK(is_pattern(text));
    for (const char* text : {"/a", "/a/b", "/a-b_c.d/2", "/a]b}"}) CHECK_FALSE(is_pattern(text));
}
