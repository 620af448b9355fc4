// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/timetag.hpp"

namespace ton::control::osc {

namespace {

constexpr std::int64_t seconds_1900_to_1970 = 2'208'988'800; // RFC 5905 section 6
constexpr std::int64_t ns_per_second = 1'000'000'000;

struct UnixTime {
    std::int64_t seconds;
    std::int64_t nanoseconds; // 0 .. 999,999,999, also before 1970
};

UnixTime unix_time(SystemTime time) noexcept {
    const std::int64_t ns = time.time_since_epoch().count();
    std::int64_t seconds = ns / ns_per_second;
    std::int64_t rest = ns % ns_per_second;
    if (rest < 0) {
        rest += ns_per_second;
        --seconds;
    }
    return {seconds, rest};
}

} // namespace

TimeTag to_time_tag(SystemTime time) noexcept {
    const UnixTime t = unix_time(time);
    const auto seconds = static_cast<std::uint64_t>(t.seconds + seconds_1900_to_1970) & 0xffff'ffffu;
    // Rounded, so that 1 ns survives the way there and back (a step of the fraction is 0.233 ns).
    const auto fraction = ((static_cast<std::uint64_t>(t.nanoseconds) << 32) + ns_per_second / 2) /
                          static_cast<std::uint64_t>(ns_per_second);
    const TimeTag tag{(seconds << 32) + fraction};
    return tag.immediate() ? TimeTag{2} : tag;
}

SystemTime to_system_time(TimeTag tag, SystemTime now) noexcept {
    if (tag.immediate()) return now;
    const std::int64_t now_ntp = unix_time(now).seconds + seconds_1900_to_1970;
    const auto tag_seconds = static_cast<std::uint32_t>(tag.ntp >> 32);
    const auto distance = static_cast<std::int32_t>(tag_seconds - static_cast<std::uint32_t>(now_ntp));
    const std::int64_t seconds = now_ntp + distance - seconds_1900_to_1970;
    const std::uint64_t fraction = tag.ntp & 0xffff'ffffu;
    const auto ns = static_cast<std::int64_t>((fraction * ns_per_second + (1u << 31)) >> 32);
    return SystemTime{std::chrono::nanoseconds{seconds * ns_per_second + ns}};
}

bool earlier(TimeTag a, TimeTag b) noexcept {
    return static_cast<std::int64_t>(a.ntp - b.ntp) < 0;
}

SystemTime system_now() noexcept {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

} // namespace ton::control::osc
