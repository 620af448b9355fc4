// SPDX-License-Identifier: GPL-3.0-or-later
// RT-5 in short, in a program of its own, since prepare_process() is for good: under a JACK server, the audio
// thread takes no page fault after its first thousand cycles, also while plans are swapped and ports come and
// go.
#include "backend/backend.hpp"
#include "backend/realtime.hpp"
#include "backend/testing.hpp"

#include <cstdint>
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace ton;
using namespace ton::backend;

extern const char __executable_start, etext; // end(3), and ld's default script

namespace {

/// What memory pressure does, at will: the kernel drops the pages of this program's code, to be faulted in
/// anew when next run. Locked pages stay (madvise(2): EINVAL).
void drop_code_pages() {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start) & ~(page - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(&etext) & ~(page - 1);
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

} // namespace

TEST_CASE("RT-5: no page fault in the audio thread after warm-up") {
    const auto refused = prepare_process();
    for (const auto& line : refused) MESSAGE(line);
    REQUIRE(refused.empty()); // run it as root, or with memlock unlimited
    testing::JackServer server(64);
    REQUIRE(server.start());
    engine::Engine engine;
    auto jack = make_jack(engine, {.client_name = "desk", .server = server.name()});
    jack->on_ready = [&](double, int) { jack->set_ports(testing::plain_ports(32, 32)); };
    testing::post_wires(engine, 32);
    REQUIRE(jack->start());
    const auto cycles = [&] { return engine.counters().cycles.load(); };
    REQUIRE(testing::wait_until(20, [&] { return jack->poll(), cycles() > 1000; }));
    const auto begin = cycles();
    const auto faults = jack->status().page_faults;
    REQUIRE(faults >= 0);
    int edits = 0;
    std::vector<std::vector<char>> clutter; // what a control side allocates meanwhile
    engine::Notice notice;
    testing::wait_until(20, [&] {
        drop_code_pages();
        const int channels = 32 + ++edits % 16;
        jack->set_ports(testing::plain_ports(channels, channels));
        testing::post_wires(engine, channels);
        while (engine.poll(notice)) delete notice.transaction;
        clutter.emplace_back(static_cast<std::size_t>(1) << (10 + edits % 10), 'x');
        if (clutter.size() > 32) clutter.erase(clutter.begin());
        jack->poll();
        return edits > 100 && cycles() - begin > 3000; // 4 s, where the machine isn't busy
    });
    const auto status = jack->status();
    MESSAGE((cycles() - begin) << " cycles, " << edits << " edits, " << (status.page_faults - faults)
                               << " page faults, peak load " << status.peak_load);
    CHECK(edits > 100);
    CHECK(cycles() - begin > 3000);
    CHECK(status.page_faults == faults);
    jack->stop();
}
