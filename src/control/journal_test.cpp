// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/journal.hpp"

#include <doctest/doctest.h>

using namespace ton::control;

namespace {

Step move(const char* address, double before, double after, double time) {
    Step step;
    step.what = address;
    step.moves = {{address, {before}, {after}}};
    step.time = time;
    return step;
}

} // namespace

TEST_CASE("a fader under a hand is one step, as long as it does not rest for a second") {
    Journal journal;
    for (int i = 0; i < 100; ++i) journal.add(move("/a/fader/level", i, i + 1, 0.5 * i));
    CHECK(journal.size() == 1);
    CHECK(journal.last()->moves.front().before.number() == 0);
    CHECK(journal.last()->moves.front().after.number() == 100);
    journal.add(move("/a/fader/level", 100, 101, 49.5 + 1.01));
    CHECK(journal.size() == 2);
    journal.add(move("/b/fader/level", 0, 1, 50.6));
    CHECK(journal.size() == 3);
    journal.add(move("/a/fader/level", 101, 102, 50.7)); // another was moved between
    CHECK(journal.size() == 4);
}

TEST_CASE("two recalls that move the same settings are two steps, however soon one follows the other") {
    Journal journal;
    for (const auto* name : {"scene/recall A", "scene/recall B"}) {
        auto step = move("/a/fader/level", 0, 1, 1.0);
        step.what = name;
        journal.add(step);
    }
    CHECK(journal.size() == 2);
    CHECK(journal.last()->what == "scene/recall B");
}

TEST_CASE("what was undone can be redone until something else is done") {
    Journal journal;
    journal.add(move("/a", 0, 1, 0));
    journal.add(move("/b", 0, 1, 0));
    journal.undone();
    CHECK(journal.next()->what == "/b");
    journal.redone();
    CHECK(journal.last()->what == "/b");
    CHECK_FALSE(journal.can_redo());
    journal.undone();
    journal.add(move("/a", 1, 2, 0)); // no continuation of the first: there was an undo between
    CHECK(journal.size() == 2);
    CHECK_FALSE(journal.can_redo());
}

TEST_CASE("silent steps alone are nothing to undo") {
    Journal journal;
    Step save;
    save.silent = true;
    save.text = {{0, "a", "b"}};
    journal.add(save);
    CHECK_FALSE(journal.can_undo());
    journal.add(move("/a", 0, 1, 0));
    CHECK(journal.can_undo());
}

TEST_CASE("the journal is bounded in steps and in bytes, and forgets the oldest") {
    Journal few({.steps = 3, .bytes = 1 << 20, .together = 0});
    for (int i = 0; i < 5; ++i) few.add(move("/a", i, i + 1, 10.0 * i));
    CHECK(few.size() == 3);
    for (int i = 0; i < 2; ++i) few.undone();
    CHECK(few.last()->moves.front().before.number() == 2);
    Journal small({.steps = 1000, .bytes = 10000, .together = 0});
    for (int i = 0; i < 20; ++i) {
        Step step;
        step.text = {{0, std::string(1500, 'x'), std::string(1500, 'y')}};
        small.add(step);
    }
    CHECK(small.size() == 3); // each of a little more than 3,000 bytes
    Step huge;
    huge.text = {{0, std::string(20000, 'x'), ""}};
    small.add(huge); // more than all may take: it alone stays
    CHECK(small.size() == 1);
}

TEST_CASE("a text that grows within a step is counted as it stands") {
    Journal journal({.steps = 1000, .bytes = 100000, .together = 1.0});
    Step step;
    step.what = "/a/file";
    step.moves = {{"/a/file", Value{std::string()}, Value{std::string("x")}}};
    journal.add(step);
    step.moves.front().after = Value{std::string(5000, 'x')};
    journal.add(step);
    CHECK(journal.size() == 1);
    journal.undone();
    for (const auto* address : {"/b", "/c", "/d"}) journal.add(move(address, 0, 1, 10));
    CHECK(journal.size() == 3);
}
