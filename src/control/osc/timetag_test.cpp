// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/timetag.hpp"

#include <doctest/doctest.h>

using namespace ton::control::osc;
using namespace std::chrono;

namespace {
constexpr std::uint64_t second = std::uint64_t{1} << 32;
SystemTime at(sys_days day, nanoseconds time = {}) {
    return SystemTime{day.time_since_epoch()} + time;
}
const SystemTime now = at(2026y / 11 / 22, 12h);
} // namespace

TEST_CASE("known instants (RFC 5905 figure 4)") {
    CHECK(to_time_tag(at(1970y / 1 / 1)).ntp / second == 2'208'988'800);
    CHECK(to_time_tag(at(1999y / 12 / 31)).ntp / second == 3'155'587'200);
    CHECK(to_time_tag(at(1970y / 1 / 1, 500ms)).ntp == 2'208'988'800 * second + second / 2);
    CHECK(to_time_tag(at(2036y / 2 / 8)).ntp / second == 63'104); // first day of era 1
}

TEST_CASE("round trip is exact to the nanosecond") {
    for (const nanoseconds part : {0ns, 1ns, 2ns, 333'333'333ns, 999'999'998ns, 999'999'999ns}) {
        for (const SystemTime time : {now + part, at(2036y / 2 / 7, 6h + 28min + 15s) + part,
                                      at(2036y / 2 / 7, 6h + 28min + 17s) + part, at(2060y / 1 / 1) + part}) {
            CHECK(to_system_time(to_time_tag(time), now) == time);
        }
    }
    const SystemTime before_1970 = at(1969y / 12 / 31, 23h + 1ns);
    CHECK(to_system_time(to_time_tag(before_1970), at(1980y / 1 / 1)) == before_1970);
}

TEST_CASE("M25: the era is the one nearest to now") {
    const SystemTime after_wrap = at(2036y / 2 / 7, 6h + 28min + 20s);
    const TimeTag before = to_time_tag(after_wrap - 10s);
    const TimeTag after = to_time_tag(after_wrap);
    CHECK(after.ntp < before.ntp);
    CHECK(earlier(before, after));
    CHECK_FALSE(earlier(after, before));
    CHECK(to_system_time(before, after_wrap) == after_wrap - 10s);
    CHECK(to_system_time(after, after_wrap - 10s) == after_wrap);
    CHECK(to_system_time(to_time_tag(now + hours(24 * 3'650)), now) == now + hours(24 * 3'650));
}

TEST_CASE("immediate: 1, and 0; a real time is never one of them") {
    CHECK(immediately.ntp == 1);
    CHECK(TimeTag{0}.immediate());
    CHECK(TimeTag{1}.immediate());
    CHECK_FALSE(TimeTag{2}.immediate());
    CHECK(to_system_time(immediately, now) == now);
    CHECK_FALSE(to_time_tag(at(2036y / 2 / 7, 6h + 28min + 16s)).immediate());
}
