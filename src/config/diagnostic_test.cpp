// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/diagnostic.hpp"

#include <doctest/doctest.h>

using namespace ton::config;

TEST_CASE("a diagnostic reads file:line:column: path: message, without what it does not have") {
    CHECK(format(Diagnostic{"a.json", 3, 7, "strips.host", "wrong"}) == "a.json:3:7: strips.host: wrong");
    CHECK(format(Diagnostic{"a.json", 1, 1, "", "empty"}) == "a.json:1:1: empty");
    CHECK(format(Diagnostic{"a.json", 0, 0, "", "can't be read"}) == "a.json: can't be read");
    CHECK(format(std::vector<Diagnostic>{{"a", 1, 2, "", "x"}, {"a", 3, 4, "", "y"}}) ==
          "a:1:2: x\na:3:4: y\n");
}

TEST_CASE("errors come sorted by position, each once") {
    Diagnostics errors("f");
    errors.add({2, 1}, "b", "second line");
    errors.add({1, 9}, "a", "late");
    errors.add({1, 2}, "a", "early");
    errors.add({1, 9}, "a", "late");
    const auto list = errors.take();
    CHECK(format(list) == "f:1:2: a: early\nf:1:9: a: late\nf:2:1: b: second line\n");
    CHECK(errors.empty());
}

TEST_CASE("the nearest name is what a person most likely meant") {
    const std::vector<std::string_view> modules{"gain",       "fader",   "gate",     "eq",
                                                "compressor", "limiter", "loudness", "send",
                                                "delay",      "tone",    "highpass", "lowpass"};
    const auto near = [&](std::string_view name) { return nearest(name, modules).value_or("-"); };
    CHECK(near("compresor") == "compressor"); // left out
    CHECK(near("limitter") == "limiter");     // added
    CHECK(near("fadar") == "fader");          // mistaken
    CHECK(near("gian") == "gain");            // swapped: one slip, where plain Levenshtein counts two
    CHECK(near("Gate") == "gate");
    CHECK(near("EQ") == "eq");
    CHECK(near("comp") == "compressor"); // the only one that begins so
    CHECK(near("compressors") == "compressor");
    CHECK(near("lo") == "-"); // two begin so, and two letters are no abbreviation
    CHECK(near("theremin") == "-");
    CHECK(near("") == "-");
    CHECK(near("x") == "-");
    CHECK(near("xx") == "-");
    CHECK(near(std::string(65, 'e')) == "-");
    // Three letters of six may not be wrong: that is another word.
    CHECK(nearest("reverb", std::vector<std::string_view>{"return"}) == std::nullopt);
    // Fewest slips win over order; among equals the first.
    CHECK(nearest("tracks", std::vector<std::string_view>{"trades", "track", "tracky"}) == "track");
}

TEST_CASE("suggestions stop after a hundred errors, errors don't") {
    Diagnostics errors("f");
    const std::vector<std::string_view> names{"mix"};
    for (int i = 1; i <= 102; ++i) errors.add_unknown({i, 1}, "", "unknown", "mxi", names);
    const auto list = errors.take();
    REQUIRE(list.size() == 102);
    CHECK(list[99].message == "unknown; did you mean \"mix\"?");
    CHECK(list[100].message == "unknown");
}

TEST_CASE("quoted text can't break a terminal or a line") {
    CHECK(quote("mix") == "\"mix\"");
    CHECK(quote("a\"b\\c\n\x1b[31m\x7f") == "\"a\\\"b\\\\c\\u000a\\u001b[31m\\u007f\"");
    CHECK(quote(std::string(61, 'x')) == '"' + std::string(60, 'x') + "…\"");
    // Cut between characters, never inside one: "é" has two bytes, the 60th is its first.
    CHECK(quote(std::string(59, 'x') + "éz") == '"' + std::string(59, 'x') + "é…\"");
}

TEST_CASE("a route is its names with arrows, odd names quoted") {
    CHECK(route_text(std::vector<std::string_view>{"a", "b-1", "a"}) == "a -> b-1 -> a");
    CHECK(route_text(std::vector<std::string_view>{"a\n", "b c"}) == "\"a\\u000a\" -> \"b c\"");
}

TEST_CASE("paths are dotted, indices and odd keys in brackets") {
    CHECK(child_path("", "strips") == "strips");
    CHECK(child_path("strips", "host") == "strips.host");
    CHECK(child_path(child_path("chain", std::size_t{2}), "eq") == "chain[2].eq");
    CHECK(child_path("eq", "band/1/gain") == "eq.band/1/gain");
    CHECK(child_path("strips", "lead vocal") == "strips[\"lead vocal\"]");
    CHECK(child_path("strips", "") == "strips[\"\"]");
}
