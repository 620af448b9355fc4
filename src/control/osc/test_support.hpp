// SPDX-License-Identifier: GPL-3.0-or-later
// Helpers of this folder's tests.
#pragma once

#include "control/osc/message.hpp"

#include <cstring>
#include <ctime>
#include <ostream>
#include <string>
#include <string_view>

namespace ton::control::osc {

/// "2f 61 0000" to bytes; spaces are ignored.
inline Bytes hex(std::string_view digits) {
    std::string clean;
    for (const char c : digits) {
        if (c != ' ') clean += c;
    }
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < clean.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(std::stoi(clean.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

inline std::string to_hex(ByteView bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const std::byte b : bytes) {
        out += digits[std::to_integer<std::size_t>(b) >> 4];
        out += digits[std::to_integer<std::size_t>(b) & 15];
    }
    return out;
}

/// Bytes as they are written, NULs included: raw("/a\0\0,i\0\0").
template <std::size_t n> Bytes raw(const char (&literal)[n]) {
    Bytes bytes(n - 1);
    std::memcpy(bytes.data(), literal, n - 1);
    return bytes;
}

inline Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline Bytes be32(std::uint32_t value) {
    return {static_cast<std::byte>(value >> 24), static_cast<std::byte>(value >> 16),
            static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
}

inline Bytes bundle(std::uint64_t tag) {
    return raw("#bundle\0") + be32(static_cast<std::uint32_t>(tag >> 32)) +
           be32(static_cast<std::uint32_t>(tag));
}

/// The element with its size in front.
inline Bytes element(const Bytes& content) {
    return be32(static_cast<std::uint32_t>(content.size())) + content;
}

/// Processor time of this thread in seconds: limits on time then hold on a busy machine, too.
inline double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline std::ostream& operator<<(std::ostream& out, Refusal why) {
    return out << name(why);
}

} // namespace ton::control::osc
