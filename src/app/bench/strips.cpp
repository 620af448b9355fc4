// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/desk_rig.hpp"

#include <fmt/format.h>
#include <hwy/targets.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace ton::app::benching {

namespace {

constexpr int kBlock = 64;
constexpr int kTurn = 8; // callbacks between two visits of the control thread: 11 ms
constexpr const char* kStrip = R"({ "highpass": { "frequency": 60, "slope": 12 } },
    { "eq": { "band": { "1": { "on": true, "type": "low_shelf", "frequency": 120, "gain": 2 },
                        "2": { "on": true, "type": "bell", "frequency": 400, "gain": -3 },
                        "3": { "on": true, "type": "bell", "frequency": 2500, "gain": 3 },
                        "4": { "on": true, "type": "high_shelf", "frequency": 9000, "gain": 2 } } } },
    { "compressor": { "threshold": -20, "ratio": 4 } }, { "fader": { "level": -12 } }, { "pan": { "position": 0.1 } })";

/// Strips first … last - 1: every parameter that a hand could hold sets out for its other end, which is a second away:
/// what SuperCollider's `moving` strip does with an LFO.
void move_everything(DeskRig& rig, int first, int last, bool up, double seconds) {
    struct Move {
        const char* path;
        double low, high;
    };
    static constexpr Move moves[] = {
        {"highpass/frequency", 50, 70},    {"eq/band/1/frequency", 108, 132},   {"eq/band/1/gain", 1.8, 2.2},
        {"eq/band/2/frequency", 360, 440}, {"eq/band/2/gain", -3.3, -2.7},      {"eq/band/3/frequency", 2250, 2750},
        {"eq/band/3/gain", 2.7, 3.3},      {"eq/band/4/frequency", 8100, 9900}, {"eq/band/4/gain", 1.8, 2.2},
        {"compressor/threshold", -22, -18}, {"fader/level", -14, -10},          {"pan/position", -0.5, 0.5}};
    for (int i = first; i < last; ++i)
        for (const auto& m : moves) rig.move(fmt::format("/s{}/{}", i, m.path), up ? m.high : m.low, seconds);
    rig.console().poll();
}

/// Single callbacks, µs.
struct Callbacks {
    double p99 = 0, longest = 0;
};

Callbacks one_by_one(DeskRig& rig, int callbacks) {
    std::vector<double> times;
    for (int i = 0; i < callbacks; ++i) {
        const double start = thread_nanoseconds();
        rig.run(1, kBlock);
        times.push_back((thread_nanoseconds() - start) / 1e3);
    }
    std::ranges::sort(times);
    return {times[times.size() * 99 / 100], times.back()};
}

struct Result {
    Timing still, moving; ///< at rest; on a fade of a minute, all of them
    Callbacks still_callbacks, moving_callbacks;
    Timing set, hands;    ///< every strip is given new goals all the time: audio side and control side of the same run
};

Result run(int count, int lane_width, int repetitions, int callbacks) {
    DeskRig rig(strips_into_bus(count, kStrip, true), lane_width);
    rig.run(200, kBlock); // caches, branch predictors, envelopes
    rig.console().poll();
    const double work = static_cast<double>(count) * callbacks * kBlock;
    Result result;
    result.still = measure(repetitions, [&] { return rig.run(callbacks, kBlock), work; });
    result.still_callbacks = one_by_one(rig, callbacks * repetitions);
    std::vector<double> audio, control;
    for (int turn = 0; turn <= repetitions; ++turn) {
        double audio_time = 0, control_time = 0;
        for (int done = 0; done < callbacks; done += kTurn) { // strip after strip, so that the engine's queue never fills
            const double start = thread_nanoseconds();
            move_everything(rig, count * done / callbacks, count * (done + kTurn) / callbacks, turn % 2 == 0, 1.0);
            const double moved = thread_nanoseconds();
            rig.run(kTurn, kBlock);
            audio_time += thread_nanoseconds() - moved;
            control_time += moved - start;
            rig.console().poll();
        }
        if (turn == 0) continue; // only now every strip is on its way
        audio.push_back(audio_time / work);
        control.push_back(control_time / work);
    }
    result.set = summary(std::move(audio));
    result.hands = summary(std::move(control));
    for (int first = 0; first < count; first += 100) {
        move_everything(rig, first, std::min(count, first + 100), false, 60.0);
        rig.run(2, kBlock);
    }
    result.moving = measure(repetitions, [&] { return rig.run(callbacks, kBlock), work; });
    result.moving_callbacks = one_by_one(rig, callbacks * repetitions);
    return result;
}

nlohmann::json to_json(const char* what, const Callbacks& c) {
    return {{"what", what}, {"microseconds_p99", c.p99}, {"microseconds_longest", c.longest}, {"microseconds_of_a_period", 1e6 * kBlock / 48000.0}};
}

/// What a processor with AVX2 and nothing newer does.
constexpr std::int64_t kUpToAvx2 = HWY_AVX2 | HWY_SSE4 | HWY_SSSE3;

nlohmann::json to_json(const char* name, const Timing& t) {
    return {{"name", name}, {"ns_per_sample_and_strip", t.median}, {"best", t.best}, {"strips_in_real_time", 1e9 / 48000.0 / t.median}};
}

} // namespace

void strips(nlohmann::json& out, bool quick) {
    const int count = quick ? 256 : 5000, repetitions = quick ? 3 : 7, callbacks = quick ? 32 : 64;
    const auto lanes = run(count, 0, repetitions, callbacks);
    const auto small = run(32, 0, repetitions, callbacks * 16); // as bench/peers has them in scsynth: all in the cache
    const auto one = run(count / 8, 1, repetitions, callbacks);
    hwy::SetSupportedTargetsForTest(kUpToAvx2);
    const auto avx2 = run(count, 0, repetitions, callbacks);
    hwy::SetSupportedTargetsForTest(HWY_SCALAR); // the same kernels compiled for plain x86-64, one strip at a time
    const auto scalar = run(count / 8, 1, repetitions, callbacks);
    hwy::SetSupportedTargetsForTest(0);
    out["strips"] = {{"what", "highpass, 4-band eq, compressor, fader, pan into a stereo bus, meters; 48 kHz, 64 frames, one core"},
                     {"strips", count},
                     {"still", to_json("still", lanes.still)},
                     {"moving", to_json("every parameter moving", lanes.moving)},
                     {"moving_and_set", to_json("the same while every strip gets new goals, by turns with the control thread on this core", lanes.set)},
                     {"moving_control_thread", {{"name", "what the control thread does for it, on another core in a daemon"}, {"ns_per_sample_and_strip", lanes.hands.median}}},
                     {"still_callbacks", to_json("single callbacks of it, at rest", lanes.still_callbacks)},
                     {"moving_callbacks", to_json("single callbacks of it, every parameter moving", lanes.moving_callbacks)},
                     {"avx2_still", to_json("AVX2 at the most", avx2.still)},
                     {"avx2_moving", to_json("AVX2 at the most, every parameter moving", avx2.moving)},
                     {"desk_of_32_still", to_json("32 strips", small.still)},
                     {"desk_of_32_moving", to_json("32 strips, every parameter moving", small.moving)},
                     {"one_lane_still", to_json("one lane, same instruction set", one.still)},
                     {"scalar_still", to_json("scalar build", scalar.still)},
                     {"scalar_moving", to_json("scalar build, moving", scalar.moving)},
                     {"times_scalar_still", scalar.still.median / lanes.still.median},
                     {"times_scalar_moving", scalar.moving.median / lanes.moving.median}};
}

void empty_graph(nlohmann::json& out, bool quick) {
    const int callbacks = quick ? 1000 : 20000;
    DeskRig nothing(R"({ "version": 1, "strips": {} })");
    const auto callback = measure(7, [&] { return nothing.run(callbacks, kBlock), static_cast<double>(callbacks); });
    const int count = 512;
    DeskRig bare(strips_into_bus(count, ""));
    bare.run(100, kBlock);
    const auto strip = measure(7, [&] { return bare.run(callbacks / 50, kBlock), static_cast<double>(callbacks / 50) * count; });
    out["empty_graph"] = {{"ns_per_callback", callback.median}, {"ns_per_callback_and_bare_strip", strip.median},
                          {"what", "no strips; then 512 strips without modules (mute and meter) into a bus, 64 frames"}};
}

} // namespace ton::app::benching
