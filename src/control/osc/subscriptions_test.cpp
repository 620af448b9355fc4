// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/subscriptions.hpp"

#include "control/osc/test_support.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <map>

using namespace ton::control::osc;
using namespace std::chrono_literals;

namespace {

Peer peer(std::uint16_t port) {
    Peer p;
    p.ip = IpAddress::parse("127.0.0.1").value();
    p.port = port;
    return p;
}

/// A book with its clock and what it sent, decoded again.
struct Desk {
    explicit Desk(SubscriptionLimits limits = {}) : book(limits) {}

    Subscriptions book;
    Subscriptions::Time now = Subscriptions::Time{} + 1'000s;
    std::map<std::uint16_t, std::vector<Message>> got;
    std::vector<std::size_t> sizes;
    std::uint16_t gone = 0;

    void flush() {
        book.flush(now, [this](const Peer& to, ByteView packet) {
            if (to.port == gone) return false;
            sizes.push_back(packet.size());
            auto decoded = decode(packet);
            REQUIRE(decoded);
            for (auto& timed : decoded->messages) got[to.port].push_back(std::move(timed.message));
            return true;
        });
    }
    void after(std::chrono::milliseconds step) {
        now += step;
        flush();
    }
    Subscriptions::Id subscribe(std::uint16_t port, const char* pattern, double rate = 0, bool echo = false) {
        return book.subscribe(peer(port), {pattern, rate, echo}, now).value().id;
    }
    void change(const char* address, float value) { book.on_change(address, value, now); }
    void change_by(std::uint16_t port, const char* address, float applied, float sent) {
        const Peer origin = peer(port);
        const Argument a{applied};
        const Argument s{sent};
        book.on_change(address, {&a, 1}, &origin, {&s, 1}, now);
    }
    void meter(const char* address, std::initializer_list<float> values) {
        book.on_meter(address, {values.begin(), values.size()}, now);
    }
    std::vector<Message> take(std::uint16_t port) { return std::exchange(got[port], {}); }
};

using Messages = std::vector<Message>;

} // namespace

TEST_CASE("a change goes to those whose pattern matches") {
    Desk desk;
    desk.subscribe(1, "/host/*/level");
    desk.subscribe(2, "//level");
    desk.subscribe(3, "/music/fader/level");
    desk.change("/host/fader/level", -6.0F);
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/host/fader/level", {-6.0F}}});
    CHECK(desk.take(2) == Messages{{"/host/fader/level", {-6.0F}}});
    CHECK(desk.take(3).empty());
}

TEST_CASE("the origin hears of its own change only if the applied value differs, or by echo") {
    Desk desk;
    desk.subscribe(1, "/*");
    desk.subscribe(2, "/*", 0, true);
    desk.subscribe(3, "/*");
    desk.change_by(1, "/a", 12.0F, 12.0F);
    desk.flush();
    CHECK(desk.take(1).empty());
    CHECK(desk.take(2) == Messages{{"/a", {12.0F}}});
    CHECK(desk.take(3) == Messages{{"/a", {12.0F}}});
    desk.now += 100ms;
    desk.change_by(1, "/a", 12.0F, 99.0F); // clamped
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/a", {12.0F}}});
    desk.now += 100ms;
    desk.take(2);
    desk.change_by(2, "/a", 5.0F, 5.0F);
    desk.flush();
    CHECK(desk.take(2) == Messages{{"/a", {5.0F}}});
}

TEST_CASE("an older change by somebody else is not sent to the one that made the newest") {
    Desk desk;
    desk.subscribe(1, "/*", 10);
    desk.change("/b", 0.0F);
    desk.flush();
    desk.take(1);
    desk.change_by(2, "/a", 1.0F, 1.0F); // waits for 1's next frame
    desk.change_by(1, "/a", 2.0F, 2.0F);
    desk.after(200ms);
    CHECK(desk.take(1).empty());
    desk.change_by(1, "/a", 3.0F, 3.0F);
    desk.change_by(2, "/a", 4.0F, 4.0F);
    desk.after(200ms);
    CHECK(desk.take(1) == Messages{{"/a", {4.0F}}});
}

TEST_CASE("coalescing: the newest value of each address, at most `rate` frames a second, in order of first "
          "change") {
    Desk desk;
    desk.subscribe(1, "/*", 10);
    for (int ms = 0; ms < 1'000; ++ms) {
        desk.change("/a", static_cast<float>(ms));
        desk.change("/b", static_cast<float>(-ms));
        desk.after(1ms);
    }
    const auto got = desk.take(1);
    CHECK(got.size() == 20); // ten frames of two
    CHECK(got[2] == Message{"/a", {100.0F}});
    CHECK(got[3] == Message{"/b", {-100.0F}});
    desk.after(100ms);
    CHECK(desk.take(1) == Messages{{"/a", {999.0F}}, {"/b", {-999.0F}}}); // nothing newest is lost
    desk.after(1'000ms);
    CHECK(desk.take(1).empty());
    CHECK(desk.book.counters().coalesced > 1'900);
}

TEST_CASE("each subscriber has its own pace") {
    Desk desk;
    desk.subscribe(1, "/a", 50);
    desk.subscribe(2, "/a", 5);
    for (int ms = 0; ms < 1'000; ++ms) {
        desk.change("/a", static_cast<float>(ms));
        desk.after(1ms);
    }
    CHECK(desk.take(1).size() == 50);
    CHECK(desk.take(2).size() == 5);
}

TEST_CASE("meters hold the peak since the subscriber's last frame") {
    Desk desk;
    desk.subscribe(1, "/m", 10);
    desk.subscribe(2, "/m", 20);
    desk.meter("/m", {-60.0F, -60.0F});
    desk.flush();
    desk.take(1);
    desk.take(2);
    desk.now += 10ms;
    desk.meter("/m", {-3.0F, -50.0F});
    desk.now += 10ms;
    desk.meter("/m", {-30.0F, -20.0F});
    desk.after(30ms);
    CHECK(desk.take(1).empty());
    CHECK(desk.take(2) == Messages{{"/m", {-3.0F, -20.0F}}});
    desk.meter("/m", {-40.0F, -10.0F});
    desk.after(50ms);
    CHECK(desk.take(1) == Messages{{"/m", {-3.0F, -10.0F}}});
    CHECK(desk.take(2) == Messages{{"/m", {-40.0F, -10.0F}}});
    desk.meter("/m", {std::nanf(""), std::nanf("")}); // no reading
    desk.after(200ms);
    CHECK(desk.take(1).empty());
}

TEST_CASE("a meter that is no peak sends its newest value") {
    Desk desk;
    desk.subscribe(1, "/lufs", 10);
    const float readings[] = {-23.0F, -24.0F, -25.0F};
    for (const float& reading : readings) {
        desk.book.on_meter("/lufs", {&reading, 1}, desk.now, Subscriptions::Hold::newest);
    }
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/lufs", {-25.0F}}});
}

TEST_CASE("the lease ends 10 s after the last renewal") {
    Desk desk;
    desk.subscribe(1, "/a");
    desk.after(9'000ms);
    CHECK(desk.book.subscribe(peer(1), {"/a", 0, false}, desk.now)->renewed);
    desk.after(9'999ms);
    CHECK(desk.book.size() == 1);
    CHECK(desk.book.next_due() == desk.now + 1ms);
    desk.after(1ms);
    CHECK(desk.book.size() == 0);
    CHECK(desk.book.counters().expired == 1);
    CHECK_FALSE(desk.book.next_due());
    desk.change("/a", 1.0F);
    desk.flush();
    CHECK(desk.take(1).empty());
}

TEST_CASE("unsubscribe one pattern, or all; a peer that is gone") {
    Desk desk;
    desk.subscribe(1, "/a");
    desk.subscribe(1, "/b");
    desk.subscribe(2, "/*");
    CHECK(desk.book.unsubscribe(peer(1), "/a"));
    CHECK_FALSE(desk.book.unsubscribe(peer(1), "/a"));
    CHECK_FALSE(desk.book.unsubscribe(peer(9), "/a"));
    desk.change("/a", 1.0F);
    desk.change("/b", 1.0F);
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/b", {1.0F}}});
    CHECK(desk.take(2).size() == 2);
    CHECK(desk.book.unsubscribe_all(peer(1)) == 1);
    desk.gone = 2;
    desk.change("/a", 2.0F);
    desk.after(100ms);
    CHECK(desk.book.size() == 0);
}

TEST_CASE(
    "two matching subscriptions of one peer: each value once, at the faster pace; nothing lost on a change") {
    Desk desk;
    desk.subscribe(1, "/*", 2);
    desk.change("/a", 0.0F);
    desk.flush();
    desk.take(1);
    desk.change("/a", 1.0F); // waits for the slow one's frame
    desk.subscribe(1, "/a", 50);
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/a", {1.0F}}}); // carried over to the fast one
    for (int ms = 0; ms < 1'000; ++ms) {
        desk.change("/a", static_cast<float>(ms));
        desk.after(1ms);
    }
    CHECK(desk.take(1).size() == doctest::Approx(50).epsilon(0.03));
    desk.change("/a", 5.0F);
    CHECK(desk.book.unsubscribe(peer(1), "/a"));
    desk.after(1'000ms);
    const auto rest = desk.take(1);
    REQUIRE(rest.size() == 1);
    CHECK(rest[0] == Message{"/a", {5.0F}}); // carried back to the slow one
}

TEST_CASE("a snapshot goes at once, to that subscriber only") {
    Desk desk;
    desk.subscribe(2, "/*");
    const auto id = desk.subscribe(1, "/*");
    const Arguments values{-6.0F};
    desk.book.snapshot(id, "/a", values, desk.now);
    desk.book.snapshot(id, "/b", values, desk.now);
    CHECK(desk.book.next_due().value() <= desk.now);
    desk.flush();
    CHECK(desk.take(1).size() == 2);
    CHECK(desk.take(2).empty());
    desk.book.snapshot(id + 100, "/a", values, desk.now);
}

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

TEST_CASE("an address may change from parameter to meter and back") {
    Desk desk;
    desk.subscribe(1, "/*", 100);
    desk.change("/a", 1.0F);
    desk.meter("/a", {2.0F, 3.0F});
    desk.flush();
    CHECK(desk.take(1) == Messages{{"/a", {2.0F, 3.0F}}});
    desk.change("/a", 4.0F);
    desk.after(20ms);
    CHECK(desk.take(1) == Messages{{"/a", {4.0F}}});
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
