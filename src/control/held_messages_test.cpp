// SPDX-License-Identifier: GPL-3.0-or-later
// Who waits for the graph, and for how long.
#include "control/held_messages.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using ton::control::HeldMessages;
namespace osc = ton::control::osc;

namespace {

osc::Peer client(char name) {
    osc::Peer peer;
    peer.port = static_cast<std::uint16_t>(name);
    return peer;
}

struct Lines {
    HeldMessages held;
    std::string add(char name, int number) { return held.add({client(name), {osc::Message{"/" + std::string(1, name) + std::to_string(number), {}}}, 0, 0}); }
    /// All that comes while one that is named in `stuck` must wait.
    std::string served(const std::string& stuck = "", int most = 100) {
        std::string all;
        const auto waits = [&](const HeldMessages::Messages& messages) { return stuck.find(messages.front().address) != std::string::npos; };
        while (most-- > 0) {
            const auto next = held.next(waits);
            if (!next) break;
            all += next->messages.front().address;
        }
        return all;
    }
};

} // namespace

TEST_CASE("clients that wait are served in turn, each in its own order") {
    Lines lines;
    for (int i = 1; i <= 4; ++i) lines.add('a', i);
    lines.add('b', 1);
    for (int i = 1; i <= 2; ++i) lines.add('c', i);
    CHECK(lines.served("", 2) == "/a1/b1");
    CHECK(lines.held.any_of(client('a')));
    CHECK_FALSE(lines.held.any_of(client('b')));
    lines.add('b', 2);
    CHECK(lines.served() == "/c1/a2/b2/c2/a3/a4");
    CHECK_FALSE(lines.held.any_of(client('a')));
}

TEST_CASE("what must wait holds its own line only") {
    Lines lines;
    for (const char name : {'a', 'b'})
        for (int i = 1; i <= 3; ++i) lines.add(name, i);
    CHECK(lines.served("/a1/b3") == "/b1/b2");
    CHECK(lines.served("/b3") == "/a1/a2/a3");
    CHECK(lines.served() == "/b3");
}

TEST_CASE("a client that has as much waiting as it may is told so, and others are not") {
    Lines lines;
    for (int i = 0; i < 512; ++i) REQUIRE(lines.add('a', i).empty());
    CHECK(lines.add('a', 512).starts_with("512 messages and bundles of yours wait"));
    CHECK(lines.held.add({client('a'), {osc::Message{"/tonmeister/sync", {}}}, 0, 0}).empty()); // what the refusal recommends
    CHECK(lines.add('b', 0).empty());
    lines.served("", 3);
    CHECK(lines.add('a', 513).empty());
}

TEST_CASE("so many clients that memory would be at stake are refused, too") {
    Lines lines;
    for (int i = 0; i < 16384; ++i) REQUIRE(lines.add(static_cast<char>(1 + i / 512), i).empty());
    CHECK(lines.add('z', 0).starts_with("too many messages of all clients"));
    CHECK_FALSE(lines.held.any_of(client('z')));
}
