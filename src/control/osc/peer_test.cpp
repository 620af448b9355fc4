// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/peer.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ton::control::osc;

namespace {
IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}
bool inside(const char* range, const char* address) {
    return Cidr::parse(range)->contains(ip(address));
}
} // namespace

TEST_CASE("URLs there and back") {
    for (const char* text : {"udp://127.0.0.1:9000", "tcp://0.0.0.0:0", "tcp+slip://192.168.1.7:65535",
                             "udp://[::1]:9000", "tcp://[fd00::17]:1"}) {
        CHECK(Url::parse(text)->to_string() == text);
    }
    CHECK(Url::parse("udp://localhost:9000/")->to_string() == "udp://127.0.0.1:9000");
    CHECK(Url::parse("tcp+slip://127.0.0.1:1")->transport == Transport::tcp_slip);
}

TEST_CASE("bad URLs say what is wrong") {
    const auto error = [](const char* text) { return Url::parse(text).error(); };
    CHECK(error("http://127.0.0.1:80").find("unknown scheme") != std::string::npos);
    CHECK(error("udp://127.0.0.1").find("no port") != std::string::npos);
    CHECK(error("udp://[::1]").find("no port") != std::string::npos);
    CHECK(error("udp://127.0.0.1:").find("port") != std::string::npos);
    CHECK(error("udp://127.0.0.1:65536").find("65535") != std::string::npos);
    CHECK(error("udp://127.0.0.1:-1").find("65535") != std::string::npos);
    CHECK(error("udp://127.0.0.1:9x").find("65535") != std::string::npos);
    CHECK(error("udp://::1:9000").find("brackets") != std::string::npos);
    CHECK(error("udp://studio.example:9000").find("no IP address") != std::string::npos);
    CHECK(error("").find("unknown scheme") != std::string::npos);
}

TEST_CASE("kinds of addresses") {
    CHECK(ip("127.0.0.1").loopback());
    CHECK(ip("127.9.9.9").loopback());
    CHECK(ip("::1").loopback());
    CHECK(ip("::ffff:127.0.0.1").loopback());
    CHECK_FALSE(ip("128.0.0.1").loopback());
    CHECK_FALSE(ip("::2").loopback());
    CHECK(ip("224.0.0.1").multicast());
    CHECK(ip("239.255.255.255").multicast());
    CHECK_FALSE(ip("240.0.0.1").multicast());
    CHECK(ip("ff02::1").multicast());
    CHECK(ip("255.255.255.255").broadcast());
    CHECK(ip("0.0.0.0").unspecified());
    CHECK(ip("::").unspecified());
    CHECK_FALSE(ip("::1").unspecified());
}

TEST_CASE("CIDR ranges") {
    CHECK(inside("192.168.1.0/24", "192.168.1.255"));
    CHECK_FALSE(inside("192.168.1.0/24", "192.168.2.0"));
    CHECK(inside("10.0.0.0/9", "10.127.0.1"));
    CHECK_FALSE(inside("10.0.0.0/9", "10.128.0.1"));
    CHECK(inside("0.0.0.0/0", "1.2.3.4"));
    CHECK_FALSE(inside("0.0.0.0/0", "fd00::1")); // all of IPv4, nothing of IPv6
    CHECK(inside("fd00::/8", "fdff::1"));
    CHECK_FALSE(inside("fd00::/8", "fe00::1"));
    CHECK(inside("192.168.1.7", "192.168.1.7"));
    CHECK_FALSE(inside("192.168.1.7", "192.168.1.6"));
    CHECK(inside("::/0", "fe80::1"));
    for (const char* bad :
         {"192.168.1.0/33", "192.168.1.0/", "192.168.1.0/-1", "::/129", "lan", "192.168.1/24"}) {
        CHECK_FALSE(Cidr::parse(bad).has_value());
    }
}

TEST_CASE("peers are told apart") {
    Peer a;
    a.ip = ip("127.0.0.1");
    a.port = 5'000;
    Peer b = a;
    CHECK(a == b);
    CHECK(std::hash<Peer>{}(a) == std::hash<Peer>{}(b));
    b.connection = 1;
    CHECK(a != b);
    CHECK(std::hash<Peer>{}(a) != std::hash<Peer>{}(b));
    CHECK(a.to_string() == "udp://127.0.0.1:5000");
}
