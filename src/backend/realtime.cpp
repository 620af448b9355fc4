// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/realtime.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

namespace ton::backend {
namespace {

constexpr std::size_t kStackBytes = 1 << 20;

/// Linux checks CAP_IPC_LOCK before the limit; locking more than the limit allows is the way to ask for it.
bool may_exceed_limit(rlim_t limit) {
    const std::size_t bytes = static_cast<std::size_t>(limit) + (1U << 20);
    void* memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    // MLOCK_ONFAULT counts against the limit, but touches no page.
    const bool allowed = mlock2(memory, bytes, MLOCK_ONFAULT) == 0;
    munmap(memory, bytes);
    return allowed;
}

bool may_lock_everything(rlim_t& limit) {
    rlimit memory{};
    if (getrlimit(RLIMIT_MEMLOCK, &memory) != 0) return false;
    memory.rlim_cur = memory.rlim_max;
    setrlimit(RLIMIT_MEMLOCK, &memory); // up to the hard limit, which is always allowed
    limit = memory.rlim_max;
    return limit == RLIM_INFINITY || may_exceed_limit(limit);
}

} // namespace

std::vector<std::string> prepare_process() {
    std::vector<std::string> refused;
    mallopt(M_TRIM_THRESHOLD, -1);
    mallopt(M_MMAP_MAX, 0);
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) == 0) {
        pthread_attr_setstacksize(&attributes, kStackBytes);
        pthread_setattr_default_np(&attributes);
        pthread_attr_destroy(&attributes);
    }
    rlim_t limit = 0;
    if (!may_lock_everything(limit)) {
        refused.push_back(fmt::format(
            "memory is not locked (limit {} KiB), page faults may disturb the sound: allow it with "
            "LimitMEMLOCK=infinity or memlock in /etc/security/limits.d",
            limit / 1024));
    } else if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        refused.push_back(fmt::format("memory is not locked ({}), page faults may disturb the sound",
                                      std::strerror(errno)));
    }
    rlimit priority{};
    if (getrlimit(RLIMIT_RTPRIO, &priority) == 0 && priority.rlim_cur < priority.rlim_max) {
        priority.rlim_cur = priority.rlim_max;
        setrlimit(RLIMIT_RTPRIO, &priority);
    }
    return refused;
}

} // namespace ton::backend
