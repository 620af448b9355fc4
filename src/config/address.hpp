// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace ton::config {

/// A control address, SCHEME://HOST:PORT with nothing after it.
struct Url {
    std::string scheme; ///< udp, tcp, tcp+slip or http
    std::string host;   ///< an IPv4 or IPv6 address (without its brackets) or a name
    int port = 0;       ///< 0..65535; 0 lets the system choose

    bool operator==(const Url&) const = default;
};

/// Reads a URL. The error says what is wrong and what was expected, ready for a Diagnostic.
tl::expected<Url, std::string> parse_url(std::string_view text);

/// Checks `ADDRESS/BITS` (CIDR, RFC 4632 and 4291) or a single address, IPv4 or IPv6; bits beyond the prefix
/// must be zero, else the network itself is suggested. Empty when it is right, else the error.
std::string network_error(std::string_view text);

} // namespace ton::config
