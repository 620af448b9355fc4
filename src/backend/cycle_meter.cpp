// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/cycle_meter.hpp"

#include <fmt/format.h>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <string>
#include <unistd.h>

namespace ton::backend {

void CycleMeter::attach_this_thread() {
    thread_ = gettid();
}

void CycleMeter::detach() {
    thread_ = 0;
    history_.clear();
}

void CycleMeter::sample() {
    constexpr std::int64_t window = 1'000'000'000;
    const Sums now{monotonic_ns(), busy_.load(std::memory_order_relaxed),
                   period_.load(std::memory_order_relaxed)};
    history_.push_back(now);
    // One sample a second old or older stays, as the beginning of the window.
    while (history_.size() > 2 && now.time - history_[1].time >= window) history_.pop_front();
}

double CycleMeter::load() const {
    if (history_.empty()) return 0.0;
    const auto& then = history_.front();
    const auto busy = busy_.load(std::memory_order_relaxed) - then.busy;
    const auto period = period_.load(std::memory_order_relaxed) - then.period;
    return period > 0 ? static_cast<double>(busy) / static_cast<double>(period) : 0.0;
}

bool CycleMeter::realtime() const {
    const pid_t thread = thread_;
    if (thread == 0) return false;
    const int policy = sched_getscheduler(thread);
    if (policy < 0) return false;
    const int plain = policy & ~SCHED_RESET_ON_FORK;
    return plain == SCHED_FIFO || plain == SCHED_RR || plain == 6 /* SCHED_DEADLINE, sched(7) */;
}

std::int64_t CycleMeter::page_faults() const {
    const pid_t thread = thread_;
    if (thread == 0) return -1;
    std::ifstream file(fmt::format("/proc/self/task/{}/stat", thread));
    std::string line;
    if (!std::getline(file, line)) return -1;
    // proc(5): field 2, the name, is in parentheses and may hold anything; minflt is field 10, majflt
    // field 12.
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return -1;
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 10; ++field) fields >> skipped;
    std::int64_t minor = -1, children = 0, major = -1;
    fields >> minor >> children >> major;
    return fields ? minor + major : -1;
}

} // namespace ton::backend
