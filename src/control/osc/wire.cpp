// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/wire.hpp"

namespace ton::control::osc::wire {

namespace {

struct Lead {
    int more;                ///< continuation bytes
    unsigned char low, high; ///< range of the first of them (RFC 3629 section 4 table)
};

Lead lead_of(unsigned char c) noexcept {
    if (c >= 0xc2 && c <= 0xdf) return {1, 0x80, 0xbf};
    if (c == 0xe0) return {2, 0xa0, 0xbf};
    if (c == 0xed) return {2, 0x80, 0x9f};
    if (c >= 0xe1 && c <= 0xef) return {2, 0x80, 0xbf};
    if (c == 0xf0) return {3, 0x90, 0xbf};
    if (c >= 0xf1 && c <= 0xf3) return {3, 0x80, 0xbf};
    if (c == 0xf4) return {3, 0x80, 0x8f};
    return {-1, 0, 0};
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) continue;
        const Lead lead = lead_of(c);
        if (lead.more < 0 || text.size() - i <= static_cast<std::size_t>(lead.more)) return false;
        for (int k = 1; k <= lead.more; ++k) {
            const auto next = static_cast<unsigned char>(text[++i]);
            if (next < (k == 1 ? lead.low : 0x80) || next > (k == 1 ? lead.high : 0xbf)) return false;
        }
    }
    return true;
}

} // namespace ton::control::osc::wire
