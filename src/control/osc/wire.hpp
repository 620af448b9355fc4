// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes of the OSC wire: big-endian numbers, padding, UTF-8. Private to this folder; no bounds checks of its
// own.
#pragma once

#include "control/osc/validate.hpp"

#include <cstring>

namespace ton::control::osc::wire {

inline constexpr std::size_t bundle_header = 16; ///< "#bundle\0" and the time tag

inline constexpr std::size_t padded(std::size_t size) noexcept {
    return (size + 3) & ~std::size_t{3};
}

/// `bytes` holds at least 4.
inline std::uint32_t get_u32(ByteView bytes) noexcept {
    return std::to_integer<std::uint32_t>(bytes[0]) << 24 | std::to_integer<std::uint32_t>(bytes[1]) << 16 |
           std::to_integer<std::uint32_t>(bytes[2]) << 8 | std::to_integer<std::uint32_t>(bytes[3]);
}

/// `bytes` holds at least 8.
inline std::uint64_t get_u64(ByteView bytes) noexcept {
    return static_cast<std::uint64_t>(get_u32(bytes)) << 32 | get_u32(bytes.subspan(4));
}

inline void put_u32(std::byte* to, std::uint32_t value) noexcept {
    for (int i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

inline std::string_view chars(ByteView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline bool is_bundle(ByteView bytes) noexcept {
    return bytes.size() >= 8 && std::memcmp(bytes.data(), "#bundle", 8) == 0;
}

/// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

} // namespace ton::control::osc::wire
