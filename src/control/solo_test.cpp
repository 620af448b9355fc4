// SPDX-License-Identifier: GPL-3.0-or-later
// Solos on whole desks: in place, before the faders and behind them, heard by a monitor section.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace ton::test;

namespace {

/// "low" looks ahead for 5 ms, so that everything else must wait for it; "side" and "mon" are stereo.
constexpr const char* kDesk = R"({ "version": 1,
  "strips": {
    "kick": { "channels": 1, "chain": [ { "gain": { "level": -6 } }, { "fader": { "level": -20 } }, { "pan": { "position": -1 } } ], "to": "mix" },
    "low":  { "channels": 1, "chain": [ { "compressor": { "ratio": 1, "lookahead": 5 } }, { "fader": { "level": 0 } } ], "to": "mix" },
    "side": { "channels": 2, "chain": [ { "fader": { "level": -40 } } ], "to": "mix" },
    "mix":  { "channels": 2, "chain": [ { "fader": {} } ] },
    "mon":  { "channels": 2, "chain": [ { "monitor": { "source/1/from": "mix" } } ] } },
  "groups": { "both": { "members": ["kick", "low"] } } })";

constexpr int kLong = 9600, kLatency = 240;
const double kCentre = std::sqrt(0.5);

double gain(double decibels) { return std::pow(10.0, decibels / 20.0); }

struct Rig {
    explicit Rig(const std::string& json = kDesk, int lane_width = 0)
        : desk(json, {.lane_width = lane_width, .inputs = {{"kick", 1}, {"low", 1}, {"side", 2}}, .outputs = {"kick", "low", "side", "mix", "mon"}}) {}
    std::map<std::string, Planes> play(int frames = kLong, int block = 64) {
        in = {{"kick", noise(1, frames, 1)}, {"low", noise(1, frames, 2)}, {"side", noise(2, frames, 3)}};
        return desk.play(frames, in, block);
    }
    TestDesk desk;
    std::map<std::string, Planes> in;
};

/// From `from` on y is g x, `late` samples later.
void check_gain(const std::vector<float>& y, const std::vector<float>& x, double g, int late, std::size_t from = 2000) {
    double worst = 0;
    for (std::size_t i = from; i < y.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(y[i]) - g * static_cast<double>(x[i - static_cast<std::size_t>(late)])));
    CHECK(worst < 2e-7);
}

} // namespace

TEST_CASE("PFL hears a strip before its fader and mute, in time with the mix, and changes no bit of it") {
    Rig plain, soloed;
    soloed.desk.set("/kick/mute", 1);
    plain.desk.set("/kick/mute", 1);
    soloed.desk.set("/kick/solo", 1);
    const auto was = plain.play(), is = soloed.play();
    for (const auto* strip : {"kick", "low", "side", "mix"}) CHECK(is.at(strip) == was.at(strip));
    for (std::size_t c = 0; c < 2; ++c) check_gain(is.at("mon")[c], soloed.in.at("kick")[0], gain(-6) * kCentre, kLatency);
    soloed.desk.set("/kick/fader/level", -120);
    const auto same = soloed.play();
    check_gain(same.at("mon")[0], soloed.in.at("kick")[0], gain(-6) * kCentre, kLatency);
    soloed.desk.set("/kick/solo", 0);
    plain.desk.set("/kick/fader/level", -120);
    plain.play();
    const auto over = soloed.play(), never = plain.play();
    CHECK(std::equal(over.at("mon")[0].begin() + 2000, over.at("mon")[0].end(), never.at("mon")[0].begin() + 2000));
}

TEST_CASE("AFL hears it behind fader, mute and pan") {
    Rig rig;
    rig.desk.set("/mon/monitor/solo_mode", 2);
    rig.desk.set("/kick/solo", 1);
    auto out = rig.play();
    check_gain(out.at("mon")[0], rig.in.at("kick")[0], gain(-26), kLatency);
    CHECK(std::ranges::all_of(out.at("mon")[1].begin() + 2000, out.at("mon")[1].end(), [](float y) { return std::abs(y) < 1e-7F; }));
    rig.desk.set("/kick/mute", 1);
    out = rig.play();
    CHECK(std::ranges::all_of(out.at("mon")[0].begin() + 2000, out.at("mon")[0].end(), [](float y) { return y == 0.0F; }));
}

TEST_CASE("several solos add up in phase, a group solos its members, and clearing brings the mix back") {
    Rig rig;
    rig.desk.set("/groups/both/solo", 1);
    rig.desk.set("/side/solo", 1);
    const auto out = rig.play();
    double worst = 0;
    for (std::size_t i = 2000; i < kLong; ++i) {
        const auto past = i - kLatency;
        const double expected = kCentre * (gain(-6) * static_cast<double>(rig.in["kick"][0][past]) + static_cast<double>(rig.in["low"][0][past])) + static_cast<double>(rig.in["side"][1][past]);
        worst = std::max(worst, std::abs(static_cast<double>(out.at("mon")[1][i]) - expected));
    }
    CHECK(worst < 5e-7);
    CHECK(rig.desk.console().clear_solos() == 2);
    const auto back = rig.play();
    CHECK(std::equal(back.at("mon")[0].begin() + 2000, back.at("mon")[0].end(), back.at("mix")[0].begin() + 2000));
}

TEST_CASE("in place the others are muted, and the monitor goes on with its source") {
    Rig rig;
    rig.desk.set("/mon/monitor/solo_mode", 0);
    rig.desk.set("/side/solo", 1);
    const auto out = rig.play();
    CHECK(out.at("kick")[0].back() == 0.0F);
    CHECK(out.at("low")[0].back() == 0.0F);
    check_gain(out.at("mix")[1], rig.in.at("side")[1], gain(-40), kLatency);
    CHECK(std::equal(out.at("mon")[0].begin() + 2000, out.at("mon")[0].end(), out.at("mix")[0].begin() + 2000));
    rig.desk.set("/mon/monitor/solo_mode", 1); // and what was in place becomes a listening at once
    const auto pfl = rig.play();
    check_gain(pfl.at("mon")[0], rig.in.at("side")[0], 1.0, kLatency);
    CHECK(pfl.at("kick")[0].back() != 0.0F);
}

TEST_CASE("exclusive: a new solo releases the others, groups too") {
    Rig rig;
    rig.desk.set("/mon/monitor/exclusive", 1);
    const auto solo = [&](const char* address) { return rig.desk.console().get(*rig.desk.console().find(address)).number(); };
    rig.desk.set("/groups/both/solo", 1);
    rig.desk.set("/kick/solo", 1);
    CHECK(solo("/groups/both/solo") == 0.0);
    CHECK(solo("/kick/solo") == 1.0);
    rig.desk.set("/side/solo", 1);
    CHECK(solo("/kick/solo") == 0.0);
    const auto out = rig.play();
    check_gain(out.at("mon")[0], rig.in.at("side")[0], 1.0, kLatency);
}

TEST_CASE("solos come and go without a click, and the same at any block size and lane width") {
    const auto run = [](int block, int width) {
        Rig rig(kDesk, width);
        std::vector<float> all;
        for (const auto& [address, value] : std::vector<std::pair<const char*, double>>{
                 {"/kick/solo", 1}, {"/kick/solo", 0}, {"/low/solo", 1}, {"/mon/monitor/solo_mode", 2}, {"/side/solo", 1}, {"/low/solo", 0}, {"/side/solo", 0}}) {
            rig.desk.set(address, value);
            const Planes ones(1, std::vector<float>(441, 0.5F)), two(2, std::vector<float>(441, 0.5F));
            const auto out = rig.desk.play(441, {{"kick", ones}, {"low", ones}, {"side", two}}, block); // quicker than the fades
            all.insert(all.end(), out.at("mon")[0].begin(), out.at("mon")[0].end());
        }
        return all;
    };
    const auto reference = run(64, 0);
    for (std::size_t i = 300; i < reference.size(); ++i) CHECK(std::abs(reference[i] - reference[i - 1]) < 0.01F); // a cut would jump by tenths
    for (const int block : {1, 7, 441}) CHECK(run(block, 0) == reference);
    for (const int width : {1, 4, 16}) CHECK(run(64, width) == reference);
}

TEST_CASE("an edit keeps what is soloed, crosses over to new latencies, and solos strips that come soloed") {
    std::string json = kDesk, later = kDesk;
    const std::string look = R"("lookahead": 5)", fresh = R"("mix":  {)";
    later.replace(later.find(look), look.size(), R"("lookahead": 9)");
    later.insert(later.find(fresh), R"("new": { "channels": 1, "chain": [ { "fader": {} } ], "to": "mix" }, )");
    Rig rig(json);
    rig.desk.set("/kick/solo", 1);
    rig.play();
    rig.desk.reload(later);
    const auto during = rig.play(), after = rig.play();
    CHECK(rig.desk.latency("mon") == 432);
    check_gain(after.at("mon")[0], rig.in.at("kick")[0], gain(-6) * kCentre, 432);
    check_gain(during.at("mon")[0], rig.in.at("kick")[0], gain(-6) * kCentre, 432, 4000);
    rig.desk.set("/kick/solo", 0);
    rig.play();
    later.replace(later.find(R"("channels": 2, "chain": [ { "fader": { "level": -40)"), 14, R"("channels": 2, "solo": true,)");
    rig.desk.reload(later);
    rig.play();
    check_gain(rig.play().at("mon")[0], rig.in.at("side")[0], 1.0, 432);
}

TEST_CASE("a pressed PFL is heard at once, however late the mix is, and then in time with it") {
    std::string json = kDesk;
    json.replace(json.find(R"("lookahead": 5)"), 14, R"("lookahead": 20)");
    constexpr int kLate = 960;
    const auto run = [&](int block) {
        Rig rig(json);
        rig.play(960, block);
        rig.desk.set("/kick/solo", 1);
        auto heard = rig.play(kLong, block).at("mon")[0];
        check_gain({heard.begin(), heard.begin() + kLate}, rig.in.at("kick")[0], gain(-6) * kCentre, 0, 500); // from the end of its fade until the line is full
        check_gain(heard, rig.in.at("kick")[0], gain(-6) * kCentre, kLate, kLate + 480);
        rig.desk.set("/kick/solo", 0);
        rig.play(480, block);
        rig.desk.set("/kick/solo", 1); // again: what the line held is long gone
        const auto again = rig.play(kLong, block).at("mon")[0];
        check_gain(again, rig.in.at("kick")[0], gain(-6) * kCentre, kLate, kLate + 480);
        heard.insert(heard.end(), again.begin(), again.end());
        return heard;
    };
    const auto reference = run(64);
    for (const int block : {7, 441}) CHECK(run(block) == reference);
}

TEST_CASE("a strip wider than stereo is folded down: ITU-R BS.775, or as odd and even tracks") {
    const double c = std::sqrt(0.5);
    const std::map<int, std::vector<std::pair<double, double>>> expected{
        {3, {{1, 0}, {0, 1}, {c, c}}},
        {4, {{1, 0}, {0, 1}, {c, 0}, {0, c}}},
        {5, {{1, 0}, {0, 1}, {c, c}, {c, 0}, {0, c}}},
        {6, {{1, 0}, {0, 1}, {c, c}, {0, 0}, {c, 0}, {0, c}}},
        {7, {{1, 0}, {0, 1}, {1, 0}, {0, 1}, {1, 0}, {0, 1}, {1, 0}}},
        {8, {{1, 0}, {0, 1}, {c, c}, {0, 0}, {c, 0}, {0, c}, {c, 0}, {0, c}}}};
    for (const auto& [channels, gains] : expected) {
        CAPTURE(channels);
        for (const int mode : {1, 2}) {
            TestDesk desk(fmt::format(R"({{ "version": 1, "strips": {{
                "bed": {{ "channels": {}, "solo": true, "chain": [ {{ "fader": {{}} }} ] }},
                "late": {{ "channels": 1, "chain": [ {{ "compressor": {{ "ratio": 1, "lookahead": 5 }} }} ] }},
                "mon": {{ "channels": 2, "chain": [ {{ "monitor": {{ "solo_mode": "{}" }} }} ] }} }} }})", channels, mode == 1 ? "pfl" : "afl"),
                          {.lane_width = 0, .inputs = {{"bed", channels}}, .outputs = {"mon"}});
            for (std::size_t one = 0; one < gains.size(); ++one) {
                Planes in(gains.size(), std::vector<float>(2400));
                in[one].assign(2400, 0.5F);
                const auto out = desk.play(2400, {{"bed", in}}).at("mon");
                CHECK(out[0].back() == doctest::Approx(0.5 * gains[one].first).epsilon(1e-7));
                CHECK(out[1].back() == doctest::Approx(0.5 * gains[one].second).epsilon(1e-7));
            }
        }
    }
}

TEST_CASE("a first solo shortly before the plans change does not step when they do") {
    std::string later = kDesk, anew = kDesk;
    later.replace(later.find(R"("lookahead": 5)"), 14, R"("lookahead": 9)");                  // another delay for every tap
    anew.replace(anew.find(R"({ "gain": { "level": -6 } })"), 27, R"({ "gain": { "level": -6 } }, { "gate": {}, "as": "new" })"); // another section
    const auto run = [](const std::string& json, int before, bool release) {
        Rig rig;
        std::vector<float> heard;
        const auto play = [&](int frames) {
            const Planes ones(1, std::vector<float>(static_cast<std::size_t>(frames), 0.5F)), two(2, std::vector<float>(static_cast<std::size_t>(frames), 0.1F));
            const auto out = rig.desk.play(frames, {{"kick", ones}, {"low", ones}, {"side", two}});
            heard.insert(heard.end(), out.at("mon")[0].begin(), out.at("mon")[0].end());
        };
        play(4800);
        rig.desk.reload(json);
        if (release) rig.desk.set("/kick/solo", 1);
        play(before);
        rig.desk.set("/kick/solo", release ? 0 : 1);
        play(4800);
        float worst = 0;
        for (std::size_t i = 4801; i < heard.size(); ++i) worst = std::max(worst, std::abs(heard[i] - heard[i - 1]));
        return worst;
    };
    for (const auto& json : {later, anew})
        for (const int before : {64, 200, 320, 440})
            for (const bool release : {false, true}) {
                CAPTURE(before);
                CAPTURE(release);
                CHECK(run(json, before, release) < 0.006F); // fades of 10 ms of at most 0.9, one upon the other; a cut jumps by tenths
            }
}

TEST_CASE("what a monitor feeds is not soloed into it, and makes no circle") {
    std::string json = kDesk;
    json.replace(json.find(R"("mix" } } ] })"), 13, R"("mix" } } ], "to": "phones" }, "phones": { "channels": 2, "chain": [ { "compressor": { "sidechain": "kick" } } ] })");
    Rig plain(json), soloed(json);
    soloed.desk.set("/phones/solo", 1);
    CHECK(soloed.play().at("mon") == plain.play().at("mon"));
}

TEST_CASE("a talkback dims the monitors while it is on") {
    std::string json = kDesk;
    json.insert(json.find(R"("mix":  {)"), R"("talk": { "channels": 1, "chain": [ { "talkback": {} }, { "send": { "to": "side" } } ] }, )");
    Rig rig(json), plain(json);
    rig.desk.set("/talk/talkback/on", 1);
    const auto dimmed = rig.play(), usual = plain.play();
    check_gain(dimmed.at("mon")[0], usual.at("mon")[0], gain(-20), 0);
    CHECK(dimmed.at("mix") == usual.at("mix"));
    rig.desk.set("/mon/monitor/talk_dim", 0);
    rig.play();
    plain.play();
    CHECK(rig.play() == plain.play());
}
