// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>

/// malloc and its family, watched: link heap_trap.cpp into the test. Sanitizers bring their own; with them nothing is counted
/// (RealtimeSanitizer's run and AddressSanitizer's leak check take over).
namespace ton::test::heap {

/// False with a sanitizer.
bool watched();
/// While one lives, this thread's calls of malloc, free and the like are counted. Plain on and off: it may stand on an audio
/// thread.
struct Trap {
    Trap();
    ~Trap();
    Trap(const Trap&) = delete;
    Trap& operator=(const Trap&) = delete;
};
/// Calls counted on this thread since the last time it was asked.
int touched();
/// Bytes in use, of the whole program.
std::ptrdiff_t live();

} // namespace ton::test::heap
