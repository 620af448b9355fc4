// SPDX-License-Identifier: GPL-3.0-or-later
// What is no number, what is far too loud and what is far too small, put into every module as it stands in a desk.
#include "desk_text.hpp"

#include <doctest/doctest.h>
#include <xmmintrin.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

using namespace ton;
using namespace ton::conformance;
using test::Planes;

namespace {
using Limits = std::numeric_limits<float>;
using Sound = std::map<std::string, Planes>; // by strip

/// Every subject as it comes, and with everything at work.
template <class Check> void each(const Check& check) {
    for (const auto& s : subjects())
        for (const bool busy : {false, true}) {
            if (s.type->internal) continue; // in every chain by itself
            const auto desk = twins(s, busy ? lively(*s.type) : std::vector<Written>{});
            INFO(s.label() << std::string(busy ? ", lively" : ", at its defaults"));
            CAPTURE(desk);
            check(s, desk);
        }
}

/// What everybody hears: x and y the same noise, their sides another. An insert's return comes from outside, too.
Sound clean(const Subject& s, int frames) {
    const auto main = test::noise(s.channels, frames, -9.0), side = test::noise(s.channels, frames, -12.0, 77);
    return {{"x", main}, {"y", main}, {"side_x", side}, {"side_y", side}, {"x/tested:insert", side}, {"y/tested:insert", side}};
}

/// x, what it listens to and what comes back to it; y has nothing to do with it.
const char* const kOwn[] = {"x", "side_x", "x/tested:insert"};

struct Run {
    Sound out;
    std::uint64_t healed;
    bool reported; ///< somebody was told, and of x or its side
};
Run play(const Subject& s, const std::string& text, const Sound& in) {
    test::TestDesk desk(text, twin_options(s));
    Run run{desk.play(static_cast<int>(in.at("x")[0].size()), in, 441), desk.engine().counters().healed.load(), false};
    desk.console().poll();
    for (const auto& [address, sentence] : desk.console().take_reports())
        run.reported = run.reported || address.starts_with("/x") || address.starts_with("/side_x");
    return run;
}

bool sane(const Sound& sound) {
    return std::ranges::all_of(sound, [](const auto& strip) { return finite(strip.second); });
}
} // namespace

TEST_CASE("what is no number is taken as silence where it enters, to the bit, and counted; nobody else hears of it") {
    each([](const Subject& s, const std::string& desk) {
        const float bad[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), 1e30F, -3e38F, -Limits::signaling_NaN()};
        const auto untouched = play(s, desk, clean(s, 6000));
        CHECK(untouched.healed == 0);
        CHECK_FALSE(untouched.reported);
        for (const char* const where : kOwn) {
            if (std::string(where) == "side_x" && (s.sidechain == 0 || s.type->insert)) continue;
            if (std::string(where).starts_with("x/") && !s.type->insert) continue;
            INFO("at " << std::string(where));
            auto silenced = clean(s, 6000), hurt = silenced;
            for (std::size_t i = 0; i < 6000; ++i) {
                const bool here = i == 0 || i == 440 || i == 441 || (i >= 3000 && i < 3200) || i == 5999;
                for (std::size_t c = 0; here && c < hurt[where].size(); ++c)
                    silenced[where][c][i] = 0.0F, hurt[where][c][i] = bad[(i + c) % std::size(bad)];
            }
            const auto expected = play(s, desk, silenced), got = play(s, desk, hurt);
            CHECK(got.healed > 0);
            CHECK(got.reported);
            CHECK(sane(got.out));
            CHECK((got.out == expected.out));
            CHECK((got.out.at("y") == untouched.out.at("y")));
        }
    });
}

namespace {
constexpr int kBoosts = 24; // of 24 dB each: 1e12 becomes an infinity
constexpr int kLoud = 9600, kAfter = 9900;

/// Plays in three parts; where wanted with every boost of x up around the loud part. x's own input is silent while they move.
Run play_loud(const Subject& s, const std::string& text, const Sound& in, bool boosted) {
    test::TestDesk desk(text, twin_options(s));
    Run run{};
    const int frames = static_cast<int>(in.at("x")[0].size());
    for (const auto& [from, to, level] : {std::tuple{0, 4800, 0}, {4800, kAfter, 24}, {kAfter, frames, 0}}) {
        Sound part;
        for (const auto& [strip, planes] : in)
            for (const auto& plane : planes) part[strip].emplace_back(plane.begin() + from, plane.begin() + to);
        for (int k = 0; boosted && k < kBoosts; ++k) desk.set("/x/boost" + std::to_string(k) + "/level", level);
        for (auto& [strip, planes] : desk.play(to - from, part, 441))
            for (std::size_t c = 0; c < planes.size(); ++c) {
                auto& all = run.out[strip];
                all.resize(planes.size());
                all[c].insert(all[c].end(), planes[c].begin(), planes[c].end());
            }
    }
    run.healed = desk.engine().counters().healed.load();
    return run;
}

/// How far x is from the other run, from there on.
double difference(const Sound& a, const Sound& b, std::size_t from) {
    double worst = 0;
    for (const auto* const strip : {"x", "bus_x"})
        for (std::size_t c = 0; c < a.at(strip).size(); ++c)
            for (std::size_t i = from; i < a.at(strip)[c].size(); ++i)
                worst = std::max(worst, std::abs(static_cast<double>(a.at(strip)[c][i]) - static_cast<double>(b.at(strip)[c][i])));
    return worst;
}
} // namespace

TEST_CASE("the loudest that is let in, and what becomes infinite in the chain, hurt nobody else and are forgotten") {
    std::string boosts;
    for (int k = 0; k < kBoosts; ++k) boosts += "{ \"gain\": {}, \"as\": \"boost" + std::to_string(k) + "\" }, ";
    for (const bool boosted : {false, true})
        each([&](const Subject& s, const std::string& plain) {
            auto desk = plain;
            for (std::size_t at = 0; boosted && (at = desk.find("[ {", at)) != desk.npos; at += boosts.size()) desk.insert(at + 2, boosts);
            INFO(std::string(boosted ? "boosted" : "as it comes"));
            // The limiter's slow stage comes back from 240 dB with half a second, as its page says.
            const int frames = 48000 * (s.type->name == "limiter" ? 6 : 3);
            auto quiet = clean(s, frames), loud = quiet;
            for (const char* const where : kOwn)
                for (std::size_t c = 0; c < loud[where].size(); ++c)
                    for (std::size_t i = 4800; i < 14400; ++i) {
                        quiet[where][c][i] = loud[where][c][i] = 0.0F;
                        if (i >= kLoud && i < kAfter) loud[where][c][i] = i % 3 == 0 ? -9.9e11F : 9.9e11F;
                    }
            const auto expected = play_loud(s, desk, quiet, boosted), got = play_loud(s, desk, loud, boosted);
            CHECK(expected.healed == 0);
            if (boosted) CHECK(got.healed > 0);
            CHECK(sane(got.out));
            for (const auto& [strip, planes] : got.out) CHECK(loudest(planes) <= 1e12);
            CHECK((got.out.at("y") == expected.out.at("y")));
            const double apart = difference(got.out, expected.out, static_cast<std::size_t>(frames) - 48000);
            INFO(test::decibels(apart) << " dBFS from a run without it");
            CHECK(apart <= 1e-4);
        });
}
