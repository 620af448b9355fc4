// SPDX-License-Identifier: GPL-3.0-or-later
// Two strips linked: moved as one, compressed and limited by the louder of both.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
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

Planes mono_noise(int frames, float level, unsigned seed) {
    std::mt19937 random(seed);
    Planes plane(1, std::vector<float>(static_cast<std::size_t>(frames)));
    for (auto& x : plane[0]) x = level * static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000.0F;
    return plane;
}

Planes signs(int frames, float level, unsigned seed) {
    auto plane = mono_noise(frames, 1, seed);
    for (auto& x : plane[0]) x = std::copysign(level, x);
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
    desk.play(64, {{"l", mono_noise(64, 0, 1)}, {"r", mono_noise(64, 0, 1)}});
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
    // Powers of two, so that no product is rounded and what comes out tells the gain to the bit. The soft one is below the threshold.
    const auto loud = signs(kFrames, 0.5F, 1), soft = signs(kFrames, 1.0F / 256, 2);
    const auto both = desk.play(kFrames, {{"l", loud}, {"r", soft}}), each = alone.play(kFrames, {{"l", loud}, {"r", soft}});
    CHECK(both.at("l") == each.at("l")); // the loud one is led by itself
    int unequal = 0;
    for (std::size_t i = 2000; i < kFrames; ++i) unequal += both.at("l")[0][i] / loud[0][i] == both.at("r")[1][i] / soft[0][i] ? 0 : 1;
    CHECK(unequal == 0);
    double linked = 0, free = 0;
    for (std::size_t i = 2000; i < kFrames; ++i) linked += std::pow(static_cast<double>(both.at("r")[1][i]), 2), free += std::pow(static_cast<double>(each.at("r")[1][i]), 2);
    CHECK(free > 10 * linked); // alone it is not compressed
}

TEST_CASE("linked dynamics give a stereo strip's bits: its channels, its detectors, its one gain") {
    constexpr int kFrames = 24000;
    const auto chain = [](const std::string& type, const std::string& settings) { return fmt::format(R"("chain": [ {{ "{}": {{ {} }} }} ])", type, settings); };
    const auto quick = mono_noise(kFrames, 0.9F, 3), slow = mono_noise(kFrames, 0.02F, 4);
    auto left = slow, right = slow; // now the one is loud, now the other, now neither
    for (std::size_t i = 0; i < kFrames; ++i) {
        if (i / 3000 % 4 == 1) left[0][i] = quick[0][i];
        if (i / 3000 % 4 == 2) right[0][i] = quick[0][kFrames - 1 - i];
    }
    for (const auto& [type, settings] : std::vector<std::pair<std::string, std::string>>{
             {"compressor", R"("threshold": -40, "ratio": 4)"},
             {"compressor", R"("threshold": -40, "detector": "rms", "lookahead": 2, "sidechain_highpass": 200, "auto_makeup": true)"},
             {"gate", R"("threshold": -20, "range": 40)"},
             {"ducker", R"("threshold": -30, "depth": -12)"},
             {"limiter", R"("ceiling": -12, "gain": 6)"},
             {"limiter", R"("ceiling": -12, "mode": "sample_peak", "lookahead": 5)"}}) {
        CAPTURE(type);
        CAPTURE(settings);
        TestDesk pair(fmt::format(R"({{ "version": 1, "strips": {{ "l": {{ "channels": 1, "link": "r", {0} }}, "r": {{ "channels": 1, {0} }} }} }})", chain(type, settings)),
                      {.lane_width = 0, .inputs = {{"l", 1}, {"r", 1}}, .outputs = {"l", "r"}});
        TestDesk stereo(fmt::format(R"({{ "version": 1, "strips": {{ "s": {{ "channels": 2, {} }} }} }})", chain(type, settings)), {.lane_width = 0, .inputs = {{"s", 2}}, .outputs = {"s"}});
        CHECK(pair.latency("l") == stereo.latency("s"));
        const auto both = pair.play(kFrames, {{"l", left}, {"r", right}}), one = stereo.play(kFrames, {{"s", {left[0], right[0]}}});
        CHECK(both.at("l")[0] == one.at("s")[0]);
        CHECK(both.at("r")[0] == one.at("s")[1]);
        CHECK(one.at("s")[1] != right[0]);
    }
}

TEST_CASE("a link that makes two limiters one never lets a sample over their ceiling") {
    const auto config = [](const std::string& link) {
        return R"({ "version": 1, "strips": { "l": { "channels": 1, )" + link + R"("chain": [ { "limiter": { "ceiling": -12 } } ] }, "r": { "channels": 1, "chain": [ { "limiter": { "ceiling": -12 } } ] } } })";
    };
    TestDesk desk(config(""), {.lane_width = 0, .inputs = {{"l", 1}, {"r", 1}}, .outputs = {"l", "r"}});
    const float ceiling = static_cast<float>(std::pow(10.0, -12.0 / 20));
    for (const auto* link : {"", R"("link": "r", )", ""}) {
        desk.reload(config(link));
        const auto out = desk.play(4800, {{"l", mono_noise(4800, 1, 1)}, {"r", mono_noise(4800, 0.5F, 2)}});
        for (const auto* strip : {"l", "r"})
            CHECK(std::ranges::all_of(out.at(strip)[0], [&](float x) { return std::abs(x) <= ceiling; }));
    }
}

TEST_CASE("wide strips are linked, too: one gain for all channels of both, as far as a section can hear") {
    const auto config = [](int channels) {
        return fmt::format(R"({{ "version": 1, "strips": {{ "l": {{ "channels": {0}, "link": "r", "chain": [ {{ "gate": {{ "threshold": -20 }} }} ] }}, "r": {{ "channels": {0}, "chain": [ {{ "gate": {{ "threshold": -20 }} }} ] }} }} }})", channels);
    };
    for (const int channels : {6, 32}) {
        TestDesk desk(config(channels), {.lane_width = 0, .inputs = {{"l", channels}, {"r", channels}}, .outputs = {"l", "r"}});
        Planes loud(static_cast<std::size_t>(channels), std::vector<float>(9600, 0.01F)), soft = loud;
        loud.back().assign(9600, 0.5F);
        const auto out = desk.play(9600, {{"l", loud}, {"r", soft}});
        CHECK(out.at("r")[0].back() == doctest::Approx(0.01F).epsilon(1e-3)); // held open by the other's last channel
        CHECK(desk.play(9600 * 4, {{"l", Planes(loud.size(), std::vector<float>(9600 * 4))}, {"r", Planes(loud.size(), std::vector<float>(9600 * 4, 0.01F))}}).at("r")[0].back() < 0.001F);
    }
    CHECK_THROWS_WITH_AS(TestDesk(config(33), {.lane_width = 0, .inputs = {{"l", 33}, {"r", 33}}, .outputs = {"l", "r"}}),
                         doctest::Contains("gate hears 66 channels beside its own, expected at most 64"), std::exception);
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
