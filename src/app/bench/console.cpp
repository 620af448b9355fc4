// SPDX-License-Identifier: GPL-3.0-or-later
// What of a console is there all the time and mostly not used: solo taps, and the points of a matrix.
#include "app/bench/bench.hpp"
#include "app/bench/desk_rig.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <functional>
#include <string>

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

/// 64 x 64 points: a strip of 64 channels without the module, with all points off, and with more and more of them on.
void matrix(nlohmann::json& out, bool quick) {
    const int callbacks = quick ? 20 : 400;
    DeskRig none(wide_strip("")), off(wide_strip(matrix_with(0))), diagonal(wide_strip(matrix_with(kWide))), all(wide_strip(matrix_with(kWide * kWide)));
    for (auto* rig : {&none, &off, &diagonal, &all}) rig->run(100, kBlock);
    const auto work = [&](DeskRig& rig) { return [&] { return rig.run(callbacks, kBlock), static_cast<double>(callbacks); }; };
    const std::array<std::function<double()>, 4> works{work(none), work(off), work(diagonal), work(all)};
    const auto took = measure_in_turn(quick ? 3 : 9, works);
    const double each = (took[3].median - took[2].median) / (kWide * kWide - kWide);
    out["matrix"] = {{"what", "64 inputs, 64 outputs, 64 frames: us per callback of a strip without the module, with all 4,096 points off, 64 of them on, all on"},
                     {"without_us", took[0].median / 1000},
                     {"points_off_us", took[1].median / 1000},
                     {"64_points_us", took[2].median / 1000},
                     {"4096_points_us", took[3].median / 1000},
                     {"point_on_ns", each}};
}

} // namespace ton::app::benching
