// SPDX-License-Identifier: GPL-3.0-or-later
// prepare_process() changes its process for good, so that each case runs in a child of its own.
#include "backend/realtime.hpp"
#include "backend/testing.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <functional>
#include <grp.h>
#include <memory>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ton;
using namespace ton::backend;

namespace {

/// Runs `body` in a child and returns its result (0…255), -1 if it ended otherwise.
int in_child(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    if (!testing::wait_until(20, [&] { return waitpid(child, &status, WNOHANG) == child; }))
        testing::end(child, SIGKILL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// VmLck of /proc/self/status, in KiB (proc(5)).
long locked_kib() {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;)
        if (word == "VmLck:") {
            long kib = -1;
            file >> kib;
            return kib;
        }
    return -1;
}

/// An unprivileged user with 1 MiB of locked memory, as on a desktop without audio limits.
void become_nobody() {
    const rlimit limit{1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 ||
        (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setuid(65534) != 0)))
        _exit(99);
}

} // namespace

TEST_CASE("where it is allowed, memory is locked and fresh heap costs no page faults") {
    const int result = in_child([] {
        const bool refused = !prepare_process().empty();
        if (refused) return geteuid() == 0 ? 10 : 0; // a user without the right is told so; root has it
        if (locked_kib() < 1024) return 11;
        rusage before{}, after{};
        auto first = std::make_unique<char[]>(8 << 20); // grows the heap
        getrusage(RUSAGE_THREAD, &before);
        for (std::size_t i = 0; i < (8U << 20); i += 4096) first[i] = 1;
        getrusage(RUSAGE_THREAD, &after);
        if (after.ru_minflt != before.ru_minflt || after.ru_majflt != before.ru_majflt) return 12;
        first.reset();
        getrusage(RUSAGE_THREAD, &before);
        auto second = std::make_unique<char[]>(8 << 20); // the same memory, neither trimmed nor mapped anew
        for (std::size_t i = 0; i < (8U << 20); i += 4096) second[i] = 1;
        getrusage(RUSAGE_THREAD, &after);
        return after.ru_minflt == before.ru_minflt ? 0 : 13;
    });
    CHECK(result == 0);
}

TEST_CASE(
    "SYS-6: where it is not, one warning says what to set, nothing is locked, and memory goes on coming") {
    const int result = in_child([] {
        become_nobody();
        const auto refused = prepare_process();
        if (refused.size() != 1) return 10;
        if (refused[0].find("LimitMEMLOCK") == std::string::npos ||
            refused[0].find("1024 KiB") == std::string::npos)
            return 11;
        if (locked_kib() != 0) return 12;
        std::vector<std::unique_ptr<char[]>> blocks;
        for (int i = 0; i < 16; ++i)
            blocks.push_back(std::make_unique<char[]>(1 << 20)); // 16 times the limit
        return 0;
    });
    CHECK(result == 0);
}
