// SPDX-License-Identifier: GPL-3.0-or-later
// Two mono strips linked: moved as one, compressed by the louder of both.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace ton::test;

namespace {

std::string desk_of(const std::string& link) {
    return R"({ "version": 1, "strips": {
      "l": { "channels": 1, )" + link + R"("chain": [ { "compressor": { "threshold": -30, "ratio": 4 } }, { "gain": {} }, { "gate": { "threshold": -50 } }, { "fader": { "level": -6 } },
                                         { "pan": { "position": -0.5 } }, { "delay": {} } ], "to": "mix" },
      "r": { "channels": 1, "chain": [ { "compressor": { "threshold": -20, "ratio": 4 } }, { "gain": {} }, { "gate": { "threshold": -50 } }, { "fader": { "level": 0 } }, { "pan": { "position": 1 } }, { "delay": {} } ], "to": "mix" },
      "mix": { "channels": 2, "chain": [] } } })";
}

const TestDesk::Options kOptions{.lane_width = 0, .inputs = {{"l", 1}, {"r", 1}}, .outputs = {"l", "r", "mix"}};

Planes noise(int frames, float level, unsigned seed) {
    std::mt19937 random(seed);
    Planes plane(1, std::vector<float>(static_cast<std::size_t>(frames)));
    for (auto& x : plane[0]) x = level * static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000.0F;
    return plane;
}

double get(TestDesk& desk, const std::string& address) {
    const auto* control = desk.console().find(address);
    REQUIRE_MESSAGE(control, address);
    return desk.console().get(*control).number();
}

} // namespace

TEST_CASE("linked strips are moved as one, panned to opposite sides; trims and delays stay their own") {
    TestDesk desk(desk_of(R"("link": "r", )"), kOptions);
    CHECK(get(desk, "/r/fader/level") == -6.0); // the left's
    CHECK(get(desk, "/r/compressor/threshold") == -30.0);
    CHECK(get(desk, "/r/pan/position") == 0.5);
    int told = 0;
    desk.console().on_change = [&](const auto& control, const auto&) { told += control.address == "/l/fader/level" || control.address == "/r/fader/level" ? 1 : 0; };
    desk.set("/r/fader/level", -10);
    CHECK(told == 2);
    desk.set("/l/pan/position", 0.25);
    desk.set("/l/mute", 1);
    desk.set("/r/solo", 1);
    desk.set("/l/compressor/lookahead", 3);
    desk.set("/l/gain/level", 5);
    desk.set("/r/delay/time", 7);
    desk.play(64, {{"l", noise(64, 0, 1)}, {"r", noise(64, 0, 1)}});
    CHECK(get(desk, "/l/fader/level") == -10.0);
    CHECK(get(desk, "/r/pan/position") == -0.25);
    CHECK(get(desk, "/r/mute") == 1.0);
    CHECK(get(desk, "/l/solo") == 1.0);
    CHECK(get(desk, "/r/compressor/lookahead") == 3.0);
    CHECK(get(desk, "/r/gain/level") == 0.0);
    CHECK(get(desk, "/l/delay/time") == 0.0);
    CHECK(desk.latency("l") == desk.latency("r"));
}

TEST_CASE("linked dynamics have one gain: that of the louder of both") {
    constexpr int kFrames = 24000;
    TestDesk desk(desk_of(R"("link": "r", )"), kOptions), alone(desk_of(""), kOptions);
    for (auto* d : {&desk, &alone}) {
        d->set("/l/pan/position", -1);
        d->set("/r/pan/position", 1);
        d->set("/r/fader/level", -6);
        d->set("/r/compressor/threshold", -30);
    }
    const auto loud = noise(kFrames, 0.5F, 1), soft = noise(kFrames, 0.004F, 2); // the soft one is below the threshold
    const auto both = desk.play(kFrames, {{"l", loud}, {"r", soft}}), each = alone.play(kFrames, {{"l", loud}, {"r", soft}});
    CHECK(both.at("l") == each.at("l")); // the loud one is led by itself
    double worst = 0;
    for (std::size_t i = 2000; i < kFrames; ++i) {
        const double l = static_cast<double>(loud[0][i]), r = static_cast<double>(soft[0][i]);
        if (std::abs(l) < 0.05 || std::abs(r) < 0.0004) continue;
        worst = std::max(worst, std::abs(20 * std::log10(static_cast<double>(both.at("l")[0][i]) / l / (static_cast<double>(both.at("r")[1][i]) / r))));
    }
    CHECK(worst < 2e-6); // dB: a gain is equal to the bit, its products are rounded
    double linked = 0, free = 0;
    for (std::size_t i = 2000; i < kFrames; ++i) linked += std::pow(static_cast<double>(both.at("r")[1][i]), 2), free += std::pow(static_cast<double>(each.at("r")[1][i]), 2);
    CHECK(free > 10 * linked); // alone it is not compressed
}

TEST_CASE("a link is made and released while it plays, at any block size, without a step") {
    const auto run = [](int block) {
        TestDesk desk(desk_of(""), kOptions);
        const Planes ones(1, std::vector<float>(4410, 0.25F));
        std::vector<float> all;
        const auto play = [&] {
            const auto out = desk.play(4410, {{"l", ones}, {"r", ones}}, block);
            all.insert(all.end(), out.at("mix")[1].begin(), out.at("mix")[1].end());
        };
        play();
        play();
        desk.set("/r/fader/level", -20);
        play();
        desk.reload(desk_of(R"("link": "r", )"));
        play();
        CHECK(get(desk, "/r/fader/level") == -6.0);
        desk.reload(desk_of(""));
        play();
        desk.set("/l/fader/level", 0);
        play();
        CHECK(get(desk, "/r/fader/level") == -6.0); // as it was heard
        return all;
    };
    const auto reference = run(64);
    for (std::size_t i = 2000; i < reference.size(); ++i) REQUIRE(std::abs(reference[i] - reference[i - 1]) < 0.002F); // 10 ms of 0.25: 0.0008 a sample
    for (const int block : {1, 7, 441}) CHECK(run(block) == reference);
}
