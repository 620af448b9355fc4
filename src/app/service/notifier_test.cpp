// SPDX-License-Identifier: GPL-3.0-or-later
// The expected words are those of sd_notify(3).
#include "app/service/notifier.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

using namespace ton::app::service;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Rig {
    std::vector<std::string> sent;
    Notifier notifier;
    Notifier::Clock::time_point now{seconds(1000)};

    explicit Rig(std::chrono::microseconds watchdog = {})
        : notifier([this](const std::string& message) { sent.push_back(message); }, watchdog) {}
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;
    /// Ticks ten times a second; each tick counts `cycles` callbacks.
    void run(milliseconds time, Health& health, int cycles) {
        for (const auto end = now + time; now < end; now += milliseconds(100)) {
            health.cycles += static_cast<std::uint64_t>(cycles);
            notifier.tick(health, now);
        }
    }
    int count(const std::string& message) const {
        int found = 0;
        for (const auto& line : sent) found += line == message ? 1 : 0;
        return found;
    }
};

} // namespace

TEST_CASE("SYS-2: READY comes once, when ports exist and the audio moves") {
    Rig rig;
    Health health;
    rig.run(seconds(1), health, 0);
    CHECK(rig.sent.empty()); // neither running nor waiting: the manager's time-out goes on
    health.cycles = 500;     // the counter of an earlier server proves nothing
    health.running = true;
    rig.run(seconds(1), health, 0);
    CHECK(rig.sent.empty());
    rig.run(seconds(1), health, 75);
    CHECK(rig.sent == std::vector<std::string>{"READY=1"});
    CHECK(rig.notifier.ready());
    health.running = false;
    health.waiting = true;
    rig.run(seconds(20), health, 0);
    CHECK(rig.sent.size() == 1); // ready for good: a lost server is no start
}

TEST_CASE("a server that is waited for puts off the start's time-out, every five seconds") {
    Rig rig;
    Health health{.cycles = 0, .running = false, .waiting = true, .stuck = false};
    rig.run(seconds(12), health, 0);
    CHECK(rig.sent == std::vector<std::string>(3, "EXTEND_TIMEOUT_USEC=15000000"));
    health.stuck = true;
    rig.run(seconds(12), health, 0);
    CHECK(rig.sent.size() == 3);
}

TEST_CASE("SYS-3: the watchdog is fed at half its time while audio moves or is waited for, else starved") {
    Rig rig(seconds(4));
    Health health{.cycles = 1, .running = true, .waiting = false, .stuck = false};
    rig.run(seconds(10), health, 75);
    CHECK(rig.count("WATCHDOG=1") == 5);
    rig.run(seconds(10), health, 0);     // the audio thread hangs
    CHECK(rig.count("WATCHDOG=1") == 6); // what had moved before the hang
    rig.run(seconds(1), health, 75);     // it moves again, in time
    CHECK(rig.count("WATCHDOG=1") == 7);
    health = {.cycles = health.cycles, .running = false, .waiting = true, .stuck = false};
    rig.run(seconds(10), health, 0);
    const int waiting = rig.count("WATCHDOG=1");
    CHECK(waiting >= 11);
    CHECK(waiting <= 12);
    health.stuck = true;
    rig.run(seconds(10), health, 0);
    CHECK(rig.count("WATCHDOG=1") == waiting);
}

TEST_CASE("a reload is told before and after, also where it fails") {
    Rig rig;
    Health health{.cycles = 1, .running = true, .waiting = false, .stuck = false};
    rig.notifier.reloading(rig.now); // not up yet: there is nothing to reload
    rig.run(milliseconds(300), health, 10);
    rig.sent.clear();
    rig.notifier.reloading(rig.now);
    rig.notifier.reloaded("config refused: 2 errors\nthe old one plays on");
    CHECK(rig.sent ==
          std::vector<std::string>{"RELOADING=1\nMONOTONIC_USEC=1000300000",
                                   "READY=1\nSTATUS=config refused: 2 errors the old one plays on"});
}

TEST_CASE("the status is sent when it changes, and stopping is the last word") {
    Rig rig(seconds(2));
    Health health{.cycles = 1, .running = true, .waiting = false, .stuck = false};
    rig.notifier.status("48000 Hz");
    rig.notifier.status("48000 Hz");
    rig.notifier.stopping();
    rig.notifier.stopping();
    rig.run(seconds(5), health, 75);
    CHECK(rig.sent == std::vector<std::string>{"STATUS=48000 Hz", "STOPPING=1"});
}

TEST_CASE("the manager's socket gets the words, by path and by abstract name") {
    const std::string path = "/tmp/tm-notify-" + std::to_string(getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t length = 0;
    std::string name;
    SUBCASE("a path") {
        name = path;
        name.copy(address.sun_path, name.size());
        length = sizeof address;
    }
    SUBCASE("an abstract name") {
        name = "@" + path;
        path.copy(address.sun_path + 1, path.size()); // the first byte stays zero: unix(7)
        length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
    }
    const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(bind(manager, reinterpret_cast<sockaddr*>(&address), length) == 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    setenv("WATCHDOG_USEC", "2000000", 1);
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    auto notifier = Notifier::from_environment();
    const auto receive = [&] {
        std::array<char, 512> text{};
        const auto size = recv(manager, text.data(), text.size(), 0);
        return std::string(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    };
    Notifier::Clock::time_point now{seconds(1)};
    Health health{.cycles = 1, .running = true, .waiting = false, .stuck = false};
    notifier.tick(health, now);
    CHECK(receive() == "WATCHDOG=1");
    health.cycles = 2;
    notifier.tick(health, now);
    CHECK(receive() == "READY=1");
    notifier.tick(health, now + seconds(1));
    CHECK(receive() == "WATCHDOG=1");
    CHECK(receive().empty());

    setenv("WATCHDOG_PID", "1", 1); // the watchdog is another process's
    auto without = Notifier::from_environment();
    without.tick(health, now);
    without.tick({.cycles = 3, .running = true, .waiting = false, .stuck = false}, now);
    CHECK(receive() == "READY=1");
    CHECK(receive().empty());
    for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(variable);
    close(manager);
    unlink(path.c_str());
}

TEST_CASE("without a manager nothing is sent and nothing fails") {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    auto notifier = Notifier::from_environment();
    notifier.status("alone");
    notifier.tick({.cycles = 1, .running = true, .waiting = false, .stuck = false}, Notifier::Clock::now());
    notifier.stopping();
    CHECK_FALSE(notifier.ready());
}
