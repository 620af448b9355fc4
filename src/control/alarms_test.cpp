// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/alarms.hpp"

#include <doctest/doctest.h>

using ton::control::Alarms;
using Reports = std::vector<Alarms::Report>;

TEST_CASE("what lasts or comes in bursts is told once, and once more when it has been over for two seconds") {
    Alarms alarms;
    for (int i = 0; i < 100; ++i) { // a burst every 1.9 s
        alarms.see("/a", "nan", 1.9 * i, "it began", "it is over");
        CHECK(alarms.take(1.9 * i + 0.1) == (i == 0 ? Reports{{"/a", "it began"}} : Reports{}));
    }
    const double last = 1.9 * 99;
    CHECK(alarms.take(last + 1.99) == Reports{});
    CHECK(alarms.take(last + 2.01) == Reports{{"/a", "it is over"}});
    CHECK(alarms.take(last + 100) == Reports{});
    alarms.see("/a", "nan", last + 101, "it began", "it is over");
    CHECK(alarms.take(last + 101) == Reports{{"/a", "it began"}});
}

TEST_CASE("alarms of one place, and places, know nothing of each other") {
    Alarms alarms;
    alarms.see("/a", "dc", 0, "A dc", "a dc over");
    alarms.see("/a", "ceiling", 1.5, "A ceiling", "a ceiling over");
    alarms.see("/b", "dc", 1.5, "B dc", "b dc over");
    CHECK(alarms.take(1.5) == Reports{{"/a", "A dc"}, {"/a", "A ceiling"}, {"/b", "B dc"}});
    CHECK(alarms.take(2.1) == Reports{{"/a", "a dc over"}});
    CHECK(alarms.take(3.6) == Reports{{"/a", "a ceiling over"}, {"/b", "b dc over"}});
}

TEST_CASE("one alarm of several grades: a higher one at once, a lower one after five seconds, and one end") {
    Alarms alarms;
    const auto see = [&](double now, int grade) {
        alarms.see("/a", "dc", now, grade == 2 ? "much" : "some", "gone", grade);
        return alarms.take(now);
    };
    CHECK(see(0, 2) == Reports{{"/a", "much"}}); // not "some" as well
    CHECK(see(1, 1) == Reports{});
    CHECK(see(4.9, 1) == Reports{});
    CHECK(see(5, 1) == Reports{{"/a", "some"}});
    CHECK(see(5.1, 1) == Reports{});
    CHECK(see(6, 2) == Reports{{"/a", "much"}});
    CHECK(see(7, 2) == Reports{});
    for (int i = 0; i < 10; ++i) CHECK(see(7.5 + i * 0.5, i % 4 == 3 ? 2 : 1) == Reports{}); // now and then the higher one
    CHECK(see(12.5, 1) == Reports{});
    CHECK(alarms.take(14.6) == Reports{{"/a", "gone"}}); // fell through the lower one on its way out
    CHECK(see(15, 1) == Reports{{"/a", "some"}});
}
