// SPDX-License-Identifier: GPL-3.0-or-later
// A subscription book under test, with its clock and its clients.
#pragma once

#include "control/osc/subscriptions.hpp"
#include "control/osc/test_support.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace ton::control::osc {

using namespace std::chrono_literals;

inline Peer peer(std::uint16_t port) {
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

} // namespace ton::control::osc
