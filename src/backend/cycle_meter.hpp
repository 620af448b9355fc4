// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <deque>
#include <sys/types.h>

namespace ton::backend {

/// CLOCK_MONOTONIC in nanoseconds; any thread. A read of the vDSO's page on Linux, no system call.
inline std::int64_t monotonic_ns() TM_NONBLOCKING {
    timespec t{};
    TM_TRUST_BEGIN // vDSO: it neither allocates nor waits
        clock_gettime(CLOCK_MONOTONIC, &t);
    TM_TRUST_END
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

/// How busy the audio thread is, how often it was late, and its page faults. The audio thread writes plain
/// atomics, the control thread reads.
class CycleMeter {
  public:
    /// Audio thread, once before its first cycle (a system call).
    void attach_this_thread();
    /// Audio thread, each cycle. `period_ns`: the time that the cycle's frames last.
    void add(std::int64_t busy_ns, std::int64_t period_ns) TM_NONBLOCKING {
        busy_.store(busy_.load(std::memory_order_relaxed) + busy_ns, std::memory_order_relaxed);
        period_.store(period_.load(std::memory_order_relaxed) + period_ns, std::memory_order_relaxed);
        const double load =
            period_ns > 0 ? static_cast<double>(busy_ns) / static_cast<double>(period_ns) : 0.0;
        if (load > peak_.load(std::memory_order_relaxed)) peak_.store(load, std::memory_order_relaxed);
    }
    /// Any thread.
    void count_xrun() TM_NONBLOCKING { xruns_.fetch_add(1, std::memory_order_relaxed); }

    std::uint64_t xruns() const { return xruns_.load(std::memory_order_relaxed); }
    /// Control thread, a few times a second: remembers where the sums stood, so that load() can look back a
    /// second.
    void sample();
    /// Control thread. Busy time over period time of about the last second, 0…(1 = no time left).
    double load() const;
    /// Control thread. The greatest busy/period of one cycle since the last call.
    double take_peak() { return peak_.exchange(0.0, std::memory_order_relaxed); }
    /// Control thread. The audio thread runs with SCHED_FIFO, SCHED_RR or SCHED_DEADLINE.
    bool realtime() const;
    /// Control thread. Minor and major page faults of the audio thread since it began, read from /proc, so
    /// that nothing need be asked on the audio side; −1 where there is no audio thread.
    std::int64_t page_faults() const;
    /// Control thread: the audio thread has ended.
    void detach();

  private:
    struct Sums {
        std::int64_t time, busy, period;
    };
    std::atomic<std::int64_t> busy_{0}, period_{0}; // written by the audio thread only
    std::atomic<double> peak_{0.0};                 // raised by the audio thread, taken by the control thread
    std::atomic<std::uint64_t> xruns_{0};
    std::atomic<pid_t> thread_{0};
    std::deque<Sums> history_; // control thread
};

} // namespace ton::backend
