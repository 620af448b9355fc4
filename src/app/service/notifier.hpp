// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace ton::app::service {

/// What decides whether the service is up and alive.
struct Health {
    std::uint64_t cycles = 0; ///< audio callbacks so far (engine::Counters::cycles)
    bool running = false;     ///< the backend runs and all its ports exist
    bool waiting = false;     ///< no audio on purpose: an audio server is being waited for
    bool stuck = false;       ///< waiting, but only a restart can help (backend::Status::stuck)
};

/// Tells the service manager how the daemon does, in the words of sd_notify(3). Logic only, with time and
/// sending handed in; control thread.
///
/// - READY=1 once, when the cycle counter has moved while all ports exist: what is ordered after the unit
/// finds its
///   ports. While a server is waited for, the start's time-out is put off, and STATUS says for what.
/// - WATCHDOG=1 every half of the watchdog's time, only if the cycle counter has moved since the last one or
/// the
///   daemon is waiting on purpose. A hung control thread does not call tick(); a hung audio thread does not
///   count.
class Notifier {
  public:
    using Send = std::function<void(const std::string& message)>;
    using Clock = std::chrono::steady_clock;

    /// `watchdog`: WATCHDOG_USEC, zero where there is none.
    Notifier(Send send, std::chrono::microseconds watchdog) : send_(std::move(send)), half_(watchdog / 2) {}

    /// The one for the manager that started this process ($NOTIFY_SOCKET, $WATCHDOG_USEC); it sends nothing
    /// where there is none.
    static Notifier from_environment();

    /// About ten times a second, and at least eight times per watchdog time.
    void tick(const Health& health, Clock::time_point now);
    /// One line for `systemctl status`; sent when it changes. Line breaks become spaces.
    void status(const std::string& text);
    /// A reload begins; `now` is CLOCK_MONOTONIC, as systemd wants it beside RELOADING=1.
    void reloading(Clock::time_point now);
    /// It has ended, well or not: `outcome` is the new status line.
    void reloaded(const std::string& outcome);
    /// The daemon is about to fade out and end. Nothing but the status is sent after this.
    void stopping();

    bool ready() const { return ready_; }

  private:
    void become_ready(const Health& health, Clock::time_point now);

    Send send_;
    std::chrono::microseconds half_;
    std::string status_;
    bool ready_ = false, stopping_ = false;
    bool armed_ = false; // running has been seen; READY as soon as the counter moves
    std::uint64_t armed_cycles_ = 0;
    std::uint64_t fed_cycles_ = 0;
    Clock::time_point next_feed_{};
    Clock::time_point next_extension_{};
};

} // namespace ton::app::service
