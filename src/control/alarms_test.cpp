// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/alarms.hpp"

#include <doctest/doctest.h>

using ton::control::Alarms;
using Reports = std::vector<Alarms::Report>;

TEST_CASE("what lasts or comes in bursts is told once, and once more when it has been over for two seconds") {
    Alarms alarms;
    const Alarms::Key key{"a", "nan"};
    for (int i = 0; i < 100; ++i) { // a burst every 1.9 s
        alarms.see(key, 1.9 * i, {"it began", "it is over"});
        CHECK(alarms.take(1.9 * i + 0.1) == (i == 0 ? Reports{{key, "it began"}} : Reports{}));
    }
    const double last = 1.9 * 99;
    CHECK(alarms.take(last + 1.99) == Reports{});
    CHECK(alarms.take(last + 2.01) == Reports{{key, "it is over"}});
    CHECK(alarms.take(last + 100) == Reports{});
    alarms.see(key, last + 101, {"it began", "it is over"});
    CHECK(alarms.take(last + 101) == Reports{{key, "it began"}});
}

TEST_CASE("alarms of one place, and places, know nothing of each other") {
    Alarms alarms;
    const Alarms::Key dc{"a", "dc"}, ceiling{"a", "ceiling"}, other{"b", "dc"};
    alarms.see(dc, 0, {"A dc", "a dc over"});
    alarms.see(ceiling, 1.5, {"A ceiling", "a ceiling over"});
    alarms.see(other, 1.5, {"B dc", "b dc over", 1, 7});
    CHECK(alarms.take(1.5) == Reports{{ceiling, "A ceiling"}, {dc, "A dc"}, {other, "B dc"}});
    CHECK(alarms.take(2.1) == Reports{{dc, "a dc over"}});
    CHECK(alarms.take(8.4) == Reports{{ceiling, "a ceiling over"}}); // the other asked for 7 s
    CHECK(alarms.take(8.6) == Reports{{other, "b dc over"}});
}

TEST_CASE("one alarm of several grades: a higher one at once, a lower one after ten seconds, and one end") {
    Alarms alarms;
    const Alarms::Key key{"a", "dc"};
    const auto see = [&](double now, int grade) {
        alarms.see(key, now, {grade == 2 ? "much" : "some", "gone", grade});
        return alarms.take(now);
    };
    CHECK(alarms.grade(key) == 0);
    CHECK(see(0, 2) == Reports{{key, "much"}}); // not "some" as well
    for (int i = 1; i < 10; ++i) CHECK(see(i, 1) == Reports{});
    CHECK(alarms.grade(key) == 2);
    CHECK(see(10, 1) == Reports{{key, "some"}});
    CHECK(alarms.grade(key) == 1);
    CHECK(see(10.1, 1) == Reports{});
    CHECK(see(11, 2) == Reports{{key, "much"}});
    CHECK(see(12, 2) == Reports{});
    for (int i = 0; i < 40; ++i) CHECK(see(12.5 + i * 0.5, i % 16 == 15 ? 2 : 1) == Reports{}); // now and then the higher one
    CHECK(alarms.take(34.1) == Reports{{key, "gone"}}); // fell through the lower one on its way out
    CHECK(alarms.grade(key) == 0);
    CHECK(see(35, 1) == Reports{{key, "some"}});
}

TEST_CASE("the most of an alarm is known until it is over") {
    Alarms alarms;
    const Alarms::Key key{"a", "ceiling"};
    CHECK(alarms.most(key) == 0);
    for (const double size : {3.0, 7.0, 5.0}) alarms.see(key, 0, {.begins = "so", .ends = "over", .size = size});
    CHECK(alarms.most(key) == 7);
    alarms.take(3);
    CHECK(alarms.most(key) == 0);
}

TEST_CASE("a grade that waits is not told where a higher one comes at once, but always if none does") {
    Alarms alarms;
    const Alarms::Key key{"a", "dc"};
    const auto see = [&](double now, int grade) {
        alarms.see(key, now, {grade == 2 ? "much" : "some", "gone", grade, 2, grade == 2 ? 0.0 : 1.0});
        return alarms.take(now);
    };
    CHECK(see(0, 1) == Reports{});
    CHECK(see(0.9, 2) == Reports{{key, "much"}});
    CHECK(alarms.take(3) == Reports{{key, "gone"}});
    CHECK(see(10, 1) == Reports{});
    CHECK(alarms.take(11) == Reports{{key, "some"}});
    CHECK(alarms.take(12) == Reports{{key, "gone"}});
    CHECK(see(20, 1) == Reports{});
    CHECK(alarms.take(30) == Reports{{key, "some"}, {key, "gone"}});
}

TEST_CASE("what is no more has no alarms: neither an end nor what was not yet told") {
    Alarms alarms;
    CHECK(alarms.empty());
    for (const char* source : {"a", "b"}) alarms.see({source, "dc"}, 0, {"dc", "gone"});
    alarms.take(0);
    for (const char* source : {"a", "b"}) alarms.see({source, "nan"}, 1, {"nan", "over"});
    alarms.keep([](const Alarms::Key& key) { return key.first == "b"; });
    CHECK(alarms.take(1) == Reports{{{"b", "nan"}, "nan"}});
    CHECK(alarms.take(9) == Reports{{{"b", "dc"}, "gone"}, {{"b", "nan"}, "over"}});
    CHECK(alarms.empty());
}

TEST_CASE("what waits to be told is told by its largest") {
    Alarms alarms;
    const Alarms::Key key{"a", "ceiling"};
    for (const double size : {1.0, 5.0, 2.0}) alarms.see(key, 0, {.begins = size == 5 ? "five" : "less", .ends = "over", .size = size});
    CHECK(alarms.take(0.1) == Reports{{key, "five"}});
}
