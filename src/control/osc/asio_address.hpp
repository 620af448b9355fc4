// SPDX-License-Identifier: GPL-3.0-or-later
// Between our addresses and Asio's. Private to this folder.
#pragma once

#include "control/osc/peer.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace ton::control::osc {

inline IpAddress from_asio(const boost::asio::ip::address& address) {
    const auto v6 = address.is_v4()
                        ? boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4())
                        : address.to_v6();
    return IpAddress{v6.to_bytes()};
}

/// `v6`: the socket it is for speaks IPv6, where IPv4 addresses are written ::ffff:a.b.c.d.
inline boost::asio::ip::address to_asio(const IpAddress& ip, bool v6, std::uint32_t scope = 0) {
    if (v6) return boost::asio::ip::address_v6(ip.bytes, scope);
    boost::asio::ip::address_v4::bytes_type bytes;
    std::copy_n(ip.bytes.begin() + 12, 4, bytes.begin());
    return boost::asio::ip::address_v4(bytes);
}

inline std::uint32_t scope_of(const boost::asio::ip::address& address) {
    return address.is_v6() ? static_cast<std::uint32_t>(address.to_v6().scope_id()) : 0;
}

} // namespace ton::control::osc
