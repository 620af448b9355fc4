// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/schedule.hpp"

#include <doctest/doctest.h>

using namespace ton::control::osc;
using namespace std::chrono;

namespace {
const SystemTime now = SystemTime{sys_days{2026y / 11 / 22}.time_since_epoch()};
Peer peer(std::uint16_t port) {
    Peer p;
    p.port = port;
    return p;
}
Batch batch(SystemTime due, int value, std::size_t messages = 1) {
    return {to_time_tag(due), std::vector<Message>(messages, Message{"/a", {value}})};
}
int value_of(const ScheduledBatch& scheduled) {
    return std::get<std::int32_t>(scheduled.batch.messages[0].args[0]);
}
using Verdict = Schedule::Verdict;
} // namespace

TEST_CASE("batches come in order of time, equal times in order of arrival") {
    Schedule schedule;
    CHECK(schedule.add(peer(1), batch(now + 20ms, 1), now) == Verdict::stored);
    CHECK(schedule.add(peer(1), batch(now + 10ms, 2), now) == Verdict::stored);
    CHECK(schedule.add(peer(2), batch(now + 20ms, 3), now) == Verdict::stored);
    CHECK(schedule.next_due() == now + 10ms);
    CHECK_FALSE(schedule.pop(now + 9ms));
    CHECK(value_of(schedule.pop(now + 10ms).value()) == 2);
    CHECK_FALSE(schedule.pop(now + 19ms));
    CHECK(value_of(schedule.pop(now + 1s).value()) == 1);
    const auto last = schedule.pop(now + 1s);
    CHECK(value_of(last.value()) == 3);
    CHECK(last->from == peer(2));
    CHECK(last->due == now + 20ms);
    CHECK_FALSE(schedule.pop(now + 1s));
    CHECK(schedule.messages() == 0);
}

TEST_CASE("immediate and late ones are not stored; late ones are counted") {
    Schedule schedule;
    Batch kept = batch(now - 1ns, 1);
    CHECK(schedule.add(peer(1), std::move(kept), now) == Verdict::late);
    CHECK(kept.messages.size() == 1); // still the caller's, to be run at once
    CHECK(schedule.late() == 1);
    CHECK(schedule.add(peer(1), Batch{immediately, {{"/a", {}}}}, now) == Verdict::now);
    CHECK(schedule.add(peer(1), Batch{TimeTag{0}, {{"/a", {}}}}, now) == Verdict::now);
    CHECK(schedule.add(peer(1), batch(now, 1), now) == Verdict::stored);
    CHECK(schedule.late() == 1);
    CHECK(schedule.messages() == 1);
}

TEST_CASE("M25, M39: too far ahead, or too many") {
    Schedule schedule;
    CHECK(schedule.add(peer(1), batch(now + hours(24 * 3'650), 1), now) == Verdict::too_far);
    CHECK(schedule.add(peer(1), batch(now + 60s, 1), now) == Verdict::stored);
    CHECK(schedule.add(peer(1), batch(now + 60s + 1us, 1), now) == Verdict::too_far);
    for (int i = 1; i < 10'000; ++i)
        REQUIRE(schedule.add(peer(1), batch(now + 1s, i), now) == Verdict::stored);
    CHECK(schedule.messages() == 10'000);
    CHECK(schedule.add(peer(1), batch(now + 1s, 1), now) == Verdict::full);
    CHECK(schedule.refused() == 3);
    CHECK(schedule.pop(now + 2s));
    CHECK(schedule.add(peer(1), batch(now + 1s, 1, 2), now) == Verdict::full);
    CHECK(schedule.add(peer(1), batch(now + 1s, 1), now) == Verdict::stored);
}

TEST_CASE("memory is bounded in bytes, too") {
    Schedule schedule({.messages = 100, .bytes = 100'000});
    const Batch big{to_time_tag(now + 1s), {{"/a", {Bytes(60'000)}}}};
    CHECK(schedule.add(peer(1), Batch{big}, now) == Verdict::stored);
    CHECK(schedule.add(peer(1), Batch{big}, now) == Verdict::full);
    CHECK(schedule.pop(now + 1s));
    CHECK(schedule.add(peer(1), Batch{big}, now) == Verdict::stored);
    CHECK(schedule.cancel(peer(1)) == 1);
    CHECK(schedule.add(peer(1), Batch{big}, now) == Verdict::stored);
    schedule.clear();
    CHECK(schedule.add(peer(1), Batch{big}, now) == Verdict::stored);
}

TEST_CASE("cancel takes one peer's") {
    Schedule schedule;
    for (std::uint16_t i = 0; i < 10; ++i) {
        REQUIRE(schedule.add(peer(i % 2), batch(now + 1s, i), now) == Verdict::stored);
    }
    CHECK(schedule.cancel(peer(1)) == 5);
    CHECK(schedule.messages() == 5);
    while (const auto next = schedule.pop(now + 1s)) CHECK(next->from == peer(0));
}

TEST_CASE("what came earlier can be revised, and the bound on memory follows") {
    Schedule schedule({.messages = 10, .bytes = 2000, .ahead = 60s});
    for (std::uint64_t arrival = 1; arrival <= 3; ++arrival) REQUIRE(schedule.add(peer(1), batch(now + 10ms * arrival, 1), now, arrival) == Verdict::stored);
    const std::string long_name(1500, 'x');
    schedule.revise(3, [&](Message& message) { message.address = "/" + (message.address == "/a" ? long_name.substr(0, 700) : long_name); });
    CHECK(schedule.add(peer(1), {to_time_tag(now + 1s), {Message{"/" + long_name, {}}}}, now) == Verdict::full);
    for (const std::size_t length : {701U, 701U, 2U}) CHECK(schedule.pop(now + 1s)->batch.messages.front().address.size() == length);
    CHECK(schedule.add(peer(1), {to_time_tag(now + 1s), {Message{"/" + long_name, {}}}}, now) == Verdict::stored);
}
