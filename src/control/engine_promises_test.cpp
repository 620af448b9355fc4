// SPDX-License-Identifier: GPL-3.0-or-later
// Design section 8: the promises of the engine, on whole desks.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <random>

using namespace ton::test;

namespace {

/// Noise of small whole numbers, so that sums of a few are exact in any order and a null test is exact.
Planes whole_noise(int channels, int frames, unsigned seed) {
    std::mt19937 random(seed);
    Planes planes(static_cast<std::size_t>(channels), std::vector<float>(static_cast<std::size_t>(frames)));
    for (auto& plane : planes)
        for (auto& x : plane) x = static_cast<float>(static_cast<int>(random() % 256) - 128) / 1024.0F;
    return planes;
}

/// A chain whose only effect is latency: a compressor that never compresses, looking ahead.
std::string delaying(std::mt19937& random) {
    if (random() % 2) return "";
    return fmt::format(R"({{ "compressor": {{ "ratio": 1, "lookahead": {} }} }})", static_cast<int>(random() % 10) + 1);
}

/// A random desk: each strip is fed by some of those before it, by `to` or by a send at 0 dB; all end in "out".
/// `paths` counts in how many ways the source reaches each strip.
std::string random_desk(std::mt19937& random, std::vector<double>& paths) {
    const int count = 3 + static_cast<int>(random() % 8);
    std::vector<std::vector<int>> to(static_cast<std::size_t>(count)), sends(static_cast<std::size_t>(count));
    paths.assign(static_cast<std::size_t>(count), 0);
    paths[0] = 1;
    for (int s = 1; s < count; ++s)
        for (int f = 0; f < s; ++f) {
            const bool last = f == s - 1 && to[static_cast<std::size_t>(f)].empty() && sends[static_cast<std::size_t>(f)].empty();
            if (random() % 3 != 0 && !last) continue;
            (random() % 3 == 0 ? sends : to)[static_cast<std::size_t>(f)].push_back(s);
            paths[static_cast<std::size_t>(s)] += paths[static_cast<std::size_t>(f)];
        }
    std::string text = R"({ "version": 1, "strips": {)";
    for (int s = 0; s < count; ++s) {
        const auto at = static_cast<std::size_t>(s);
        std::vector<std::string> chain;
        if (auto first = delaying(random); !first.empty()) chain.push_back(first);
        for (const int t : sends[at]) chain.push_back(fmt::format(R"({{ "send": {{ "to": "s{0}", "level": 0 }}, "as": "to{0}" }})", t));
        if (sends[at].size() == 1)
            if (auto second = delaying(random); !second.empty()) chain.push_back(second.insert(second.size() - 1, R"(, "as": "late")"));
        std::string targets;
        for (const int t : to[at]) targets += fmt::format(R"({}"s{}")", targets.empty() ? "" : ", ", t);
        text += fmt::format(R"({}"s{}": {{ "channels": 1, "to": [{}], "chain": [{}] }})", s ? "," : "", s, targets, ton::config::join(std::vector<std::string_view>(chain.begin(), chain.end()), ","));
    }
    return text + "} }";
}

const std::string kDesk = R"({ "version": 1, "strips": {
    "a": { "channels": 1, "chain": [ { "highpass": { "frequency": 90 } }, { "compressor": { "threshold": -30, "ratio": 4, "lookahead": 3 } },
                                     { "send": { "to": "fx", "level": -6 } }, { "fader": { "level": -3 } }, { "pan": { "position": -0.4 } } ], "to": "mix" },
    "b": { "channels": 1, "chain": [ { "highpass": { "frequency": 200 } }, { "fader": { "level": -9 } }, { "pan": { "position": 0.7 } } ], "to": "mix" },
    "fx": { "channels": 2, "chain": [ { "lowpass": { "frequency": 3000 } } ], "to": "mix" },
    "mix": { "channels": 2, "chain": [ { "fader": {} } ], "output": [] } } })";

} // namespace

TEST_CASE("GRF-1: a thousand random graphs arrive together, to the bit") {
    std::mt19937 random(1);
    const auto source = whole_noise(1, 3000, 5);
    for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        std::vector<double> paths;
        const auto json = random_desk(random, paths);
        CAPTURE(json);
        const auto last = fmt::format("s{}", paths.size() - 1);
        TestDesk desk(json, {.lane_width = 0, .inputs = {{"s0", 1}}, .outputs = {last}});
        const auto out = desk.play(3000, {{"s0", source}}, 441).at(last).at(0);
        const auto latency = static_cast<std::size_t>(desk.latency(last));
        bool exact = true;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float expected = i < latency ? 0.0F : static_cast<float>(paths.back() * static_cast<double>(source[0][i - latency]));
            exact = exact && out[i] == expected;
        }
        REQUIRE(exact);
    }
}

TEST_CASE("a side-chain is in time with what it steers: the louder path is ducked on its own sample") {
    // The key signal passes 10 ms of look-ahead; the ducked strip must wait for it.
    TestDesk desk(R"({ "version": 1, "strips": {
        "key": { "channels": 1, "chain": [ { "compressor": { "ratio": 1, "lookahead": 10 } } ] },
        "music": { "channels": 1, "chain": [ { "compressor": { "sidechain": "key", "threshold": -40, "ratio": 20, "attack": 0.1, "release": 50 } } ] } } })",
                  {.lane_width = 0, .inputs = {{"key", 1}, {"music", 1}}, .outputs = {"music"}});
    CHECK(desk.latency("music") == 480);
    Planes key(1, std::vector<float>(9600, 0.0F)), music(1, std::vector<float>(9600, 0.25F));
    for (std::size_t i = 4800; i < 9600; ++i) key[0][i] = 0.5F;
    const auto out = desk.play(9600, {{"key", key}, {"music", music}}).at("music").at(0);
    CHECK(out[4800 + 479] == 0.25F);      // not a sample too early
    CHECK(out[4800 + 480 + 96] < 0.15F); // 2 ms later well down
}

TEST_CASE("the output does not depend on the block size or on the lanes, to the bit") {
    const auto a = whole_noise(1, 12000, 1), b = whole_noise(1, 12000, 2);
    const auto run = [&](int block, int lanes) {
        TestDesk desk(kDesk, {.lane_width = lanes, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {}});
        auto first = desk.play(4000, {{"a", a}, {"b", b}}, block).at("mix");
        desk.set("/a/highpass/frequency", 700);
        desk.set("/a/compressor/threshold", -12);
        desk.set("/b/pan/position", -1);
        desk.set("/b/mute", 1);
        const auto rest = [&](const Planes& x) { return Planes{{x[0].begin() + 4000, x[0].end()}}; };
        const auto second = desk.play(8000, {{"a", rest(a)}, {"b", rest(b)}}, block).at("mix");
        for (std::size_t c = 0; c < 2; ++c) first[c].insert(first[c].end(), second[c].begin(), second[c].end());
        return first;
    };
    const auto reference = run(64, 0);
    for (const int block : {1, 7, 64, 441, 1000, 8192}) CHECK(run(block, 0) == reference);
    for (const int lanes : {1, 4, 8, 16}) CHECK(run(64, lanes) == reference);
}

TEST_CASE("a reload leaves what it does not touch alone, to the bit, and fades what comes and goes") {
    const auto a = whole_noise(1, 24000, 1), b = whole_noise(1, 24000, 2);
    const auto part = [](const Planes& x, int from, int to) { return Planes{{x[0].begin() + from, x[0].begin() + to}}; };
    const auto with_c = std::string(kDesk).insert(kDesk.find(R"("fx":)"), R"("c": { "channels": 1, "chain": [ { "highpass": { "frequency": 200 } }, { "fader": { "level": -9 } }, { "pan": { "position": 0.7 } } ], "to": "mix" }, )");
    const auto run = [&](bool edit) {
        TestDesk desk(kDesk, {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}, {"c", 1}}, .outputs = {"a", "b", "fx"}});
        std::map<std::string, Planes> all;
        const auto play = [&](int from, int to) {
            const std::map<std::string, Planes> in{{"a", part(a, from, to)}, {"b", part(b, from, to)}, {"c", part(b, from, to)}};
            for (auto& [strip, planes] : desk.play(to - from, in, 100)) {
                auto& mine = all[strip];
                mine.resize(planes.size());
                for (std::size_t c = 0; c < planes.size(); ++c) mine[c].insert(mine[c].end(), planes[c].begin(), planes[c].end());
            }
        };
        play(0, 8000);
        if (edit) desk.reload(with_c);
        play(8000, 16000);
        if (edit) desk.reload(kDesk);
        play(16000, 24000);
        return all;
    };
    const auto plain = run(false), edited = run(true);
    for (const auto* strip : {"a", "b", "fx"}) CHECK(plain.at(strip) == edited.at(strip));
    // c hears what b hears and its settings are b's, so what it adds to the mix is b's output times its fade.
    const auto& mix_plain = plain.at("mix").at(1);
    const auto& mix_edited = edited.at("mix").at(1);
    for (std::size_t i = 0; i < 8000; ++i) REQUIRE(mix_plain[i] == mix_edited[i]);
    for (std::size_t i = 8000; i < 24000; ++i) {
        const double share = (static_cast<double>(mix_edited[i]) - static_cast<double>(mix_plain[i]));
        const double voice = static_cast<double>(edited.at("b").at(1)[i - 144]); // as late as a's look-ahead makes the mix
        const double along = i < 16000 ? static_cast<double>(i - 8000) / 480.0 : 1.0 - static_cast<double>(i - 16000) / 480.0;
        const double t = std::clamp(along, 0.0, 1.0);
        const double fade = i < 8600 || i >= 16000 ? t * t * (3 - 2 * t) : 1.0;
        // The filter of c starts from rest, which is heard for its first milliseconds only.
        CAPTURE(i);
        CAPTURE(fade);
        CAPTURE(voice);
        if (i > 9700) REQUIRE(share == doctest::Approx(fade * voice).epsilon(1e-3).scale(0.01));
        else REQUIRE(std::abs(share) <= fade * 0.2 + 1e-6);
    }
}

TEST_CASE("a reload that changes nothing changes nothing") {
    const auto a = whole_noise(1, 9000, 1);
    const auto run = [&](bool edit) {
        TestDesk desk(kDesk, {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {}});
        auto out = desk.play(3000, {{"a", a}}).at("mix").at(0);
        if (edit) desk.reload(kDesk);
        const auto rest = desk.play(6000, {{"a", {{a[0].begin() + 3000, a[0].end()}}}}).at("mix").at(0);
        out.insert(out.end(), rest.begin(), rest.end());
        return out;
    };
    CHECK(run(true) == run(false));
}

TEST_CASE("a module that stays keeps its memory when its strip's chain changes around it") {
    // A one-second release hangs in the air; a module is added behind it. A fresh compressor would be wide open.
    const auto text = [](const char* more) {
        return fmt::format(R"({{ "version": 1, "strips": {{ "x": {{ "channels": 1, "chain": [ {{ "compressor": {{ "threshold": -60, "ratio": 20, "release": 2000 }} }} {} ] }} }} }})", more);
    };
    TestDesk desk(text(""), {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    Planes loud(1, std::vector<float>(48000, 0.5F)), soft(1, std::vector<float>(4800, 0.001F));
    desk.play(48000, {{"x", loud}});
    desk.reload(text(R"(, { "gain": {} })"));
    const auto out = desk.play(4800, {{"x", soft}}).at("x").at(0);
    CHECK(out[2400] < 0.0002F); // still 30 dB down or more; 0.001 would be a compressor that forgot
    CHECK(out[2400] > 0.0F);
}

TEST_CASE("a NaN is silenced where it enters, counted, and hurts nobody else") {
    auto a = whole_noise(1, 4000, 1);
    const auto b = whole_noise(1, 4000, 2);
    const auto run = [&](const Planes& first) {
        TestDesk desk(kDesk, {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"a", "b"}});
        auto out = desk.play(4000, {{"a", first}, {"b", b}});
        return std::pair{out, desk.engine().counters().healed.load()};
    };
    const auto [clean, none] = run(a);
    CHECK(none == 0);
    a[0][1000] = std::numeric_limits<float>::quiet_NaN();
    a[0][1001] = std::numeric_limits<float>::infinity();
    const auto [hurt, healed] = run(a);
    CHECK(healed > 0);
    CHECK(hurt.at("b") == clean.at("b"));
    for (const auto& [strip, planes] : hurt)
        for (const auto& plane : planes)
            for (const float x : plane) REQUIRE(std::isfinite(x));
    // The two samples were taken as silence, no more: the strip is what it would be with zeros there.
    a[0][1000] = a[0][1001] = 0.0F;
    CHECK(run(a).first == hurt);
}

TEST_CASE("solo in place opens the strip, what it hears and what hears it") {
    const auto a = whole_noise(1, 6000, 1), b = whole_noise(1, 6000, 2);
    TestDesk desk(kDesk, {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"b"}});
    desk.set("/a/solo", 1);
    const auto soloed = desk.play(6000, {{"a", a}, {"b", b}});
    double b_late = 0, mix_late = 0;
    for (std::size_t i = 2000; i < 6000; ++i) {
        b_late += std::abs(static_cast<double>(soloed.at("b")[0][i]));
        mix_late += std::abs(static_cast<double>(soloed.at("mix")[0][i]));
    }
    CHECK(b_late == 0.0);
    CHECK(mix_late > 1.0);
}

TEST_CASE("after any edits a desk sounds as if it had been built so") {
    // Feeders come and go (none, one, several), and latencies change: what settled must equal a fresh desk.
    std::mt19937 random(7);
    const auto source = whole_noise(1, 400000, 3);
    const auto text = [](int feeders, int lookahead) {
        std::string strips;
        for (int i = 0; i < feeders; ++i)
            strips += fmt::format(R"("s{}": {{ "channels": 1, "chain": [ {} ], "to": "mix" }},)", i,
                                  i == 0 && lookahead > 0 ? fmt::format(R"({{ "compressor": {{ "ratio": 1, "lookahead": {} }} }})", lookahead) : "");
        return R"({ "version": 1, "strips": {)" + strips + R"("mix": { "channels": 1 } } })";
    };
    const std::map<std::string, int> inputs{{"s0", 1}, {"s1", 1}, {"s2", 1}};
    TestDesk desk(text(1, 0), {.lane_width = 0, .inputs = inputs, .outputs = {"mix"}});
    int at = 0;
    const auto play = [&](TestDesk& which, int from, int frames) {
        const Planes part{{source[0].begin() + from, source[0].begin() + from + frames}};
        return which.play(frames, {{"s0", part}, {"s1", part}, {"s2", part}}, 100).at("mix").at(0);
    };
    for (int round = 0; round < 60; ++round) {
        const auto json = text(static_cast<int>(random() % 4), static_cast<int>(random() % 3) * 2);
        CAPTURE(round);
        CAPTURE(json);
        desk.reload(json);
        play(desk, at, 3000);
        TestDesk fresh(json, {.lane_width = 0, .inputs = inputs, .outputs = {"mix"}});
        play(fresh, at, 3000);
        REQUIRE(play(desk, at + 3000, 1000) == play(fresh, at + 3000, 1000));
        at += 4000;
    }
}

TEST_CASE("no ramp leaves the span between where it is and where it goes, wherever it is caught") {
    for (const double fade : {0.02, 0.1, 1.0, 5.0})
        for (int phase = 60; phase < 960; phase += 180)
            for (const double next : {0.0, -20.0, -120.0, 6.0}) {
                CAPTURE(fade);
                CAPTURE(phase);
                CAPTURE(next);
                TestDesk desk(R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "fader": {} } ] } } })",
                              {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
                const Planes ones(1, std::vector<float>(24000, 1.0F));
                desk.set("/x/fader/level", -6);
                const float caught = desk.play(phase, {{"x", ones}}).at("x").at(0).back();
                desk.set("/x/fader/level", next, fade);
                const auto goal = next <= -120 ? 0.0F : static_cast<float>(std::pow(10.0, next / 20.0));
                const float low = std::min(caught, goal), high = std::max(caught, goal);
                bool inside = true;
                const auto out = desk.play(24000, {{"x", ones}});
                for (const float y : out.at("x").at(0)) inside = inside && y >= low - 0.01F && y <= high + 0.01F;
                CHECK(inside);
            }
}

TEST_CASE("a setting sent beside a structural one is not lost") {
    TestDesk desk(R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "compressor": { "ratio": 1 } }, { "fader": {} } ] } } })",
                  {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    const Planes ones(1, std::vector<float>(4800, 1.0F));
    desk.play(480, {{"x", ones}});
    desk.console().begin();
    desk.set("/x/compressor/lookahead", 7);
    desk.set("/x/compressor/makeup", -20);
    desk.set("/x/fader/level", -6);
    desk.console().commit();
    desk.set("/x/compressor/lookahead", 5); // while the first change is under way
    desk.play(4800, {{"x", ones}});
    desk.play(4800, {{"x", ones}});
    CHECK(desk.latency("x") == 240);
    CHECK(desk.play(480, {{"x", ones}}).at("x").at(0).back() == doctest::Approx(std::pow(10.0, -26.0 / 20)).epsilon(1e-4));
}

TEST_CASE("a solo outlives a reload that widens the strip it mutes") {
    const auto text = [](const char* more) {
        return fmt::format(R"({{ "version": 1, "strips": {{ "a": {{ "channels": 1, "chain": [ {} ] }}, "b": {{ "channels": 1 }} }} }})", more);
    };
    TestDesk desk(text(""), {.lane_width = 0, .inputs = {{"a", 1}, {"b", 1}}, .outputs = {"a", "b"}});
    const Planes ones(1, std::vector<float>(4800, 1.0F));
    desk.set("/b/solo", 1);
    desk.play(4800, {{"a", ones}, {"b", ones}});
    desk.reload(text(R"({ "pan": {} })"));
    desk.play(4800, {{"a", ones}, {"b", ones}});
    CHECK(desk.play(480, {{"a", ones}, {"b", ones}}).at("a").at(0).back() == 0.0F);
}
