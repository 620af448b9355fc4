// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/peer.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

namespace ton::control::osc {

namespace {

constexpr std::array<std::uint8_t, 12> v4_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Scheme {
    std::string_view text;
    Transport transport;
};
constexpr std::array<Scheme, 3> schemes{{
    {"udp://", Transport::udp},
    {"tcp://", Transport::tcp},
    {"tcp+slip://", Transport::tcp_slip},
}};

std::string_view scheme_of(Transport transport) {
    return std::ranges::find(schemes, transport, &Scheme::transport)->text;
}

std::string endpoint_text(Transport transport, const IpAddress& ip, std::uint16_t port) {
    const char* form = ip.is_v4() ? "{}{}:{}" : "{}[{}]:{}";
    return fmt::format(fmt::runtime(form), scheme_of(transport), ip.to_string(), port);
}

std::optional<int> parse_number(std::string_view text, int highest) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole && value >= 0 && value <= highest ? std::optional{value} : std::nullopt;
}

IpAddress from_v4(const std::array<std::uint8_t, 4>& bytes) {
    IpAddress ip;
    std::ranges::copy(v4_mapped, ip.bytes.begin());
    std::ranges::copy(bytes, ip.bytes.begin() + 12);
    return ip;
}

} // namespace

bool IpAddress::is_v4() const noexcept {
    return std::ranges::equal(v4_mapped, std::span(bytes).first<12>());
}

bool IpAddress::loopback() const noexcept {
    if (is_v4()) return bytes[12] == 127;
    return bytes[15] == 1 && std::ranges::all_of(std::span(bytes).first<15>(), [](auto b) { return b == 0; });
}

bool IpAddress::multicast() const noexcept {
    return is_v4() ? (bytes[12] & 0xf0) == 0xe0 : bytes[0] == 0xff;
}

bool IpAddress::broadcast() const noexcept {
    return is_v4() && std::ranges::all_of(std::span(bytes).last<4>(), [](auto b) { return b == 0xff; });
}

bool IpAddress::unspecified() const noexcept {
    const std::size_t from = is_v4() ? 12 : 0;
    return std::ranges::all_of(std::span(bytes).subspan(from), [](auto b) { return b == 0; });
}

std::string IpAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = is_v4();
    inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), text.data(), text.size());
    return text.data();
}

tl::expected<IpAddress, std::string> IpAddress::parse(std::string_view text) {
    if (text == "localhost") return from_v4({127, 0, 0, 1});
    const std::string terminated(text);
    std::array<std::uint8_t, 4> v4{};
    if (inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) return from_v4(v4);
    IpAddress ip;
    if (inet_pton(AF_INET6, terminated.c_str(), ip.bytes.data()) == 1) return ip;
    return tl::unexpected(
        fmt::format("'{}' is no IP address (expected one like 127.0.0.1 or ::1, or localhost)", text));
}

std::string Peer::to_string() const {
    return endpoint_text(transport, ip, port);
}

std::string Url::to_string() const {
    return endpoint_text(transport, ip, port);
}

tl::expected<Url, std::string> Url::parse(std::string_view text) {
    const auto fail = [text](std::string_view what) {
        return tl::unexpected(fmt::format(
            "'{}': {} (expected udp://HOST:PORT, tcp://HOST:PORT or tcp+slip://HOST:PORT)", text, what));
    };
    const auto scheme =
        std::ranges::find_if(schemes, [&](const Scheme& s) { return text.starts_with(s.text); });
    if (scheme == schemes.end()) return fail("unknown scheme");
    std::string_view rest = text.substr(scheme->text.size());
    if (rest.ends_with('/')) rest.remove_suffix(1); // liblo writes its URLs so
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos || rest.substr(colon).find(']') != std::string_view::npos) {
        return fail("no port");
    }
    std::string_view host = rest.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return fail("IPv6 addresses stand in brackets");
    const auto ip = IpAddress::parse(host);
    if (!ip) return fail(ip.error());
    const auto port = parse_number(rest.substr(colon + 1), 65'535);
    if (!port) return fail("the port is no number from 0 to 65535");
    return Url{scheme->transport, *ip, static_cast<std::uint16_t>(*port)};
}

bool Cidr::contains(const IpAddress& ip) const noexcept {
    int bits = prefix_bits;
    for (std::size_t i = 0; i < ip.bytes.size() && bits > 0; ++i, bits -= 8) {
        const int mask = bits >= 8 ? 0xff : 0xff << (8 - bits) & 0xff;
        if (((ip.bytes[i] ^ network.bytes[i]) & mask) != 0) return false;
    }
    return true;
}

tl::expected<Cidr, std::string> Cidr::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto ip = IpAddress::parse(text.substr(0, slash));
    if (!ip) return tl::unexpected(ip.error());
    if (slash == std::string_view::npos) return Cidr{*ip, 128};
    const int widest = ip->is_v4() ? 32 : 128;
    const auto bits = parse_number(text.substr(slash + 1), widest);
    if (!bits) {
        return tl::unexpected(fmt::format("'{}': the prefix length is no number from 0 to {}", text, widest));
    }
    return Cidr{*ip, *bits + (128 - widest)};
}

} // namespace ton::control::osc

std::size_t
std::hash<ton::control::osc::Peer>::operator()(const ton::control::osc::Peer& peer) const noexcept {
    std::array<std::uint64_t, 2> ip{};
    std::memcpy(ip.data(), peer.ip.bytes.data(), sizeof ip);
    const auto mix = [](std::uint64_t h,
                        std::uint64_t v) { // the 64-bit finaliser of MurmurHash3 (A. Appleby)
        h ^= v;
        h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
        h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
        return h ^ h >> 33;
    };
    const auto rest = static_cast<std::uint64_t>(peer.scope) << 32 |
                      static_cast<std::uint64_t>(peer.port) << 16 |
                      static_cast<std::uint64_t>(peer.transport) << 12 | (peer.listener & 0xfffu);
    return mix(mix(mix(mix(0, ip[0]), ip[1]), rest), peer.connection);
}
