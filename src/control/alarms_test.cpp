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
