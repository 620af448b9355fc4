// SPDX-License-Identifier: GPL-3.0-or-later
// What of a console is there all the time and mostly not used: solo taps, and the points of a matrix.
#include "app/bench/bench.hpp"
#include "app/bench/desk_rig.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ton::app::benching {

namespace {

constexpr int kBlock = 64, kWide = 64;
constexpr const char* kChain = R"({ "highpass": {} }, { "eq": {} }, { "compressor": {} }, { "fader": {} }, { "pan": {} })";

std::string desk_with(int strips, const std::string& listener) {
    auto text = strips_into_bus(strips, kChain);
    text.resize(text.size() - 4); // the ends of "strips" and the desk
    return text + fmt::format(R"(, "room": {{ "channels": 2, "chain": [{}], "output": [] }} }} }})", listener);
}

std::string wide_strip(const std::string& chain) {
    return fmt::format(R"({{ "version": 1, "strips": {{ "wide": {{ "channels": {}, "input": [], "chain": [{}], "output": [] }} }} }})", kWide, chain);
}

/// So many of the points, the first ones of every input, at -20 dB.
std::string matrix_with(int points) {
    std::string settings = fmt::format(R"("inputs": {0}, "outputs": {0})", kWide);
    for (int p = 0; p < points; ++p) settings += fmt::format(R"(, "{}/{}/level": -20)", 1 + p % kWide, 1 + (p % kWide + p / kWide) % kWide);
    return fmt::format(R"({{ "matrix": {{ {} }} }})", settings);
}

} // namespace

/// A large desk without a monitor, with one that nobody is soloed in, and with one solo.
void monitor(nlohmann::json& out, bool quick) {
    const int strips = quick ? 100 : 1000, callbacks = quick ? 50 : 500;
    const std::string mute = R"({ "fader": {} })", hears = R"({ "monitor": {} })";
    DeskRig none(desk_with(strips, mute)), off(desk_with(strips, hears)), one(desk_with(strips, hears));
    one.move("/s0/solo", 1, 0);
    for (auto* rig : {&none, &off, &one}) rig->run(200, kBlock);
    const auto work = [&](DeskRig& rig) { return [&] { return rig.run(callbacks, kBlock), static_cast<double>(callbacks) * strips; }; };
    const std::array<std::function<double()>, 3> works{work(none), work(off), work(one)};
    const auto took = measure_in_turn(quick ? 3 : 15, works);
    out["monitor"] = {{"what", "highpass, eq, compressor, fader, pan in each strip, 64 frames: ns per callback and strip without a monitor, with one and its solo taps off, with one solo"},
                      {"strips", strips},
                      {"without_ns", took[0].median},
                      {"taps_off_ns", took[1].median},
                      {"one_solo_ns", took[2].median},
                      {"best", {{"without_ns", took[0].best}, {"taps_off_ns", took[1].best}, {"one_solo_ns", took[2].best}}}};
}

/// 64 x 64 points: a strip of 64 channels without the module, with all points off, and with more and more of them on. Any
/// module of its kind costs a way in and out of its place in the chain; a recorder that is not armed does nothing else, so
/// what points cost that are off is told against that, and how far two equal desks with one differ.
void matrix(nlohmann::json& out, bool quick) {
    enum { kNone, kIdle, kIdleAgain, kOff, kDiagonal, kAll, kDesks };
    const int callbacks = quick ? 20 : 400;
    const std::array chains{std::string(), std::string(R"({ "recorder": {} })"), std::string(R"({ "recorder": {} })"), matrix_with(0), matrix_with(kWide), matrix_with(kWide * kWide)};
    static_assert(chains.size() == kDesks);
    std::vector<std::unique_ptr<DeskRig>> rigs;
    std::vector<std::function<double()>> works;
    for (const auto& chain : chains) {
        auto* rig = rigs.emplace_back(std::make_unique<DeskRig>(wide_strip(chain))).get();
        rig->run(100, kBlock);
        works.push_back([rig, callbacks] { return rig->run(callbacks, kBlock), static_cast<double>(callbacks); });
    }
    const auto times = times_in_turn(quick ? 3 : 21, works);
    std::array<Timing, kDesks> took;
    std::ranges::transform(times, took.begin(), summary);
    const auto beyond_idle = [&](int desk) { // by rounds, so that a machine that slows down counts less
        std::vector<double> us(times[static_cast<std::size_t>(desk)]);
        for (std::size_t r = 0; r < us.size(); ++r) us[r] = (us[r] - times[kIdle][r]) / 1000;
        std::ranges::sort(us);
        return us;
    };
    const auto off = beyond_idle(kOff), again = beyond_idle(kIdleAgain);
    const auto us = [](const Timing& t) { return t.median / 1000; };
    out["matrix"] = {{"what", "64 inputs, 64 outputs, 64 frames: us per callback of a strip without the module, with a module that does nothing (a recorder, not armed), with a matrix: all 4,096 points off, "
                              "64 of them on, all on; then how much longer than that idle module's the points that are off take, and a second desk with it, by rounds"},
                     {"without_us", us(took[kNone])},
                     {"idle_module_us", us(took[kIdle])},
                     {"points_off_us", us(took[kOff])},
                     {"64_points_us", us(took[kDiagonal])},
                     {"4096_points_us", us(took[kAll])},
                     {"point_on_ns", (took[kAll].median - took[kDiagonal].median) / (kWide * kWide - kWide)},
                     {"points_off_beyond_idle_us", {{"median", off[off.size() / 2]}, {"least", off.front()}, {"most", off.back()}}},
                     {"idle_again_beyond_idle_us", {{"median", again[again.size() / 2]}, {"least", again.front()}, {"most", again.back()}}},
                     {"best", {{"without_us", took[kNone].best / 1000}, {"idle_module_us", took[kIdle].best / 1000}, {"points_off_us", took[kOff].best / 1000}}}};
}

} // namespace ton::app::benching
