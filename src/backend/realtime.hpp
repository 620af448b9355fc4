// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace ton::backend {

/// Makes the process fit for real time: memory is locked and stays, so that no page fault comes back to the
/// audio thread. Main thread, first thing in main(), before other threads exist. Returns one line per right
/// that was refused, for the log: the daemon then runs all the same (SYS-6), only less surely.
///
/// - RLIMIT_MEMLOCK is raised to its hard limit. Where the process may lock without limit,
/// mlockall(MCL_CURRENT |
///   MCL_FUTURE) follows; else nothing is locked, because a process that reaches its limit later can't
///   allocate any more.
/// - malloc keeps what it has: it neither trims the heap nor serves large blocks by mmap, whose pages would
/// be new each
///   time.
/// - New threads get stacks of 1 MiB: locked stacks of the usual 8 MiB would cost that much memory each.
std::vector<std::string> prepare_process();

} // namespace ton::backend
