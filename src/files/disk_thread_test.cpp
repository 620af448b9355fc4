// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/disk_thread.hpp"

#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <memory>

using namespace ton::files;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

struct Worker : DiskClient {
    std::atomic<int> left{0}, calls{0};
    std::atomic<bool> inside{false};
    std::chrono::milliseconds takes{0};

    bool work() noexcept override {
        inside = true;
        ++calls;
        std::this_thread::sleep_for(takes);
        const bool more = left > 0 && --left > 0;
        inside = false;
        return more;
    }
};

bool within(std::chrono::milliseconds limit, const auto& condition) {
    for (const auto end = Clock::now() + limit; Clock::now() < end; std::this_thread::sleep_for(1ms))
        if (condition()) return true;
    return condition();
}

} // namespace

TEST_CASE("run_once works every client to the end, in this thread") {
    DiskThread disk;
    Worker a, b;
    a.left = 5;
    b.left = 3;
    disk.add(a);
    disk.add(b);
    disk.add(b);
    CHECK(disk.run_once());
    CHECK(a.left == 0);
    CHECK(b.left == 0);
    const int calls = b.calls;
    disk.remove(b);
    a.left = 2;
    CHECK(disk.run_once());
    CHECK(a.left == 0);
    CHECK(b.calls == calls);
}

TEST_CASE("the thread serves clients by itself, run_once keeps out, stop and start again") {
    DiskThread disk;
    Worker a;
    disk.add(a);
    for (int round = 0; round < 3; ++round) {
        disk.start();
        disk.start();
        CHECK(!disk.run_once());
        a.left = 100;
        CHECK(within(20s, [&] { return a.left == 0; }));
        disk.stop();
        disk.stop();
        const int calls = a.calls;
        std::this_thread::sleep_for(20ms);
        CHECK(a.calls == calls);
        a.left = 2;
        CHECK(disk.run_once());
        CHECK(a.left == 0);
    }
}

TEST_CASE("an idle thread asks its clients again every few milliseconds") {
    DiskThread disk;
    Worker a;
    disk.add(a);
    disk.start();
    CHECK(within(20s, [&] { return a.calls >= 20; })); // 100 ms if the machine were free
}

TEST_CASE("remove waits for the piece under way; nothing is touched after it") {
    DiskThread disk;
    disk.start();
    for (int round = 0; round < 20; ++round) {
        auto client = std::make_unique<Worker>();
        client->takes = 3ms;
        client->left = 1000;
        disk.add(*client);
        CHECK(within(20s, [&] { return client->inside.load(); }));
        disk.remove(*client);
        CHECK(!client->inside);
        client.reset(); // ASan and TSan see it when the thread comes back to it
    }
}

TEST_CASE("a busy client doesn't starve the others") {
    DiskThread disk;
    Worker busy, other;
    busy.left = 1 << 30;
    other.left = 10;
    disk.add(busy);
    disk.add(other);
    disk.start();
    CHECK(within(20s, [&] { return other.left == 0; }));
    disk.remove(busy);
    disk.remove(other);
}
