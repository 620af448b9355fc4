// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/json.hpp"

namespace ton::config {

namespace {

struct Sequence {
    std::size_t length;         // bytes
    unsigned char second_least; // range of the second byte; all later ones are 80..BF
    unsigned char second_most;
};

/// Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. Length 0: no lead byte.
Sequence sequence_of(unsigned char lead) {
    if (lead < 0x80) return {1, 0, 0};
    if (lead < 0xC2) return {0, 0, 0};
    if (lead < 0xE0) return {2, 0x80, 0xBF};
    if (lead == 0xE0) return {3, 0xA0, 0xBF};
    if (lead == 0xED) return {3, 0x80, 0x9F};
    if (lead < 0xF0) return {3, 0x80, 0xBF};
    if (lead == 0xF0) return {4, 0x90, 0xBF};
    if (lead < 0xF4) return {4, 0x80, 0xBF};
    if (lead == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

} // namespace

std::size_t find_invalid_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto sequence = sequence_of(static_cast<unsigned char>(text[i]));
        if (sequence.length == 0 || i + sequence.length > text.size()) return i;
        for (std::size_t k = 1; k < sequence.length; ++k) {
            const auto byte = static_cast<unsigned char>(text[i + k]);
            const unsigned char least = k == 1 ? sequence.second_least : 0x80;
            const unsigned char most = k == 1 ? sequence.second_most : 0xBF;
            if (byte < least || byte > most) return i;
        }
        i += sequence.length;
    }
    return std::string_view::npos;
}

} // namespace ton::config
