// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/connections.hpp"
#include "backend/cycle_meter.hpp"
#include "backend/latency.hpp"
#include "backend/pipewire_socket.hpp"
#include "backend/port_table.hpp"
#include "backend/published.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

using namespace ton::backend;

namespace {

PortSpec input(std::string name, std::vector<std::string> connect) {
    return {name, true, 0, connect, {}, 0};
}
PortSpec output(std::string name, std::vector<std::string> connect) {
    return {name, false, 0, connect, {}, 0};
}

const std::vector<PresentPort> kStage{
    {"system:capture_1", true, false, {}},  {"system:capture_2", true, false, {}},
    {"system:capture_10", true, false, {}}, {"system:playback_1", false, false, {}},
    {"desk:host/in_1", false, true, {}},    {"desk:host/out_1", true, true, {}}};

std::vector<PresentPort> without(std::vector<PresentPort> ports, const std::string& name) {
    std::erase_if(ports, [&](const auto& port) { return port.name == name; });
    return ports;
}

} // namespace

TEST_CASE("an exact wish connects in the port's direction, and a missing one is counted, not an error") {
    Connections connections;
    CHECK(connections
              .set_wishes(std::vector{input("host/in_1", {"system:capture_1", "system:capture_7"}),
                                      output("host/out_1", {"system:playback_1", "system:capture_1"})},
                          "desk")
              .empty());
    const auto work = connections.work(kStage);
    CHECK(work.connect == std::vector<Connection>{{"desk:host/out_1", "system:playback_1"},
                                                  {"system:capture_1", "desk:host/in_1"}});
    CHECK(work.missing == 2); // capture_7 isn't there; capture_1 is no place to send sound to
    CHECK(connections.missing(kStage) == 2);
}

TEST_CASE("a regex matches whole names only, and never this client's own ports") {
    Connections connections;
    connections.set_wishes(std::vector{input("host/in_1", {"/.*:(capture|host.out)_1/"})}, "desk");
    CHECK(connections.work(kStage).connect ==
          std::vector<Connection>{{"system:capture_1", "desk:host/in_1"}});
    connections.set_wishes(std::vector{input("host/in_1", {"/system:capture_.*/"})}, "desk");
    CHECK(connections.work(kStage).connect.size() == 3);
    const auto errors =
        connections.set_wishes(std::vector{input("host/in_1", {"/system:(/", "system:capture_1"})}, "desk");
    CHECK(errors.size() == 1);
    const auto work = connections.work(kStage);
    CHECK(work.connect.size() == 1);
    CHECK(work.missing == 1);
}

TEST_CASE("an alias fulfils exact and regex wishes") {
    auto stage = kStage;
    stage[0].aliases = {"alsa_pcm:capture_1"};
    Connections connections;
    connections.set_wishes(std::vector{input("host/in_1", {"alsa_pcm:capture_1"})}, "desk");
    CHECK(connections.work(stage).connect == std::vector<Connection>{{"system:capture_1", "desk:host/in_1"}});
    connections.set_wishes(std::vector{input("host/in_1", {"/alsa_pcm:.*/"})}, "desk");
    CHECK(connections.work(stage).connect == std::vector<Connection>{{"system:capture_1", "desk:host/in_1"}});
}

TEST_CASE("what was made once is not forced again until one of its ports reappears") {
    Connections connections;
    const Connection cable{"system:capture_1", "desk:host/in_1"};
    connections.set_wishes(std::vector{input("host/in_1", {"system:capture_1"})}, "desk");
    CHECK(connections.work(kStage).connect == std::vector{cable});
    CHECK(connections.work(kStage).connect == std::vector{cable}); // not made yet: offered again
    connections.made(cable);
    CHECK(connections.work(kStage).connect.empty());
    SUBCASE("gone and back between two looks") {
        connections.appeared("system:capture_1");
        CHECK(connections.work(kStage).connect == std::vector{cable});
    }
    SUBCASE("seen to be gone") {
        const auto work = connections.work(without(kStage, "system:capture_1"));
        CHECK(work.missing == 1);
        CHECK(work.disconnect.empty()); // nothing is left to disconnect
        CHECK(connections.work(kStage).connect == std::vector{cable});
    }
    SUBCASE("another port's appearance is no reason") {
        connections.appeared("system:capture_2");
        CHECK(connections.work(kStage).connect.empty());
    }
    SUBCASE("the own port is registered anew") {
        CHECK(connections.work(without(kStage, "desk:host/in_1")).connect.empty());
        CHECK(connections.work(kStage).connect == std::vector{cable});
    }
}

TEST_CASE("open are the exact names that are not connected; a pattern is never open, nor what a hand has taken apart") {
    Connections connections;
    using Names = std::vector<std::string>;
    connections.set_wishes(std::vector{input("host/in_1", {"system:capture_1", "system:capture_7"}),
                                       output("host/out_1", {"system:playback_1", "/late:.*/"})}, "desk");
    connections.work(kStage);
    CHECK(connections.open() == Names{"system:capture_1 to desk:host/in_1", "system:capture_7 to desk:host/in_1",
                                      "desk:host/out_1 to system:playback_1"});
    for (const auto& wanted : connections.work(kStage).connect) connections.made(wanted);
    CHECK(connections.open() == Names{"system:capture_7 to desk:host/in_1"});
    connections.work(kStage); // nobody looks whether the cables are still there
    CHECK(connections.open() == Names{"system:capture_7 to desk:host/in_1"});
    connections.work(without(kStage, "system:playback_1"));
    CHECK(connections.open() == Names{"system:capture_7 to desk:host/in_1", "desk:host/out_1 to system:playback_1"});
}

TEST_CASE("a wish that is taken back is disconnected, others stay") {
    Connections connections;
    connections.set_wishes(std::vector{input("host/in_1", {"system:capture_1", "system:capture_2"})}, "desk");
    for (const auto& cable : connections.work(kStage).connect) connections.made(cable);
    connections.set_wishes(std::vector{input("host/in_1", {"system:capture_2"})}, "desk");
    const auto work = connections.work(kStage);
    CHECK(work.disconnect == std::vector<Connection>{{"system:capture_1", "desk:host/in_1"}});
    CHECK(work.connect.empty());
}

TEST_CASE("latency ranges are the union of all paths, each with its own delay") {
    // Two inputs that were captured 10…20 and 100…100 frames ago; output 0 hears both, output 1 the second
    // only.
    const LatencyPaths paths(std::vector<PathLatency>{{0, 0, 5, 7}, {1, 0, 0, 0}, {1, 1, 480, 480}});
    const auto capture = [](int in) { return in == 0 ? LatencyRange{10, 20} : LatencyRange{100, 100}; };
    CHECK(paths.of_output(0, capture) == LatencyRange{15, 100});
    CHECK(paths.of_output(1, capture) == LatencyRange{580, 580});
    CHECK(paths.of_output(2, capture) == LatencyRange{0, 0});
    const auto playback = [](int out) { return out == 0 ? LatencyRange{30, 40} : LatencyRange{1000, 1000}; };
    CHECK(paths.of_input(0, playback) == LatencyRange{35, 47});
    CHECK(paths.of_input(1, playback) == LatencyRange{30, 1480});
}

TEST_CASE("a path that is told in one direction does not exist in the other") {
    using Told = PathLatency::Told;
    const LatencyPaths paths(std::vector<PathLatency>{{0, 0, 10, 10}, {0, 1, 3, 3, Told::capture}, {1, 0, 4, 4, Told::playback}});
    const auto none = [](int) { return LatencyRange{}; };
    CHECK(paths.of_output(0, none) == LatencyRange{10, 10});
    CHECK(paths.of_output(1, none) == LatencyRange{3, 3});
    CHECK(paths.of_input(0, none) == LatencyRange{10, 10});
    CHECK(paths.of_input(1, none) == LatencyRange{4, 4});
}

TEST_CASE("a published object is never taken away while a cycle sees it") {
    struct Canary {
        std::atomic<bool> alive{true};
    };
    Published<Canary> cell;
    std::atomic<bool> running{true};
    std::atomic<int> dead_seen{0}, cycles{0};
    std::thread audio([&] {
        while (running) {
            if (auto* canary = cell.enter())
                for (int i = 0; i < 50; ++i)
                    if (!canary->alive.load(std::memory_order_relaxed)) ++dead_seen;
            cell.leave();
            ++cycles;
            std::this_thread::yield();
        }
    });
    std::vector<std::unique_ptr<Canary>> graveyard; // kept, so that a late look is seen and not undefined
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    while (std::chrono::steady_clock::now() < end && graveyard.size() < 1000000) {
        cell.publish(std::make_unique<Canary>());
        cell.reclaim([&](std::unique_ptr<Canary> dead) {
            dead->alive = false;
            graveyard.push_back(std::move(dead));
        });
    }
    running = false;
    audio.join();
    CHECK(dead_seen == 0);
    CHECK(cycles > 0);
    CHECK(graveyard.size() > 10);
}

TEST_CASE("an object is kept while a cycle is inside, and given back after") {
    Published<int> cell;
    int given_back = 0;
    const auto count = [&](std::unique_ptr<int>) { ++given_back; };
    cell.publish(std::make_unique<int>(1));
    CHECK(*cell.enter() == 1);
    cell.publish(std::make_unique<int>(2));
    cell.reclaim(count);
    CHECK(given_back == 0);
    cell.leave();
    cell.reclaim(count);
    CHECK(given_back == 1);
    CHECK(*cell.enter() == 2);
    cell.leave();
}

TEST_CASE("a cycle that is frozen in its middle is not over") {
    Published<int> cell;
    CHECK(cell.idle());
    CHECK(cell.enter() == nullptr); // counts where there is nothing to be seen, too
    CHECK_FALSE(cell.idle());
    cell.leave();
    CHECK(cell.idle());
}

TEST_CASE("load is busy time over period time, the peak is one cycle's, and is taken once") {
    CycleMeter meter;
    meter.sample();
    meter.add(100'000, 1'000'000);
    meter.add(700'000, 1'000'000);
    CHECK(meter.load() == doctest::Approx(0.4));
    CHECK(meter.take_peak() == doctest::Approx(0.7));
    CHECK(meter.take_peak() == 0.0);
}

TEST_CASE("page faults are counted for the audio thread alone") {
    CycleMeter meter;
    CHECK(meter.page_faults() == -1);
    constexpr std::size_t pages = 64, page = 4096;
    const auto touch_fresh_pages = [] {
        auto* memory = static_cast<volatile char*>(
            mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        madvise(const_cast<char*>(memory), pages * page, MADV_NOHUGEPAGE); // one fault a page
        for (std::size_t i = 0; i < pages; ++i) memory[i * page] = 1;
        munmap(const_cast<char*>(memory), pages * page);
    };
    std::atomic<int> step{0};
    std::thread audio([&] {
        meter.attach_this_thread();
        step = 1;
        while (step != 2) std::this_thread::yield();
        touch_fresh_pages();
        step = 3;
        while (step != 4) std::this_thread::yield();
    });
    while (step != 1) std::this_thread::yield();
    touch_fresh_pages(); // so that the audio thread finds all but the pages in place
    const auto idle = meter.page_faults();
    touch_fresh_pages(); // on this thread: not counted
    const auto before = meter.page_faults();
    step = 2;
    while (step != 3) std::this_thread::yield();
    const auto after = meter.page_faults();
    step = 4;
    audio.join();
    CHECK(before >= 0);
    CHECK(after - before >= static_cast<std::int64_t>(pages));
    CHECK(before - idle < static_cast<std::int64_t>(pages) / 2);
}

TEST_CASE("a callback longer than the engine takes is cut, and no frame is lost") {
    ton::engine::Engine engine;
    struct NoPort {};
    PortTable<NoPort> table(1, 2);
    std::vector<float> in(20000, 1.0F), out(20000, 1.0F);
    table.input_buffers[0] = in.data();
    table.output_buffers[1] = out.data();
    table.process(engine, 20000);
    CHECK(engine.counters().frames == 20000);
    CHECK(engine.counters().cycles == 3);                     // 8192 + 8192 + 3616
    CHECK(std::count(out.begin(), out.end(), 0.0F) == 20000); // no plan: silence, to the last frame
}

TEST_CASE("a service without a runtime folder finds its user's, and keeps one that it was given") {
    namespace fs = std::filesystem;
    const auto kept = std::getenv("XDG_RUNTIME_DIR") != nullptr ? std::string(std::getenv("XDG_RUNTIME_DIR")) : std::string();
    const fs::path users = fs::temp_directory_path() / ("tonmeister-users-" + std::to_string(getpid()));
    const auto own = users / std::to_string(geteuid());
    unsetenv("XDG_RUNTIME_DIR");
    find_runtime_folder(users.string());
    CHECK(std::getenv("XDG_RUNTIME_DIR") == nullptr);
    fs::create_directories(own);
    find_runtime_folder(users.string());
    CHECK(std::string(std::getenv("XDG_RUNTIME_DIR")) == own.string());
    setenv("XDG_RUNTIME_DIR", "/elsewhere", 1);
    find_runtime_folder(users.string());
    CHECK(std::string(std::getenv("XDG_RUNTIME_DIR")) == "/elsewhere");
    fs::remove_all(users);
    if (kept.empty()) unsetenv("XDG_RUNTIME_DIR");
    else setenv("XDG_RUNTIME_DIR", kept.c_str(), 1);
}
