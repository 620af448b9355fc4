// SPDX-License-Identifier: GPL-3.0-or-later
// The book's limits: packet sizes, bursts, counts, memory, time.
#include "control/osc/subscriptions_test_desk.hpp"

#include <cmath>

using namespace ton::control::osc;

TEST_CASE("datagrams stay within 1,400 bytes and carry everything") {
    Desk desk;
    const auto id = desk.subscribe(1, "//*");
    const Arguments value{1.0F};
    for (int i = 0; i < 500; ++i)
        desk.book.snapshot(id, "/strip" + std::to_string(i) + "/fader/level", value, desk.now);
    desk.flush();
    CHECK(desk.take(1).size() == 500);
    CHECK(desk.sizes.size() < 20); // 36 bytes with its size each: at least 38 in a datagram
    for (const std::size_t size : desk.sizes) CHECK(size <= 1'400);
    desk.sizes.clear();
    const Arguments text{std::string(3'000, 'x')};
    desk.book.on_change("/long", text, nullptr, {}, desk.now);
    desk.book.on_change("/short", value, nullptr, {}, desk.now);
    desk.after(100ms);
    CHECK(desk.take(1).size() == 2); // a message that is longer by itself goes alone
}

TEST_CASE("a large frame goes in bursts, so that the client's socket buffer can take it") {
    Desk desk;
    const auto id = desk.subscribe(1, "//*");
    const Arguments value{1.0F};
    for (int i = 0; i < 10'000; ++i)
        desk.book.snapshot(id, "/s" + std::to_string(i) + "/fader/level", value, desk.now);
    desk.flush();
    CHECK(desk.sizes.size() == 64);
    CHECK(desk.book.next_due() == desk.now + 5ms);
    for (int i = 0; i < 10; ++i) desk.after(5ms);
    CHECK(desk.take(1).size() == 10'000);
}

TEST_CASE("limits and bad requests") {
    Desk desk({.per_peer = 3, .in_all = 5});
    for (const char* pattern : {"/a", "/b", "/c"}) desk.subscribe(1, pattern);
    CHECK(desk.book.subscribe(peer(1), {"/d", 0, false}, desk.now).error() ==
          SubscribeError::too_many_of_peer);
    CHECK(desk.book.subscribe(peer(1), {"/a", 0, false}, desk.now).has_value()); // a renewal is none more
    desk.subscribe(2, "/a");
    desk.subscribe(3, "/a");
    CHECK(desk.book.subscribe(peer(4), {"/a", 0, false}, desk.now).error() ==
          SubscribeError::too_many_in_all);
    for (const char* bad : {"", "a", "/[", "/a/"}) {
        CHECK(desk.book.subscribe(peer(1), {bad, 0, false}, desk.now).error() == SubscribeError::bad_pattern);
    }
    for (const double bad : {-1.0, std::nan(""), double{INFINITY}}) {
        CHECK(desk.book.subscribe(peer(1), {"/a", bad, false}, desk.now).error() == SubscribeError::bad_rate);
    }
    CHECK(desk.book.subscribe(peer(1), {"/a", 1e9, false}, desk.now)->rate_hz == 100);
    CHECK(desk.book.subscribe(peer(1), {"/a", 1e-9, false}, desk.now)->rate_hz == 0.1);
    CHECK(desk.book.subscribe(peer(1), {"/a", 0, false}, desk.now)->rate_hz == 20);
    Desk small({.addresses = 2});
    small.subscribe(1, "/*");
    for (const char* address : {"/a", "/b", "/c"}) small.change(address, 1.0F);
    small.flush();
    CHECK(small.take(1).size() == 2);
    CHECK(small.book.counters().lost == 1);
    small.book.forget("/a");
    small.change("/c", 1.0F);
    small.after(100ms);
    CHECK(small.take(1) == Messages{{"/c", {1.0F}}});
}

TEST_CASE("a forgotten address sends nothing, its place may be used anew") {
    Desk desk;
    desk.subscribe(1, "/a");
    desk.subscribe(2, "/b");
    desk.change("/a", 1.0F);
    desk.book.forget("/a");
    desk.change("/b", 2.0F); // takes the place of /a
    desk.flush();
    CHECK(desk.take(1).empty());
    CHECK(desk.take(2) == Messages{{"/b", {2.0F}}});
    CHECK(desk.book.wanted("/a"));
    CHECK_FALSE(desk.book.wanted("/c"));
}

TEST_CASE("it scales: 100 subscribers, 10,000 addresses") {
    SubscriptionLimits limits;
    limits.burst_packets = 1'000'000;
    Subscriptions book(limits);
    auto now = Subscriptions::Time{} + 1'000s;
    for (std::uint16_t i = 0; i < 100; ++i) REQUIRE(book.subscribe(peer(i), {"/*/meter/*", 20, false}, now));
    std::vector<std::string> addresses;
    for (int i = 0; i < 10'000; ++i)
        addresses.push_back("/strip" + std::to_string(i / 10) + "/meter/" + std::to_string(i % 10));
    std::size_t bytes = 0;
    const auto sink = [&](const Peer&, ByteView packet) {
        bytes += packet.size();
        return true;
    };
    const float reading = -6;
    double change_ns = 0;
    double flush_ns = 0;
    for (int round = 0; round < 3; ++round) { // the first learns the addresses
        now += 50ms;
        const double start = cpu_seconds();
        for (const std::string& address : addresses) book.on_meter(address, {&reading, 1}, now);
        const double middle = cpu_seconds();
        book.flush(now, sink);
        change_ns = (middle - start) * 1e9 / 1e6;
        flush_ns = (cpu_seconds() - middle) * 1e9 / 1e6;
    }
    CHECK(book.counters().messages == 3'000'000);
    MESSAGE("per subscriber and address: change " << change_ns << " ns, frame " << flush_ns << " ns");
    CHECK(change_ns + flush_ns < 2'000); // ten times and more what it takes here, sanitizers included
}
