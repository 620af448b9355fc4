// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/address.hpp"

#include "config/diagnostic.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace ton::config {

namespace {

constexpr std::array<std::string_view, 4> schemes{"udp", "tcp", "tcp+slip", "http"};
constexpr std::size_t longest_host = 253; // RFC 1035 section 2.3.4, without the final dot

struct Address {
    std::array<unsigned char, 16> bytes{};
    int family = AF_INET;
    int bits() const { return family == AF_INET ? 32 : 128; }
};

std::optional<Address> parse_address(std::string_view text) {
    Address address;
    address.family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
    if (inet_pton(address.family, std::string(text).c_str(), address.bytes.data()) != 1) return std::nullopt;
    return address;
}

std::optional<int> parse_whole(std::string_view text, int most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool digits = !text.empty() && text.front() != '-' && end == text.data() + text.size();
    if (!digits || error != std::errc{} || value > most) return std::nullopt;
    return value;
}

bool is_host_name(std::string_view host) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.' || c == '_';
    };
    if (host.empty() || host.size() > longest_host || !std::all_of(host.begin(), host.end(), fits))
        return false;
    // Digits and dots alone are meant as an IPv4 address, so they must be a right one.
    return host.find_first_not_of("0123456789.") != std::string_view::npos || parse_address(host).has_value();
}

bool is_host(std::string_view host, bool bracketed) {
    return bracketed ? host.find(':') != std::string_view::npos && parse_address(host) : is_host_name(host);
}

tl::unexpected<std::string> url_error(std::string_view text, std::string_view wrong) {
    return tl::make_unexpected(
        fmt::format("{} is no control address: {}, expected SCHEME://HOST:PORT such as udp://127.0.0.1:9000",
                    quote(text), wrong));
}

} // namespace

tl::expected<Url, std::string> parse_url(std::string_view text) {
    const auto divide = text.find("://");
    if (divide == std::string_view::npos) return url_error(text, "it has no \"://\"");
    Url url;
    url.scheme = text.substr(0, divide);
    if (std::find(schemes.begin(), schemes.end(), url.scheme) == schemes.end()) {
        const auto near = nearest(url.scheme, schemes);
        return tl::make_unexpected(
            fmt::format("{} has an unknown scheme {}, expected udp, tcp, tcp+slip or http{}", quote(text),
                        quote(url.scheme), near ? fmt::format("; did you mean \"{}\"?", *near) : ""));
    }
    const auto rest = text.substr(divide + 3);
    const bool bracketed = rest.substr(0, 1) == "[";
    const auto host_end = bracketed ? rest.find(']') : rest.find(':');
    const auto colon = bracketed && host_end != std::string_view::npos ? host_end + 1 : host_end;
    if (!bracketed && std::count(rest.begin(), rest.end(), ':') > 1) {
        return url_error(text, "an IPv6 address stands in brackets, as in udp://[::1]:9000");
    }
    if (colon == std::string_view::npos || colon >= rest.size() || rest[colon] != ':') {
        return url_error(text, "it has no port");
    }
    url.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
    if (!is_host(url.host, bracketed)) return url_error(text, fmt::format("{} is no host", quote(url.host)));
    const auto port = parse_whole(rest.substr(colon + 1), 65535);
    if (!port)
        return url_error(text, fmt::format("{} is no port of 0..65535", quote(rest.substr(colon + 1))));
    url.port = *port;
    return url;
}

std::string network_error(std::string_view text) {
    const auto slash = text.find('/');
    auto address = parse_address(text.substr(0, slash));
    if (!address) {
        return fmt::format("{} is no network, expected ADDRESS/BITS such as 192.168.1.0/24", quote(text));
    }
    if (slash == std::string_view::npos) return {};
    const auto bits = parse_whole(text.substr(slash + 1), address->bits());
    if (!bits) {
        return fmt::format("{} has no right prefix length, expected 0..{} after the slash", quote(text),
                           address->bits());
    }
    Address network = *address;
    for (int bit = *bits; bit < address->bits(); ++bit) {
        const auto mask = static_cast<unsigned char>(0x80U >> (bit % 8));
        auto& byte = network.bytes[static_cast<std::size_t>(bit / 8)];
        byte = static_cast<unsigned char>(byte & ~mask);
    }
    if (network.bytes == address->bytes) return {};
    std::array<char, INET6_ADDRSTRLEN> right{};
    inet_ntop(network.family, network.bytes.data(), right.data(), right.size());
    return fmt::format(
        "{} has bits beyond its prefix, expected a network or, without the slash, one address; "
        "did you mean \"{}/{}\"?",
        quote(text), right.data(), *bits);
}

} // namespace ton::config
