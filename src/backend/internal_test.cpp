// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/backend.hpp"
#include "backend/testing.hpp"

#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace ton;
using namespace ton::backend;

TEST_CASE("the internal clock runs the engine at the sample rate") {
    engine::Engine engine;
    auto clock = make_internal(engine, 48000, 480);
    double ready_rate = 0;
    int ready_block = 0;
    clock->on_ready = [&](double rate, int block) { ready_rate = rate, ready_block = block; };
    CHECK(clock->status().state == State::stopped);
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    REQUIRE(clock->start());
    const auto started = Clock::now();
    clock->set_ports(testing::plain_ports(2, 2));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    clock->poll();
    const auto status = clock->status();
    const std::chrono::duration<double> least = Clock::now() - started;
    clock->stop();
    const std::chrono::duration<double> most = Clock::now() - begin;
    CHECK(ready_rate == 48000);
    CHECK(ready_block == 480);
    CHECK(status.state == State::running);
    CHECK(status.ports == 4);
    // Catching up keeps the count within four blocks of the wall clock, on a busy machine too, unless xruns
    // say otherwise.
    const auto frames = static_cast<double>(engine.counters().frames.load());
    CHECK(frames <= most.count() * 48000 + 480);
    if (status.xruns == 0) CHECK(frames >= least.count() * 48000 - 5 * 480);
    CHECK(engine.counters().cycles.load() * 480 == static_cast<std::uint64_t>(frames));
}

TEST_CASE("it has real-time priority where that is allowed") {
    engine::Engine engine;
    auto clock = make_internal(engine, 48000, 256);
    clock->start();
    REQUIRE(testing::wait_until(5, [&] { return engine.counters().cycles > 3; }));
    sched_param priority{};
    priority.sched_priority = 1;
    const bool allowed = sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
    priority.sched_priority = 0;
    sched_setscheduler(0, SCHED_OTHER, &priority);
    CHECK(clock->status().realtime == allowed);
    CHECK(clock->status().page_faults >= 0);
    clock->stop();
}

TEST_CASE("a stop of 400 ms is one xrun and no burst of late blocks") {
    // A child is stopped and continued as a whole; it reports by its exit code.
    const pid_t child = fork();
    if (child == 0) {
        engine::Engine engine;
        auto clock = make_internal(engine, 48000, 480);
        clock->start();
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const auto before = engine.counters().frames.load();
        raise(SIGSTOP); // the parent continues us
        const auto continued = std::chrono::steady_clock::now();
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const auto after = engine.counters().frames.load();
        const std::chrono::duration<double> since = std::chrono::steady_clock::now() - continued;
        const auto xruns = clock->status().xruns;
        // A burst would add the 400 ms that were slept: 19200 more.
        _exit(xruns >= 1 && static_cast<double>(after - before) < since.count() * 48000 + 9600 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, WUNTRACED) == child);
    REQUIRE(WIFSTOPPED(status));
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    kill(child, SIGCONT);
    REQUIRE(testing::wait_until(10, [&] { return waitpid(child, &status, WNOHANG) == child; }));
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("it starts again after a stop") {
    engine::Engine engine;
    auto clock = make_internal(engine, 44100, 64);
    for (int round = 0; round < 3; ++round) {
        const auto before = engine.counters().cycles.load();
        REQUIRE(clock->start());
        CHECK(testing::wait_until(5, [&] { return engine.counters().cycles > before + 5; }));
        clock->stop();
        const auto stopped = engine.counters().cycles.load();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        CHECK(engine.counters().cycles.load() == stopped);
    }
}
