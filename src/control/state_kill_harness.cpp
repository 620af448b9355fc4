// SPDX-License-Identifier: GPL-3.0-or-later
// Killed at random instants by tests/test_state_kills.py: writes a state as fast as a flood of changes makes the daemon write
// it, and says which change it has taken, as OSC answers say it.
#include "control/state.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

/// `state-kill-harness FILE FIRST`: changes FIRST, FIRST + 1, … one a millisecond; each is printed when it is taken.
int main(int argc, char** argv) {
    if (argc != 3) return 2;
    ton::control::StateWriter writer(argv[1]);
    auto due = std::chrono::steady_clock::now();
    for (long change = std::atol(argv[2]);; ++change) {
        writer.touch();
        std::printf("%ld\n", change);
        std::fflush(stdout);
        // Of a size that takes the kernel several writes to the disk, so that there is a middle to be killed in.
        if (writer.due()) writer.write("{ \"change\": " + std::to_string(change) + ", \"filling\": \"" + std::string(200'000, 'x') + "\" }\n");
        std::this_thread::sleep_until(due += std::chrono::milliseconds(1));
    }
}
