// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/loop.hpp"
#include "rig.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace ton::test;

namespace {

constexpr int kLatency = 700, kFade = 480, kQuiet = 2400; // frames; of 10 ms and 50 ms at 48 kHz
constexpr int kOpen = kLatency + 2 * kFade + 1;           // from a link on until only what comes back is heard

RigOptions options(int channels) { return {.channels = channels, .sidechain_channels = channels, .tap_channels = channels}; }

struct Insert : Rig {
    explicit Insert(int channels = 2) : Rig("insert", options(channels)) { set("latency", kLatency); }
};

Planar delayed(const Planar& x, int frames, float gain = 1.0F) {
    Planar y = silence(static_cast<int>(x.size()), static_cast<int>(x[0].size()));
    for (std::size_t c = 0; c < x.size(); ++c)
        for (std::size_t i = static_cast<std::size_t>(frames); i < x[c].size(); ++i) y[c][i] = gain * x[c][i - static_cast<std::size_t>(frames)];
    return y;
}

Planar from(const Planar& x, std::size_t first, std::size_t count) {
    Planar y;
    for (const auto& plane : x) y.emplace_back(plane.begin() + static_cast<std::ptrdiff_t>(first), plane.begin() + static_cast<std::ptrdiff_t>(first + count));
    return y;
}

ton::engine::Loop& loop(Rig& rig) { return *rig.stage().processor()->external_loop(); }

} // namespace

TEST_CASE("insert: unconnected it sends every bit and passes every bit, as late as it says") {
    Insert rig;
    const auto x = noise(2, 6000, -6);
    const auto y = rig.run(x, 64, {}, noise(2, 6000, 0, 9));
    CHECK(rig.latency() == kLatency);
    CHECK(y == delayed(x, kLatency));
    CHECK(rig.taps == x);
    CHECK(rig.readout("returned") == 0.0F);
}

TEST_CASE("insert: connected, what comes back is heard, to the bit, once what was sent before can have come back") {
    for (const int block : {1, 64, 1000}) {
        Insert rig;
        loop(rig).link(true);
        const auto x = noise(2, 6000, -6);
        const auto back = delayed(x, kLatency, 0.25F);
        const auto y = rig.run(x, block, {}, back);
        CHECK(from(y, 0, kLatency + kFade) == from(delayed(x, kLatency), 0, kLatency + kFade));
        CHECK(from(y, kOpen, 4000) == from(back, kOpen, 4000));
        CHECK(rig.readout("returned") == 1.0F);
    }
}

TEST_CASE("insert: a loop that alters nothing leaves no trace: connected, pulled out, switched and bypassed") {
    Insert rig;
    const auto x = noise(2, 24000, -6);
    const auto back = delayed(x, kLatency);
    Planar y = silence(2, 0);
    for (int part = 0; part < 4; ++part) {
        loop(rig).link(part % 2 == 0);
        const auto first = static_cast<std::size_t>(part) * 6000;
        const auto now = static_cast<std::int64_t>(first);
        const auto piece = rig.run(from(x, first, 6000), 64, {{now + 3000, "on", 0.0F}, {now + 4500, "on", 1.0F}, {now + 5000, "bypass", part % 2 == 0 ? 1.0F : 0.0F}}, from(back, first, 6000));
        for (std::size_t c = 0; c < 2; ++c) y[c].insert(y[c].end(), piece[c].begin(), piece[c].end());
    }
    CHECK(y == back);
}

TEST_CASE("insert: on and off go over in 20 ms without a step") {
    Insert rig(1);
    loop(rig).link(true);
    const Planar one{std::vector<float>(12000, 0.5F)}, nothing = silence(1, 12000);
    const auto y = rig.run(one, 64, {{6000, "on", 0.0F}}, nothing)[0];
    CHECK(y[5999] == 0.0F);
    CHECK(y[6000 + 960] == 0.5F);
    float step = 0;
    for (std::size_t i = 6000; i < 12000; ++i) {
        step = std::max(step, std::abs(y[i] - y[i - 1]));
        CHECK(y[i] >= y[i - 1]);
    }
    CHECK(step < 0.5F * 3.0F / 960.0F); // at most twice the mean slope
}

TEST_CASE("insert: a ping goes out alone and comes home, while the dry signal is heard") {
    const std::vector<float> signal{0.5F, -0.25F, 0.125F};
    constexpr int kListen = 2000;
    constexpr std::size_t kBegin = kFade + kQuiet; // the test signal's first frame, from the ping on
    Insert rig;
    loop(rig).link(true);
    const auto x = noise(2, 12000, -6), back = noise(2, 12000, -6, 5);
    rig.run(from(x, 0, 4000), 64, {}, from(back, 0, 4000));
    REQUIRE(loop(rig).ping(signal, kListen));
    CHECK(!loop(rig).ping(signal, kListen));
    const auto y = rig.run(from(x, 4000, 8000), 64, {}, from(back, 4000, 8000));
    // What is sent: the strip's own fades to silence, the signal stands alone, then the strip's own is back.
    CHECK(rig.taps[0][0] == x[0][4000]);
    for (std::size_t i = kFade; i < kBegin + kListen; ++i) {
        const std::size_t n = i - kBegin;
        CHECK(rig.taps[1][i] == (i >= kBegin && n < signal.size() ? signal[n] : 0.0F));
    }
    CHECK(from(rig.taps, kBegin + kListen + kFade, 500) == from(x, 4000 + kBegin + kListen + kFade, 500));
    // What is heard: the dry signal from the fade's end until what was sent last can have come back.
    const auto dry = delayed(x, kLatency);
    CHECK(from(y, kFade, kBegin + kListen) == from(dry, 4000 + kFade, kBegin + kListen));
    CHECK(from(y, 7900, 100) == from(back, 11900, 100));
    const auto heard = loop(rig).take_ping();
    REQUIRE(heard);
    CHECK(*heard == from(back, 4000 + kBegin, kListen));
    CHECK(!loop(rig).take_ping());
    CHECK(loop(rig).ping(signal, kListen));
}

TEST_CASE("insert: after a NaN the dry signal begins anew, without what was before it") {
    Insert rig(1);
    const auto x = noise(1, 4000, -6);
    rig.run(x, 64, {}, silence(1, 4000));
    rig.stage().processor()->silence();
    const auto y = rig.run(x, 64, {}, silence(1, 4000));
    CHECK(y == delayed(x, kLatency));
}
