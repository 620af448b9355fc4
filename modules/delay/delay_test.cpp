// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace ton::test;

namespace {
Planar late(const Planar& x, std::size_t by) {
    auto y = x;
    for (std::size_t c = 0; c < x.size(); ++c)
        for (std::size_t i = 0; i < x[c].size(); ++i) y[c][i] = i < by ? 0.0F : x[c][i - by];
    return y;
}
} // namespace

TEST_CASE("delay of 0 ms passes every bit, at once") {
    const auto x = noise(2, 500, 0);
    CHECK(Rig("delay", {.channels = 2}).run(x) == x);
}

TEST_CASE("delay is exact to the sample, rounded, at every rate up to two seconds") {
    for (const double rate : {44100.0, 48000.0, 96000.0, 192000.0})
        for (const float ms : {0.02F, 1.0F, 10.0104F, 333.3F, 2000.0F}) {
            const auto by = static_cast<std::size_t>(std::lround(static_cast<double>(ms) * rate / 1000));
            const auto x = noise(2, static_cast<int>(by) + 700, 0);
            INFO(ms << " ms at " << rate);
            CHECK(Rig("delay", {.channels = 2, .sample_rate = rate}).set("time", ms).run(x) == late(x, by));
        }
}

TEST_CASE("delay: a change fades from one place to the other within 20 ms, without bending the pitch") {
    const auto x = noise(1, 6000, -6);
    Rig rig("delay");
    const auto y = rig.set("time", 10).run(x, 64, {{1600, "time", 25.0F}})[0];
    const auto before = late(x, 480)[0], after = late(x, 1200)[0];
    for (std::size_t i = 0; i < 6000; ++i) {
        // 1600 is a grid point: t^2 (3 - 2t) from there
        const float t = i < 1600 ? 0.0F : std::min(1.0F, static_cast<float>(i - 1600) / 960.0F);
        const float w = t * t * (3 - 2 * t);
        CHECK(std::abs(y[i] - ((1 - w) * before[i] + w * after[i])) < 2e-7F);
    }
}

TEST_CASE("delay: a knob that keeps turning arrives at the last setting") {
    const auto x = noise(1, 9000, -6);
    std::vector<Event> turns;
    for (int i = 0; i < 20; ++i) turns.push_back({1000 + 50 * i, "time", static_cast<float>(i)});
    const auto y = Rig("delay").run(x, 64, turns)[0];
    const auto last = late(x, 19 * 48)[0];
    for (std::size_t i = 2000 + 2 * 960; i < 9000; ++i)
        CHECK(y[i] == last[i]); // at most two fades after the last turn
}

TEST_CASE("delay forgets what it holds when it is silenced") {
    Rig rig("delay");
    rig.set("time", 20).run(noise(1, 3000, 0));
    rig.stage().processor()->silence();
    CHECK(peak(rig.run(silence(1, 3000))[0]) == 0.0);
    const auto x = noise(1, 3000, 0);
    CHECK(rig.run(x) == late(x, 960));
}
