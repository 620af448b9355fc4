// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
Planar tone(double seconds, double dbfs) {
    return sine(2, static_cast<int>(seconds * 48000), 1000, dbfs);
}
double reading(Rig& rig, const char* row) {
    return static_cast<double>(rig.readout(row));
}
} // namespace

TEST_CASE("loudness passes every bit and rests at silence") {
    const auto x = noise(2, 3000, 0);
    Rig rig("loudness", {.channels = 2});
    CHECK(rig.readout("integrated") == -120.0F);
    CHECK(rig.run(x) == x);
    Rig quiet("loudness", {.channels = 2});
    quiet.run(silence(2, 48000 * 4));
    CHECK(quiet.readout("momentary") == -120.0F);
    CHECK(quiet.readout("true_peak") == -120.0F);
}

TEST_CASE("loudness: EBU Tech 3341 case 1 through the module") {
    Rig rig("loudness", {.channels = 2});
    rig.run(tone(20, -23));
    for (const char* const row : {"momentary", "short_term", "integrated", "momentary_max", "short_term_max"})
        CHECK(std::abs(reading(rig, row) + 22.9933) < 0.01); // the ideal meter's reading
    CHECK(std::abs(reading(rig, "true_peak") + 23.0) < 0.02);
    CHECK(reading(rig, "range") < 0.05);
    CHECK(reading(rig, "range_stable") == 0.0);
}

TEST_CASE("loudness: EBU Tech 3342 case 1 through the module: a range of 10 LU") {
    Rig rig("loudness", {.channels = 2});
    rig.run(tone(20, -20));
    rig.run(tone(20, -30));
    CHECK(std::abs(reading(rig, "range") - 10.0) < 0.1);
}

TEST_CASE("loudness: reset begins a new programme, again each time it is set, also to what it is") {
    Rig rig("loudness", {.channels = 2});
    rig.run(tone(5, -10));
    rig.run(tone(5, -30), 64, {{240200, "reset", 1.0F}}); // what came within 2 ms before may still count
    CHECK(std::abs(reading(rig, "integrated") + 30) < 0.02);
    CHECK(std::abs(reading(rig, "true_peak") + 30) < 0.02);
    rig.run(tone(5, -20), 64, {{480000, "reset", 1.0F}}); // on already
    CHECK(std::abs(reading(rig, "integrated") + 20) < 0.02);
    rig.run(tone(1, -20), 64, {{720000, "reset", 0.0F}}); // off: nothing happens
    CHECK(std::abs(reading(rig, "integrated") + 20) < 0.02);
    CHECK(std::abs(reading(rig, "true_peak") + 20) < 0.02);
}

TEST_CASE("loudness: pause holds the programme, momentary goes on") {
    Rig rig("loudness", {.channels = 2});
    rig.run(tone(5, -20));
    rig.run(tone(5, -6), 64, {{240000, "pause", 1.0F}});
    CHECK(std::abs(reading(rig, "integrated") + 20) < 0.02);
    CHECK(std::abs(reading(rig, "true_peak") + 20) < 0.02);
    CHECK(std::abs(reading(rig, "momentary") + 6) < 0.02);
    rig.run(tone(5, -20), 64, {{480000, "pause", 0.0F}});
    CHECK(std::abs(reading(rig, "integrated") + 20) < 0.02);
}

TEST_CASE("loudness: readings are the same at every block size") {
    const auto x = noise(2, 96000, -12);
    const std::vector<Event> events{{20001, "pause", 1.0F}, {30007, "pause", 0.0F}, {40011, "reset", 1.0F}};
    const char* const rows[] = {"momentary", "short_term", "integrated",
                                "range",     "true_peak",  "momentary_max"};
    std::vector<float> reference;
    for (const int block : {64, 1, 7, 441, 1000, 8192}) {
        Rig rig("loudness", {.channels = 2});
        rig.run(x, block, events);
        std::vector<float> now;
        for (const char* const row : rows) now.push_back(rig.readout(row));
        if (reference.empty()) reference = now;
        CHECK(now == reference);
    }
    CHECK(reference[2] > -20);
}
