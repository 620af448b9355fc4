// SPDX-License-Identifier: GPL-3.0-or-later
// Side-chains from any module of any strip ("host/eq"), on whole desks.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace ton::test;

namespace {

Planes part(const Planes& x, int from, int to) {
    Planes cut;
    for (const auto& plane : x) cut.emplace_back(plane.begin() + from, plane.begin() + to);
    return cut;
}

void append(Planes& to, const Planes& more) {
    to.resize(more.size());
    for (std::size_t c = 0; c < more.size(); ++c) to[c].insert(to[c].end(), more[c].begin(), more[c].end());
}

/// A gate opened by `point` of a strip whose gain is 40 dB before its second
/// module and 0 dB behind it.
std::string gated_by(const std::string& point) {
    return fmt::format(R"({{ "version": 1, "strips": {{
        "key": {{ "channels": 1, "chain": [ {{ "polarity": {{}} }}, {{ "gain": {{ "level": 24 }}, "as": "boost" }}, {{ "gain": {{ "level": -24 }}, "as": "cut" }} ], "to": "mix" }},
        "other": {{ "channels": 1, "chain": [ {{ "polarity": {{}} }}, {{ "gain": {{}}, "as": "boost" }}, {{ "gain": {{}}, "as": "cut" }} ], "to": "mix" }},
        "music": {{ "channels": 1, "chain": [ {{ "gate": {{ {} "threshold": -10, "range": 100, "attack": 5 }} }} ], "to": "mix" }},
        "mix": {{ "channels": 1, "chain": [] }} }} }})",
                       point.empty() ? "" : fmt::format(R"("sidechain": "{}",)", point));
}

const TestDesk::Options kGated{.lane_width = 0, .inputs = {{"key", 1}, {"other", 1}, {"music", 1}}, .outputs = {"music", "mix", "key"}};

} // namespace

TEST_CASE("a side-chain hears a strip behind the module it names, in time") {
    // The key is at -20 dBFS: only behind the boost of 24 dB is it above the gate's threshold of -10 dBFS.
    Planes key(1, std::vector<float>(4800, 0.1F)), music(1, std::vector<float>(4800, 0.25F));
    const auto last = [&](const std::string& point) {
        TestDesk desk(gated_by(point), kGated);
        return desk.play(4800, {{"key", key}, {"music", music}}).at("music").at(0).back();
    };
    CHECK(last("key/boost") == doctest::Approx(0.25F).epsilon(1e-4));
    CHECK(last("key/polarity") < 0.002F);
    CHECK(last("key/cut") < 0.002F);
    CHECK(last("key/mute") < 0.002F);
    CHECK(last("key") < 0.002F);
    CHECK(last("") < 0.002F);
}

TEST_CASE("what lies behind the point does not delay it, what lies before it does") {
    // 10 ms of look-ahead before the point and 5 ms behind it: the ducked strip waits for the first only.
    TestDesk desk(R"({ "version": 1, "strips": {
        "key": { "channels": 1, "chain": [ { "compressor": { "ratio": 1, "lookahead": 10 } }, { "gain": {} }, { "compressor": { "ratio": 1, "lookahead": 5 }, "as": "late" } ] },
        "music": { "channels": 1, "chain": [ { "compressor": { "sidechain": "key/gain", "threshold": -40, "ratio": 20, "attack": 0.1, "release": 50 } } ] } } })",
                  {.lane_width = 0, .inputs = {{"key", 1}, {"music", 1}}, .outputs = {"music"}});
    CHECK(desk.latency("key") == 720);
    CHECK(desk.latency("music") == 480);
    Planes key(1, std::vector<float>(9600, 0.0F)), music(1, std::vector<float>(9600, 0.25F));
    for (std::size_t i = 4800; i < 9600; ++i) key[0][i] = 0.5F;
    const auto out = desk.play(9600, {{"key", key}, {"music", music}}).at("music").at(0);
    CHECK(out[4800 + 479] == 0.25F);
    CHECK(out[4800 + 480 + 96] < 0.15F);
}

TEST_CASE("a module may hear an earlier point of its own strip") {
    TestDesk desk(R"({ "version": 1, "strips": { "voice": { "channels": 1, "chain": [
        { "gain": { "level": 20 } }, { "gain": { "level": -20 }, "as": "back" }, { "gate": { "sidechain": "voice/gain", "threshold": -10, "range": 100 } } ] } } })",
                  {.lane_width = 0, .inputs = {{"voice", 1}}, .outputs = {"voice"}});
    CHECK(desk.play(4800, {{"voice", Planes(1, std::vector<float>(4800, 0.1F))}}).at("voice").at(0).back() == doctest::Approx(0.1F).epsilon(1e-3));
}

TEST_CASE("points: the same bits at every block size and lane width") {
    const auto a = noise(1, 9000, 1), b = noise(1, 9000, 2), c = noise(1, 9000, 3);
    const auto run = [&](int block, int lanes) {
        auto options = kGated;
        options.lane_width = lanes;
        TestDesk desk(gated_by("key/boost"), options);
        desk.set("/music/gate/threshold", -20);
        return desk.play(9000, {{"key", a}, {"other", b}, {"music", c}}, block).at("mix");
    };
    const auto reference = run(64, 0);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(run(block, 0) == reference);
    for (const int lanes : {1, 4, 8, 16}) CHECK(run(64, lanes) == reference);
}

TEST_CASE("a strip that is listened to from now on keeps its bits, and the listener fades") {
    const auto a = noise(1, 24000, 1), b = noise(1, 24000, 2);
    Planes steady(1, std::vector<float>(24000, 0.25F));
    const auto run = [&](const std::vector<std::string>& points) {
        TestDesk desk(gated_by("other/boost"), kGated);
        std::map<std::string, Planes> all;
        const auto play = [&](int from, int to) {
            const auto out = desk.play(to - from, {{"key", part(a, from, to)}, {"other", part(b, from, to)}, {"music", part(steady, from, to)}});
            for (const auto& [name, planes] : out) append(all[name], planes);
        };
        play(0, 6000);
        int at = 6000;
        for (const auto& point : points) {
            desk.reload(gated_by(point));
            play(at, at + 6000);
            at += 6000;
        }
        play(at, 24000);
        return all;
    };
    const auto still = run({}), edited = run({"key/boost", "key/cut"});
    CHECK(edited.at("key") == still.at("key"));
    CHECK(edited.at("music") != still.at("music"));
    // The gain is 2^-y. Opening, y falls towards 0 with 5 ms: nowhere steeper than 1/(240 e) a sample. Closing, y rises
    // towards 100 dB with 150 ms: at first ln 2 * 16.61 / 7200 a sample.
    const double opening = 1 / (240 * std::exp(1.0)), closing = std::log(2.0) * 100 / 6.0206 / 7200;
    double steepest = 0;
    const auto& music = edited.at("music").at(0);
    for (std::size_t i = 1; i < music.size(); ++i) steepest = std::max(steepest, std::abs(static_cast<double>(music[i]) - static_cast<double>(music[i - 1])));
    CHECK(steepest < 1.001 * 0.25 * std::max(opening, closing));
}

TEST_CASE("sources are heard in time with each other and at the strip's width, without any `to`") {
    // Two decks with the same signal, one 10 ms late: at 0 dB and -1 times the sum is exactly nothing.
    TestDesk desk(R"({ "version": 1, "strips": {
        "deck1": { "channels": 1, "chain": [ { "gain": {} } ] },
        "deck2": { "channels": 1, "chain": [ { "polarity": { "invert": true } }, { "compressor": { "ratio": 1, "lookahead": 10 } } ] },
        "mix": { "channels": 1, "chain": [ { "crossfader": { "a": "deck1/gain", "b": "deck2", "law": "cut" } } ] },
        "wide": { "channels": 2, "chain": [ { "ab": { "a": "deck1", "match": false } } ] } } })",
                  {.lane_width = 0, .inputs = {{"deck1", 1}, {"deck2", 1}}, .outputs = {"mix", "wide"}});
    CHECK(desk.latency("mix") == 480);
    CHECK(desk.latency("wide") == 0);
    const auto x = noise(1, 4800, 3);
    const auto out = desk.play(4800, {{"deck1", x}, {"deck2", x}}, 441);
    CHECK(out.at("mix").at(0) == std::vector<float>(4800, 0.0F));
    for (std::size_t i = 0; i < 4800; ++i) // mono into stereo: panned to the centre, -3 dB
        CHECK(out.at("wide").at(1)[i] == doctest::Approx(x[0][i] * std::sqrt(0.5)).epsilon(1e-6));
}

TEST_CASE("another source fades in while the other side plays on") {
    const auto config = [](const std::string& b) {
        return fmt::format(R"({{ "version": 1, "strips": {{ "one": {{ "channels": 1 }}, "two": {{ "channels": 1 }}, "three": {{ "channels": 1 }},
            "mix": {{ "channels": 1, "chain": [ {{ "crossfader": {{ "a": "one", "b": "{}", "law": "cut" }} }} ] }} }} }})", b);
    };
    TestDesk desk(config("two"), {.lane_width = 0, .inputs = {{"one", 1}, {"two", 1}, {"three", 1}}, .outputs = {"mix"}});
    const auto constant = [](float level) { return Planes(1, std::vector<float>(4800, level)); };
    const auto play = [&] { return desk.play(4800, {{"one", constant(0.5F)}, {"two", constant(0.25F)}, {"three", constant(-0.25F)}}).at("mix").at(0); };
    CHECK(play().back() == 0.75F);
    desk.reload(config("three"));
    const auto y = play();
    CHECK(y.back() == 0.25F);
    // 10 ms out and 10 ms in: 480 samples each along t^2 (3 - 2t), whose steepest slope is 1.5 / 480.
    for (std::size_t i = 1; i < y.size(); ++i) CHECK(std::abs(y[i] - y[i - 1]) <= 0.25F * 1.5F / 480 * 1.001F);
}
