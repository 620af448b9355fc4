// SPDX-License-Identifier: GPL-3.0-or-later
// Issue 3, section 1: a thousand random edits under a running nine-track session.
#include "control/random_desk.hpp"
#include "control/test_desk.hpp"
#include "heap_trap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>
#include <optional>
#include <thread>

using namespace ton;
using namespace ton::test;

namespace {

void trap(bool begins) {
    static thread_local std::optional<heap::Trap> now;
    if (begins) now.emplace();
    else now.reset();
}

TestDesk::Options options(bool trapped) { return {.lane_width = 0, .inputs = {}, .outputs = RandomDesk::all_strips(), .around_process = trapped ? trap : nullptr}; }

/// What may lie between two samples of a strip that the tones reach with the amplitude 1 in all: a tone's own slope, and of
/// each fade 1.5 times (a smoothstep's steepest) what it moves by its length.
double steepest() {
    const double own = 2 * std::numbers::pi * Tones::kHighest / 48000;
    const double edge = 1.5 / 480;          // comes or goes in 10 ms
    const double latency = 2 * 1.5 / 480;   // crosses in 10 ms, from one tone to another that may be its opposite
    const double hand = 2 * 1.5 / 960;      // any module's parameter, in 20 ms: at worst from a tone to its opposite (polarity)
    return own + edge + latency + hand;
}

struct Steps {
    double worst = 0; // of what is allowed
    std::string strip;
    std::map<std::string, std::vector<float>> last;

    void look(const std::map<std::string, Planes>& out, const std::map<std::string, double>& reach) {
        for (const auto& [name, planes] : out) {
            auto& before = last[name];
            before.resize(planes.size());
            const auto allowed = reach.contains(name) ? reach.at(name) * steepest() : 0.0;
            for (std::size_t c = 0; c < planes.size(); ++c)
                for (const float y : planes[c]) {
                    const auto step = static_cast<double>(std::abs(y - std::exchange(before[c], y)));
                    const auto share = step / (allowed + 1e-6); // and a filter's last ringing, below -120 dBFS
                    if (share > worst) worst = share, strip = name;
                }
        }
        std::erase_if(last, [&](const auto& l) { return !out.contains(l.first); });
    }
};

/// The largest amplitude that could reach each strip lately.
class Reach {
  public:
    void note(const RandomDesk& desk) {
        std::map<std::string, double> now;
        for (const auto& strip : desk.strips()) now[strip] = desk.reach(strip);
        past_.insert(past_.begin(), now);
        if (past_.size() > 6) past_.pop_back();
    }
    std::map<std::string, double> most() const {
        std::map<std::string, double> all;
        for (const auto& then : past_)
            for (const auto& [strip, reach] : then) all[strip] = std::max(all[strip], reach);
        return all;
    }

  private:
    std::vector<std::map<std::string, double>> past_;
};

constexpr int kEdits = 1000;

} // namespace

TEST_CASE("a thousand random edits: no step, untouched strips to the bit, nothing allocated, nothing kept") {
    const Tones tones;
    unsigned seed = 0;
    SUBCASE("first desk") { seed = 11; }
    SUBCASE("second desk") { seed = 12; }
    SUBCASE("third desk") { seed = 13; }
    std::mt19937 random(seed);
    std::vector<std::pair<int, int>> turns; // frames, block
    for (int i = 0; i < kEdits; ++i) turns.emplace_back(560 + static_cast<int>(random() % 700), std::array{16, 64, 100, 441, 1000}[random() % 5]);
    RandomDesk model(tones, seed);
    const auto initial = model.json();

    TestDesk plain(initial, options(false)), edited(initial, options(true));
    Reach reach;
    reach.note(model);
    Steps steps;
    const auto turn = [&](int frames, int block) {
        const auto wanted = plain.play(frames, {}, 512);
        const auto out = edited.play(frames, {}, block);
        steps.look(out, reach.most());
        for (const auto& name : RandomDesk::untouched()) REQUIRE(out.at(name) == wanted.at(name));
    };
    turn(9600, 64);
    // There and back once, so that all that is kept for good is there.
    for (int i = 0; i < 30; ++i) {
        edited.reload(model.json());
        turn(1200, 64);
        if (i < 28) model.edit();
        else model = RandomDesk(tones, seed);
        reach.note(model);
    }
    const auto live = heap::live();
    heap::touched();
    int moved = 0, restructured = 0;
    for (int i = 0; i < kEdits; ++i) {
        CAPTURE(i);
        const auto what = random() % 4;
        if (what < 2) {
            model.edit();
            reach.note(model);
            edited.reload(model.json());
        } else if (const auto move = model.move(what == 3); !move.address.empty()) {
            edited.set(move.address, move.value);
            if (move.address.ends_with("/solo")) reach.note(model);
            ++(what == 3 ? restructured : moved);
        }
        turn(turns[static_cast<std::size_t>(i)].first, turns[static_cast<std::size_t>(i)].second);
    }
    CHECK(heap::touched() == 0);
    CHECK(moved > 200);
    CHECK(restructured > 200);
    MESSAGE("largest step " << steps.worst << " of what the fades explain, in " << steps.strip);
    CHECK(steps.worst <= 0.6); // not all fades meet at once: 0.4 where nothing clicks
    CHECK(edited.console().take_refusals().empty());
    CHECK(edited.engine().counters().healed.load() == 0);

    reach.note(RandomDesk(tones, seed));
    edited.console().clear_solos();
    for (int i = 0; i < 8; ++i) { // back to the beginning
        edited.reload(initial);
        turn(1200, 64);
    }
    MESSAGE("heap after " << kEdits << " edits: " << heap::live() - live << " bytes more than before");
    if (heap::watched()) CHECK(heap::live() - live < 131072); // a plan that is kept would be ten times that, for each edit
}

TEST_CASE("random edits while an audio thread plays: untouched strips to the bit, nothing allocated there") {
    const Tones tones;
    constexpr int kTurns = 250;
    constexpr std::size_t kHeard = 200000;
    RandomDesk model(tones, 21);
    std::vector<float> wanted;
    {
        TestDesk plain(model.json(), options(false));
        const auto out = plain.play(kHeard, {}, 512);
        wanted = out.at("clean")[0];
    }
    files::DiskThread disk; // outlives the players in the engine's plan
    engine::Engine engine;
    control::Console console(engine, {.disk = &disk, .offline = false, .injected = {}, .captured = RandomDesk::all_strips(), .lane_width = 0});
    disk.start();
    const auto apply = [&] {
        auto reading = config::read_text(model.json(), "test");
        const auto desk = graph::resolve(reading.config, reading.errors);
        REQUIRE(reading.errors.empty());
        REQUIRE(console.apply(desk, 48000).empty());
    };
    apply();
    const auto port = std::ranges::find(console.compiled()->ports, "clean/out_1", &graph::Port::name);
    REQUIRE(port != console.compiled()->ports.end());

    std::vector<float> heard(kHeard);
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> frames{0};
    std::atomic<int> touched{0};
    std::thread audio([&, slot = static_cast<std::size_t>(port->slot)] {
        engine::prepare_audio_thread();
        std::vector<std::vector<float>> memory(128, std::vector<float>(64));
        std::vector<float*> out;
        for (auto& plane : memory) out.push_back(plane.data());
        heap::touched();
        while (!stop.load()) {
            {
                const heap::Trap trapped;
                engine.process({{}, out, 64});
            }
            const auto at = frames.load();
            if (at + 64 <= kHeard) std::copy_n(memory[slot].begin(), 64, heard.begin() + static_cast<std::ptrdiff_t>(at));
            frames.store(at + 64);
            std::this_thread::sleep_for(std::chrono::microseconds(50)); // the control thread wants a turn, too
        }
        touched = heap::touched();
    });
    const auto wait = [&](auto&& done) {
        for (int i = 0; i < 5000 && !done(); ++i) {
            console.poll();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return done();
    };
    for (int i = 0; i < kTurns; ++i) {
        CAPTURE(i);
        if (!wait([&] { return console.ready(); })) break;
        if (i % 3 == 2) {
            const auto move = model.move(i % 2 == 0);
            if (const auto* control = console.find(move.address)) CHECK(console.set(*control, {move.value}).error.empty());
        } else {
            model.edit();
            apply();
        }
    }
    CHECK(wait([&] { return console.ready() && frames.load() >= kHeard; }));
    stop = true;
    audio.join();
    disk.stop();
    CHECK(touched == 0);
    CHECK(engine.counters().dropped.load() == 0);
    CHECK(std::ranges::equal(heard, wanted));
}
