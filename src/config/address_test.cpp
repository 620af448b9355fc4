// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/address.hpp"

#include <doctest/doctest.h>

using namespace ton::config;

TEST_CASE("control addresses are scheme, host and port") {
    CHECK(parse_url("udp://127.0.0.1:9000").value() == Url{"udp", "127.0.0.1", 9000});
    CHECK(parse_url("tcp://localhost:0").value() == Url{"tcp", "localhost", 0});
    CHECK(parse_url("tcp+slip://[::1]:65535").value() == Url{"tcp+slip", "::1", 65535});
    CHECK(parse_url("http://desk-1.studio.example:8080").value() ==
          Url{"http", "desk-1.studio.example", 8080});
}

TEST_CASE("anything else is refused") {
    for (const auto* text : {"",
                             "udp",
                             "udp:",
                             "udp://",
                             "udp://:9000",
                             "udp://host",
                             "udp://host:",
                             "udp://host:65536",
                             "udp://host:-1",
                             "udp://host:+1",
                             "udp://host:9000/",
                             "udp://host:9000/x",
                             "udp://ho st:9000",
                             "udp://1.2.3:9000",
                             "udp://1.2.3.256:9000",
                             "udp://[::1]",
                             "udp://[::1:9000",
                             "udp://[1.2.3.4]:9000",
                             "udp://[]:9000",
                             "udp://[::g]:1",
                             "udp://::1:9000",
                             "osc.udp://host:9000",
                             "UDP://host:9000",
                             "udp://host:99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_url(text).has_value());
    }
    CHECK(parse_url("upd://h:1").error() == "\"upd://h:1\" has an unknown scheme \"upd\", expected udp, tcp, "
                                            "tcp+slip or http; did you mean \"udp\"?");
    CHECK_FALSE(parse_url("udp://" + std::string(254, 'h') + ":1").has_value());
}

TEST_CASE("networks are CIDR with nothing beyond the prefix, or one address") {
    for (const auto* text : {"192.168.1.0/24", "10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "1.2.3.4", "::1",
                             "fd00::/8", "::/0", "fe80::1/128", "172.16.0.0/12", "10.1.2.128/25"}) {
        INFO(text);
        CHECK(network_error(text) == "");
    }
    for (const auto* text : {"", "/24", "192.168.1.0/", "192.168.1.0/33", "192.168.1.0/-1", "192.168.1/24",
                             "::/129", "host/24", "1.2.3.4/24x", "1.2.3.4/24/8"}) {
        INFO(text);
        CHECK(network_error(text) != "");
    }
    // As python3 -c 'import ipaddress; print(ipaddress.ip_network("...", strict=False))' says.
    const auto suggests = [](std::string_view text, std::string_view network) {
        return network_error(text).find("did you mean \"" + std::string(network) + "\"?") !=
               std::string::npos;
    };
    CHECK(suggests("192.168.1.17/24", "192.168.1.0/24"));
    CHECK(suggests("10.1.2.129/25", "10.1.2.128/25"));
    CHECK(suggests("172.31.255.255/12", "172.16.0.0/12"));
    CHECK(suggests("1.2.3.4/0", "0.0.0.0/0"));
    CHECK(suggests("fd12:3456::9/20", "fd12:3000::/20"));
}
