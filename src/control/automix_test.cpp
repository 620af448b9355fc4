// SPDX-License-Identifier: GPL-3.0-or-later
// Automix groups on whole desks, against Dugan's closed form.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

using namespace ton::test;

namespace {

/// Strips mic1, mic2, … that share; each gives its own output. `more` goes into every automix.
std::string panel(const std::vector<int>& mics, const std::string& more = "") {
    std::string text;
    for (const int m : mics)
        text += fmt::format(R"({}"mic{}": {{ "channels": 1, "chain": [ {{ "automix": {{ {} }} }} ], "to": "mix" }})", text.empty() ? "" : ", ", m, more);
    return R"({ "version": 1, "strips": { )" + text + R"(, "mix": { "channels": 1 } } })";
}

TestDesk::Options options(int mics, int lanes = 0) {
    TestDesk::Options o{.lane_width = lanes, .inputs = {}, .outputs = {"mix"}};
    for (int m = 1; m <= mics; ++m) o.inputs[fmt::format("mic{}", m)] = 1, o.outputs.push_back(fmt::format("mic{}", m));
    return o;
}

using Signals = std::map<std::string, Planes>;

/// Noise, never 0, so that every sample tells the gain; level in dBFS per microphone.
Signals room(const std::vector<double>& levels, int frames) {
    std::mt19937 random(7);
    Signals all;
    for (std::size_t m = 0; m < levels.size(); ++m) {
        auto& x = all[fmt::format("mic{}", m + 1)];
        x.assign(1, std::vector<float>(static_cast<std::size_t>(frames)));
        const double a = std::pow(10.0, levels[m] / 20);
        for (auto& v : x[0]) v = static_cast<float>(a * ((random() % 2 ? 0.5 : -0.5) + 0.5 * (static_cast<double>(random() % 2001) - 1000.5) / 1000));
    }
    return all;
}

double gain(const Signals& out, const Signals& in, int mic, std::size_t i) {
    const auto name = fmt::format("mic{}", mic);
    return static_cast<double>(out.at(name)[0][i]) / static_cast<double>(in.at(name)[0][i]);
}

/// The mean gain of a microphone in dB, from a second on.
double settled(const Signals& out, const Signals& in, int mic) {
    double sum = 0;
    const auto n = in.at("mic1")[0].size();
    for (std::size_t i = 48000; i < n; ++i) sum += gain(out, in, mic, i) * gain(out, in, mic, i);
    return 10 * std::log10(sum / static_cast<double>(n - 48000));
}

double worst_sum(const Signals& out, const Signals& in, int mics, std::size_t from, std::size_t to) {
    double worst = 0;
    for (std::size_t i = from; i < to; ++i) {
        double sum = 0;
        for (int m = 1; m <= mics; ++m) sum += gain(out, in, m, i) * gain(out, in, m, i);
        worst = std::max(worst, std::abs(sum - 1));
    }
    return worst;
}

Signals part(const Signals& x, int from, int to) {
    Signals cut;
    for (const auto& [name, planes] : x) cut[name] = Planes{{planes[0].begin() + from, planes[0].begin() + to}};
    return cut;
}

} // namespace

TEST_CASE("automix: the powers of the gains add up to those of one open microphone, at every sample") {
    for (const int mics : {1, 2, 6, 23}) {
        std::vector<double> levels;
        for (int m = 0; m < mics; ++m) levels.push_back(-10.0 - 3.7 * m);
        const auto in = room(levels, 24000);
        std::vector<int> all;
        for (int m = 1; m <= mics; ++m) all.push_back(m);
        TestDesk desk(panel(all), options(mics));
        desk.set("/mic1/automix/weight", -20, 0.2); // and while a weight moves
        const auto out = desk.play(24000, in, 441);
        CHECK(worst_sum(out, in, mics, 0, 24000) < 1e-5);
    }
}

TEST_CASE("automix: closed forms: N alike, one alone, 3 dB more, a weight") {
    const auto play = [](const std::vector<double>& levels, double weight_of_first = 0) {
        std::vector<int> all;
        for (int m = 1; m <= static_cast<int>(levels.size()); ++m) all.push_back(m);
        const auto in = room(levels, 144000);
        TestDesk desk(panel(all, R"("attack": 100, "release": 100)"), options(static_cast<int>(levels.size())));
        if (weight_of_first != 0) desk.set("/mic1/automix/weight", weight_of_first);
        const auto out = desk.play(144000, in, 1000);
        std::vector<double> gains;
        for (int m = 1; m <= static_cast<int>(levels.size()); ++m) gains.push_back(settled(out, in, m));
        return gains;
    };
    for (const int n : {2, 4, 8}) // Dugan's Model N shows -6 dB for four and -9 dB for eight
        for (const double g : play(std::vector<double>(static_cast<std::size_t>(n), -30))) CHECK(g == doctest::Approx(-10 * std::log10(n)).epsilon(0.01));
    CHECK(play({-20, -90, -90, -90})[0] == doctest::Approx(0).epsilon(0.001));
    // g1/g2 = level difference: 10 log10(p / (1 + p)) and 3 dB less with p = 10^0.3.
    const auto unlike = play({-27, -30});
    const double p = std::pow(10.0, 0.3);
    CHECK(unlike[0] == doctest::Approx(10 * std::log10(p / (1 + p))).epsilon(0.02));
    CHECK(unlike[0] - unlike[1] == doctest::Approx(3).epsilon(0.02));
    const auto weighted = play({-30, -30}, 6);
    CHECK(weighted[0] - weighted[1] == doctest::Approx(6).epsilon(0.02));
}

TEST_CASE("automix: bypassed or off, a strip leaves its share to the others") {
    const auto in = room({-20, -20, -20}, 144000);
    for (const std::string row : {"bypass", "on"}) {
        TestDesk desk(panel({1, 2, 3}), options(3));
        desk.set("/mic3/automix/" + row, row == "on" ? 0 : 1);
        const auto out = desk.play(144000, in, 441);
        CHECK(settled(out, in, 1) == doctest::Approx(-3.0103).epsilon(0.02));
        if (row == "on") CHECK(std::abs(out.at("mic3")[0].back()) < 1e-12F);
        else CHECK(out.at("mic3")[0].back() == in.at("mic3")[0].back());
    }
}

TEST_CASE("automix: where all are off all are silent, and who is switched on is there") {
    const auto in = room({-20, -20}, 9600);
    TestDesk desk(panel({1, 2}), options(2));
    desk.play(9600, in, 441);
    desk.set("/mic1/automix/on", 0);
    desk.play(9600, in, 441);
    desk.set("/mic2/automix/on", 0); // the last one: nobody tells the group of anything any more
    desk.play(9600, in, 441);
    const auto off = desk.play(9600, in, 441);
    for (const auto* const mic : {"mic1", "mic2"}) CHECK(std::ranges::all_of(off.at(mic)[0], [](float y) { return std::abs(y) < 1e-12F; }));
    desk.set("/mic1/automix/on", 1);
    desk.play(9600, in, 441);
    const auto on = desk.play(9600, in, 441);
    CHECK(gain(on, in, 1, 9599) == doctest::Approx(1.0).epsilon(1e-4));
    CHECK(std::abs(on.at("mic2")[0].back()) < 1e-12F);
}

TEST_CASE("automix: groups do not hear each other") {
    const auto in = room({-20, -20, -20, -20}, 96000);
    auto text = panel({1, 2, 3, 4});
    for (const auto* const name : {"mic3", "mic4"}) text.insert(text.find("automix\": { ", text.find(name)) + 12, R"("group": "stage")");
    TestDesk desk(text, options(4));
    const auto out = desk.play(96000, in, 441);
    for (int m = 1; m <= 4; ++m) CHECK(settled(out, in, m) == doctest::Approx(-3.0103).epsilon(0.02));
}

TEST_CASE("automix: latencies before it are compensated between members") {
    auto text = panel({1, 2});
    text.insert(text.find("{ \"automix"), R"({ "compressor": { "ratio": 1, "lookahead": 5 } }, )");
    TestDesk desk(text, options(2));
    CHECK(desk.latency("mic2") == 240);
    // Both get the same burst at once; with a level that came late one would have it all for 5 ms.
    Signals in;
    in["mic1"] = in["mic2"] = Planes(1, std::vector<float>(9600, 0.001F));
    for (std::size_t i = 4800; i < 9600; ++i) in["mic1"][0][i] = in["mic2"][0][i] = 0.5F;
    const auto out = desk.play(9600, in);
    for (std::size_t i = 1000; i < 9600; ++i) CHECK(out.at("mic2")[0][i] == doctest::Approx(in["mic2"][0][i - 240] * std::sqrt(0.5)).epsilon(1e-4));
}

TEST_CASE("automix: the same bits at any block size and lane width") {
    const auto in = room({-10, -20, -30, -17, -25}, 9000);
    const auto run = [&](int block, int lanes) {
        TestDesk desk(panel({1, 2, 3, 4, 5}), options(5, lanes));
        desk.set("/mic2/automix/weight", -12);
        desk.set("/mic4/automix/bypass", 1);
        return desk.play(9000, in, block);
    };
    const auto reference = run(64, 0);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(run(block, 0) == reference);
    for (const int lanes : {1, 4, 8, 16}) CHECK(run(64, lanes) == reference);
}

TEST_CASE("automix: a member that comes or goes is faded, and the sum holds again at once") {
    const auto in = room({-20, -20, -20}, 48000);
    TestDesk desk(panel({1, 2}), options(3));
    Signals out;
    const auto play = [&](int from, int to) {
        for (auto& [name, planes] : desk.play(to - from, part(in, from, to), 441)) {
            auto& all = out[name];
            all.resize(1);
            all[0].resize(static_cast<std::size_t>(from), 0.0F); // a strip that wasn't there was silent
            all[0].insert(all[0].end(), planes[0].begin(), planes[0].end());
        }
        for (auto& [name, planes] : out) planes[0].resize(static_cast<std::size_t>(to), 0.0F);
    };
    play(0, 12000);
    desk.reload(panel({1, 2, 3}));
    play(12000, 24000);
    CHECK(worst_sum(out, in, 2, 0, 12000) < 1e-5);
    CHECK(worst_sum(out, in, 3, 12000 + 1600, 24000) < 1e-5); // 10 ms of fade, then the 2 ms smoothers have forgotten it
    desk.reload(panel({1, 2}));
    play(24000, 48000);
    CHECK(worst_sum(out, in, 2, 24000 + 2500, 48000) < 1e-5);
    // What stays never jumps: the share moves no faster than its smoothers and the fade of 480 samples let it.
    double steepest = 0;
    for (std::size_t i = 1; i < 48000; ++i) steepest = std::max(steepest, std::abs(gain(out, in, 1, i) - gain(out, in, 1, i - 1)));
    CHECK(steepest < 0.005);
}

TEST_CASE("the point behind an automix is behind all of it: the strip as it is shared") {
    const std::string json = R"({ "version": 1, "strips": {
        "mic1": { "channels": 1, "chain": [ { "automix": {} } ] }, "mic2": { "channels": 1, "chain": [ { "automix": {} } ] },
        "tap": { "channels": 1, "chain": [ { "crossfader": { "a": "mic1/automix", "position": -1 } } ] } } })";
    TestDesk desk(json, {.lane_width = 0, .inputs = {{"mic1", 1}, {"mic2", 1}}, .outputs = {"mic1", "tap"}});
    const auto out = desk.play(48000, room({-20, -20}, 48000));
    CHECK(out.at("tap") == out.at("mic1"));
}
