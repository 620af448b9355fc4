// SPDX-License-Identifier: GPL-3.0-or-later
// OSC time tags: 64-bit NTP time, 32.32 fixed-point seconds since 1900-01-01 (OSC 1.0 "OSC Time Tag", RFC
// 5905). Control thread and clients; pure functions.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace ton::control::osc {

using SystemTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

struct TimeTag {
    std::uint64_t ntp = 1; ///< 32.32 s since 1900, modulo 2^32 s; 1 means "immediately"

    /// True for 1 (OSC 1.0) and for 0, which RFC 5905 reserves for "unknown" and some senders use for "now".
    constexpr bool immediate() const noexcept { return ntp <= 1; }
    friend constexpr auto operator<=>(const TimeTag&, const TimeTag&) = default;
};

inline constexpr TimeTag immediately{1};

/// The tag of `time`; the 32-bit seconds wrap on 2036-02-07 06:28:16 UTC (NTP era 1). Exact to 1 ns.
/// A time that would land on the reserved tags 0 and 1 gets tag 2 (less than a nanosecond later).
TimeTag to_time_tag(SystemTime time) noexcept;

/// The instant of `tag`, in the NTP era that puts it nearest to `now` (within 68 years either way).
/// For an immediate tag the answer is `now` itself.
SystemTime to_system_time(TimeTag tag, SystemTime now) noexcept;

/// True when `a` is before `b` in the 68 years around them, so also over the 2036 wrap. Neither may be
/// immediate.
bool earlier(TimeTag a, TimeTag b) noexcept;

/// The system clock's now as nanoseconds.
SystemTime system_now() noexcept;

} // namespace ton::control::osc
