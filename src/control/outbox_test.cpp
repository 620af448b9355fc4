// SPDX-License-Identifier: GPL-3.0-or-later
// Floods: nothing is lost, the order holds, a callback stays short.
#include "control/outbox.hpp"
#include "control/test_desk.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>

using namespace ton;
using namespace ton::test;
using engine::Command;
using engine::Engine;

namespace {

const std::string kTwo = R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "fader": {} }, { "gain": {} } ] } } })";

struct Rig {
    TestDesk desk{kTwo, {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}}};
    Planes ones{std::vector<float>(9600, 1.0F)};

    Rig() { desk.play(480, {{"x", ones}}); }
    void set(const char* address, double value) { desk.set(address, value); }
    /// Commands for an instance that isn't there, until the queue is full.
    void fill() {
        const std::vector<Command> batch(Engine::kMostAtOnce, Command{.slot = 99999});
        while (desk.engine().post(batch)) {}
        while (desk.engine().post(Command{.slot = 99999})) {}
    }
    double level() { return static_cast<double>(desk.play(9600, {{"x", ones}}).at("x")[0].back()); }
};

double gain(double db) { return std::pow(10.0, db / 20.0); }

} // namespace

TEST_CASE("while the queue is full a parameter's newest value wins, and what was sent between keeps its place") {
    Rig rig;
    rig.fill();
    rig.set("/x/fader/level", -6);
    rig.set("/x/fader/level", -12); // takes the other's place
    rig.desk.console().begin();
    rig.set("/x/fader/level", -40);
    rig.set("/x/gain/level", -20);
    rig.desk.console().commit();
    rig.set("/x/fader/level", -3); // after the batch, so it must not take the place before it
    CHECK(rig.level() == doctest::Approx(gain(-23)).epsilon(1e-4));
}

TEST_CASE("a setting made after an edit is not sent before it, though the queue is full") {
    // The module with another look-ahead is a new one, made with the old make-up gain.
    TestDesk desk(R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "compressor": { "ratio": 1 } } ] } } })",
                  {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    const Planes ones(1, std::vector<float>(9600, 1.0F));
    desk.play(480, {{"x", ones}});
    const std::vector<Command> batch(Engine::kMostAtOnce, Command{.slot = 99999});
    while (desk.engine().post(batch)) {}
    desk.set("/x/compressor/makeup", -6);
    desk.set("/x/compressor/lookahead", 5);
    desk.set("/x/compressor/makeup", -12);
    CHECK(static_cast<double>(desk.play(9600, {{"x", ones}}).at("x")[0].back()) == doctest::Approx(gain(-12)).epsilon(1e-4));
}

TEST_CASE("a batch of more commands than the queue holds arrives, the last value last") {
    Rig rig;
    rig.desk.console().begin();
    for (int i = 0; i < 40000; ++i) rig.set("/x/fader/level", -i % 100 - 1);
    rig.set("/x/fader/level", -6);
    rig.desk.console().commit();
    CHECK(rig.level() == doctest::Approx(gain(-6)).epsilon(1e-4));
    CHECK(rig.desk.engine().counters().dropped.load() == 0);
}

TEST_CASE("a callback takes a flood in pieces, and a batch whole") {
    Rig rig;
    auto& engine = rig.desk.engine();
    for (int i = 0; i < 5000; ++i) REQUIRE(engine.post(Command{.slot = 99999}));
    engine.process({{}, {}, 64});
    CHECK(engine.queued() == 5000 - Engine::kMostPerCallback);
    for (int i = 0; i < 4; ++i) engine.process({{}, {}, 64});
    CHECK(engine.queued() == 0);
    CHECK(engine.counters().dropped.load() == 5000);
    // A single one more, and the batch begins within the piece: it is taken to its end, what follows it is not.
    REQUIRE(engine.post(Command{.slot = 99999}));
    REQUIRE(engine.post(std::vector<Command>(Engine::kMostAtOnce, Command{.slot = 99999})));
    REQUIRE(engine.post(Command{.slot = 99999}));
    engine.process({{}, {}, 64});
    CHECK(engine.queued() == 1);
    CHECK_FALSE(engine.post(std::vector<Command>(Engine::kMostAtOnce + 1)));
}

TEST_CASE("timed batches that do not fit all at once are neither split nor lost") {
    Rig rig;
    auto& engine = rig.desk.engine();
    const auto now = engine.counters().frames.load();
    const std::vector<Command> batch(Engine::kMostAtOnce, Command{.time = now + 6400, .slot = 99999});
    for (int i = 0; i < 3; ++i) REQUIRE(engine.post(batch)); // 24,576; 16,384 can wait in the engine
    for (int i = 0; i < 10; ++i) engine.process({{}, {}, 64});
    CHECK(engine.counters().dropped.load() == 0);
    for (int i = 0; i < 100; ++i) engine.process({{}, {}, 64});
    CHECK(engine.counters().dropped.load() == 3 * Engine::kMostAtOnce);
    CHECK(engine.taken_all());
}

TEST_CASE("a second transaction waits for the first, and what was sent after it") {
    TestDesk desk(R"({ "version": 1, "strips": { "x": { "channels": 1, "chain": [ { "compressor": { "ratio": 1 } } ] } } })",
                  {.lane_width = 0, .inputs = {{"x", 1}}, .outputs = {"x"}});
    const Planes ones(1, std::vector<float>(9600, 1.0F));
    desk.play(480, {{"x", ones}});
    desk.set("/x/compressor/lookahead", 5); // under way for 480 frames
    auto& engine = desk.engine();
    auto empty = std::make_unique<engine::Transaction>();
    empty->plan = new engine::Plan;
    REQUIRE(engine.post(Command{.what = Command::What::transact, .transaction = empty.release()}));
    engine.process({{}, {}, 64});
    CHECK_FALSE(engine.taken_all());
    engine.process({{}, {}, 480});
    engine.process({{}, {}, 64});
    CHECK(engine.taken_all());
    engine::Notice notice;
    int swaps = 0;
    for (; engine.poll(notice); ++swaps) delete notice.transaction;
    CHECK(swaps == 2);
}

TEST_CASE("a flood on a full queue costs a constant time each") {
    Rig rig;
    control::Outbox outbox(rig.desk.engine());
    rig.fill();
    const auto begin = std::chrono::steady_clock::now();
    for (int turn = 0; turn < 2; ++turn)
        for (std::uint32_t i = 0; i < 50000; ++i) outbox.add({{.slot = 100000 + i}});
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    CHECK(outbox.size() == 50000);
    CHECK(elapsed.count() < 10.0); // a search through what waits would take minutes
}
