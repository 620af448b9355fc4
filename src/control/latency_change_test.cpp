// SPDX-License-Identifier: GPL-3.0-or-later
// When one strip's latency changes, what plays beside it crosses over to its new delay, without a dip and without touching
// anything else.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {

constexpr int kFade = 480;  // 10 ms
constexpr double kTone = 50; // Hz

/// Beside "late", whose look-ahead the tests change, two strips feed the mix; one as a wire, one from mono into stereo.
std::string desk_of(double lookahead, int channels = 1) {
    return fmt::format(R"({{ "version": 1, "strips": {{
        "late": {{ "channels": 1, "chain": [ {{ "compressor": {{ "ratio": 1, "lookahead": {} }} }} ], "to": "mix" }},
        "b": {{ "channels": {}, "chain": [ {{ "gain": {{ "level": 0 }} }} ], "to": "mix" }},
        "c": {{ "channels": 1, "to": "mix" }},
        "mix": {{ "channels": {} }} }} }})", lookahead, channels, channels);
}

Planes tone(int frames) {
    Planes planes(1);
    for (int i = 0; i < frames; ++i) planes[0].push_back(static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * kTone * i / 48000)));
    return planes;
}

double smooth(double t) {
    t = std::clamp(t, 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

struct Run {
    TestDesk desk;
    std::map<std::string, Planes> input, all;
    int at = 0;

    explicit Run(double lookahead) : desk(desk_of(lookahead), {.lane_width = 0, .inputs = {{"late", 1}, {"b", 1}, {"c", 1}}, .outputs = {"b", "c", "mix"}}) {
        input = {{"b", tone(96000)}, {"c", tone(96000)}, {"late", Planes(1, std::vector<float>(96000, 0.0F))}};
    }
    void play(int frames, int block = 64) {
        std::map<std::string, Planes> part;
        for (const auto& [strip, planes] : input) part[strip] = {{planes[0].begin() + at, planes[0].begin() + at + frames}};
        for (auto& [strip, planes] : desk.play(frames, part, block)) {
            auto& mine = all[strip];
            mine.resize(planes.size());
            for (std::size_t c = 0; c < planes.size(); ++c) mine[c].insert(mine[c].end(), planes[c].begin(), planes[c].end());
        }
        at += frames;
    }
    float sample(const char* strip, int i) const { return i < 0 ? 0.0F : input.at(strip)[0][static_cast<std::size_t>(i)]; }
};

} // namespace

TEST_CASE("a strip's new latency moves its neighbours by a crossfade, to the closed form") {
    for (const auto& [from, to] : {std::pair{0, 5}, {5, 0}, {2, 9}, {9, 2}}) {
        CAPTURE(from);
        CAPTURE(to);
        Run plain(from), edited(from);
        plain.play(4800);
        edited.play(4800);
        edited.desk.set("/late/compressor/lookahead", to);
        plain.play(9600);
        edited.play(9600);
        for (const auto* strip : {"b", "c"}) CHECK(plain.all.at(strip) == edited.all.at(strip)); // to the bit
        const int d1 = from * 48, d2 = to * 48;
        // The strip itself fades for 10 ms in the old plan; then the neighbours' new delay lines fill, and then they cross.
        const int begin = 4800 + kFade + d2;
        double worst = 0;
        for (int i = 4800; i < 14400; ++i) {
            const double x = smooth(static_cast<double>(i - begin) / kFade);
            const double old = 2.0 * static_cast<double>(edited.sample("b", i - d1)), now = 2.0 * static_cast<double>(edited.sample("b", i - d2));
            worst = std::max(worst, std::abs(old + x * (now - old) - static_cast<double>(edited.all.at("mix")[0][static_cast<std::size_t>(i)])));
        }
        CHECK(worst < 1e-6);
    }
}

TEST_CASE("a strip's new latency makes no dip: what is constant beside it stays constant, to the bit") {
    for (const int channels : {1, 2}) {
        TestDesk desk(desk_of(0, channels), {.lane_width = 0, .inputs = {{"late", 1}, {"b", channels}, {"c", 1}}, .outputs = {"mix"}});
        const std::map<std::string, Planes> input{{"late", Planes(1, std::vector<float>(9600, 0.0F))}, {"c", Planes(1, std::vector<float>(9600, 0.25F))},
                                                  {"b", Planes(static_cast<std::size_t>(channels), std::vector<float>(9600, 0.5F))}};
        const auto level = desk.play(4800, input).at("mix")[0].back();
        for (const int lookahead : {10, 2, 0}) {
            desk.set("/late/compressor/lookahead", lookahead);
            const auto out = desk.play(9600, input).at("mix");
            for (const auto& plane : out)
                for (const float x : plane) REQUIRE(x == level);
        }
    }
}

TEST_CASE("latencies that change again while the neighbours still cross leave no step") {
    // Four edits, each as soon as the console takes it: the neighbours' crossfades lie one upon the other.
    Run run(0);
    run.play(4800);
    for (const int lookahead : {10, 3, 8, 1, 6, 0, 10}) {
        run.desk.set("/late/compressor/lookahead", lookahead);
        run.play(640, 32);
    }
    run.play(9600);
    // Slopes: the tone's own, twice 0.5 * 2 pi 50 / 48000 = 0.0066, and of a crossfade 1.5 / 480 times the difference of two
    // tones, at most 2, = 0.0063; five lie upon each other at most, but each weighs only what the one above leaves.
    const auto& mix = run.all.at("mix")[0];
    float step = 0;
    for (std::size_t i = 1; i < mix.size(); ++i) step = std::max(step, std::abs(mix[i] - mix[i - 1]));
    CHECK(step < 0.0066F + 0.0063F);
    // And in the end it is the tone, 10 ms late, on the bit.
    for (int i = run.at - 2000; i < run.at; ++i)
        REQUIRE(mix[static_cast<std::size_t>(i)] == run.sample("b", i - 480) + run.sample("c", i - 480));
}

TEST_CASE("the crossfade of delays does not depend on the block size") {
    const auto mix = [](int block) {
        Run run(0);
        run.play(1000, block);
        run.desk.set("/late/compressor/lookahead", 7);
        run.play(5000, block);
        return run.all.at("mix");
    };
    const auto reference = mix(64);
    for (const int block : {1, 7, 441, 1000}) CHECK(mix(block) == reference);
}
