// SPDX-License-Identifier: GPL-3.0-or-later
// Who sent a packet, as a plain value: a UDP source address, or one TCP connection; and the URLs of OSC
// endpoints.
#pragma once

#include <tl/expected.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace ton::control::osc {

enum class Transport : std::uint8_t { udp, tcp, tcp_slip };

/// An IP address as 16 bytes; IPv4 as ::ffff:a.b.c.d.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4() const noexcept;
    bool loopback() const noexcept;    ///< 127.0.0.0/8, ::1
    bool multicast() const noexcept;   ///< 224.0.0.0/4, ff00::/8
    bool broadcast() const noexcept;   ///< 255.255.255.255 (subnet broadcasts need SO_BROADCAST, never set)
    bool unspecified() const noexcept; ///< 0.0.0.0, ::
    std::string to_string() const;     ///< "192.168.1.7", "fe80::1"
    /// Literals only ("127.0.0.1", "::1") and "localhost" (127.0.0.1); names are not resolved, that could
    /// block.
    static tl::expected<IpAddress, std::string> parse(std::string_view text);

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// Identity of a client. Two packets come from the same peer when these are equal.
struct Peer {
    IpAddress ip;
    std::uint32_t scope = 0; ///< IPv6 zone of a link-local address
    std::uint16_t port = 0;
    Transport transport = Transport::udp;
    std::uint16_t listener = 0;   ///< index of the server's endpoint it came through; answers leave there
    std::uint64_t connection = 0; ///< TCP: serial number of the connection, never reused; UDP: 0

    std::string to_string() const; ///< "udp://192.168.1.7:5000"
    friend auto operator<=>(const Peer&, const Peer&) = default;
};

/// udp://HOST:PORT, tcp://HOST:PORT (length prefix), tcp+slip://HOST:PORT. IPv6 in brackets:
/// udp://[::1]:9000.
struct Url {
    Transport transport = Transport::udp;
    IpAddress ip;
    std::uint16_t port = 0; ///< 0: the kernel chooses

    std::string to_string() const;
    /// The error is for people: what is wrong and what was expected.
    static tl::expected<Url, std::string> parse(std::string_view text);
    friend bool operator==(const Url&, const Url&) = default;
};

/// A range of addresses, "192.168.1.0/24", "fd00::/8"; a bare address is a range of one.
struct Cidr {
    IpAddress network;
    int prefix_bits = 128; ///< of the 128-bit form (IPv4 /24 is 120)

    bool contains(const IpAddress& ip) const noexcept;
    static tl::expected<Cidr, std::string> parse(std::string_view text);
};

} // namespace ton::control::osc

template <> struct std::hash<ton::control::osc::Peer> {
    std::size_t operator()(const ton::control::osc::Peer& peer) const noexcept;
};
