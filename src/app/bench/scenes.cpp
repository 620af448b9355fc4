// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"
#include "app/bench/desk_rig.hpp"
#include "control/scenes.hpp"
#include "control/state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>

namespace ton::app::benching {

namespace {

constexpr const char* kChain = R"({ "highpass": {} }, { "eq": {} }, { "compressor": {} }, { "fader": {} }, { "pan": {} })";
constexpr double kPeriod = 64.0 / 48.0; // ms

/// Ten parameters of a strip, and where two scenes have them.
struct Move {
    const char* address;
    double one, two;
};
constexpr std::array<Move, 10> kMoves{{{"highpass/frequency", 80, 120}, {"eq/band/1/gain", 3, -3}, {"eq/band/1/frequency", 100, 200},
                                       {"eq/band/2/gain", -2, 4}, {"eq/band/2/frequency", 500, 900}, {"eq/band/3/gain", 6, -6},
                                       {"compressor/threshold", -20, -30}, {"compressor/ratio", 2, 4}, {"fader/level", -6, -12}, {"pan/position", -0.5, 0.5}}};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Processor time, as of everything that the bench times, so that a neighbour's work is not ours; the disk is waited for by the clock.
double worked_since(double start) { return (thread_nanoseconds() - start) * 1e-6; }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// What a thing took each time it was done.
struct Times {
    std::vector<double> recall, first, rest;
    double longest = 0;
    int above_period = 0;
};

void recall_once(DeskRig& rig, control::Scenes& scenes, const char* name, double seconds, Times& times) {
    auto start = thread_nanoseconds();
    const auto recalled = scenes.recall(name, seconds, engine::Command::kNow);
    times.recall.push_back(worked_since(start));
    if (!recalled || !recalled->left_out.empty()) throw std::runtime_error("scenes: a recall was refused");
    for (int i = 0; i < 75; ++i) { // a tenth of a second
        start = thread_nanoseconds();
        rig.run(1, 64);
        const double took = worked_since(start);
        (i == 0 ? times.first : times.rest).push_back(took);
        times.longest = std::max(times.longest, took);
        times.above_period += took > kPeriod ? 1 : 0;
    }
    rig.console().poll();
}

/// The state file of that desk: its text, and until it is safe on the disk.
nlohmann::json state_file(DeskRig& rig, const graph::Desk& loaded, int rounds) {
    const auto path = (std::filesystem::temp_directory_path() / fmt::format("tonmeister-bench-{}.state.json", ::getpid())).string();
    std::vector<double> making, writing, reading;
    std::size_t bytes = 0;
    for (int i = 0; i < rounds; ++i) {
        auto start = std::chrono::steady_clock::now();
        const auto text = control::state_text(loaded, rig.console().desk());
        making.push_back(milliseconds_since(start));
        bytes = text.size();
        start = std::chrono::steady_clock::now();
        if (const auto done = control::replace_file(path, text); !done) throw std::runtime_error(done.error());
        writing.push_back(milliseconds_since(start));
        start = std::chrono::steady_clock::now();
        if (!control::read_state(text, loaded)) throw std::runtime_error("scenes: the state can't be read back");
        reading.push_back(milliseconds_since(start));
    }
    std::filesystem::remove(path);
    return {{"bytes", bytes}, {"text_ms", median(making)}, {"disk_ms", median(writing)}, {"read_ms", median(reading)}};
}

} // namespace

/// Ten parameters of every strip recalled at once, as a fade of half a second and as a cut: the control thread's time, the
/// callback that takes them, and those that follow; then the state file of the same desk.
void scenes(nlohmann::json& out, bool quick) {
    const int count = quick ? 100 : 1000, rounds = quick ? 4 : 20;
    const auto json = strips_into_bus(count, kChain);
    DeskRig rig(json);
    control::Scenes scenes(rig.console());
    rig.run(10, 64);
    for (const bool second : {false, true}) {
        for (int s = 0; s < count; ++s)
            for (const auto& move : kMoves) {
                rig.move(fmt::format("/s{}/{}", s, move.address), second ? move.two : move.one, -1);
                if (s % 64 == 0) rig.run(1, 64); // room in the queue
            }
        if (!scenes.store(second ? "two" : "one", {})) throw std::runtime_error("scenes: nothing was stored");
    }
    rig.run(750, 64);
    rig.console().poll();
    Times fades, cuts;
    for (int i = 0; i < rounds; ++i) {
        const auto changed = scenes.diff("one");
        if (!changed || changed->size() != static_cast<std::size_t>(count) * kMoves.size()) throw std::runtime_error("scenes: the scenes differ in something else");
        recall_once(rig, scenes, "one", 0.5, fades);
        rig.run(750, 64);
        rig.console().poll();
        recall_once(rig, scenes, "two", 0, cuts);
        rig.run(750, 64);
        rig.console().poll();
    }
    const auto told = [](const Times& t) {
        return nlohmann::json{{"recall_ms", median(t.recall)}, {"recall_longest_ms", *std::ranges::max_element(t.recall)}, {"first_callback_ms", median(t.first)},
                              {"usual_callback_ms", median(t.rest)}, {"longest_callback_ms", t.longest}, {"callbacks_above_period", t.above_period}};
    };
    out["scenes"] = {{"what", "highpass, eq, compressor, fader, pan in each strip; ten parameters of every strip recalled at one sample; then the state file"},
                     {"strips", count},
                     {"parameters", count * static_cast<int>(kMoves.size())},
                     {"period_ms", kPeriod},
                     {"fade", told(fades)},
                     {"cut", told(cuts)},
                     {"state", state_file(rig, DeskRig::desk_of(json), quick ? 2 : 10)}};
}

} // namespace ton::app::benching
