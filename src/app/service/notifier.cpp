// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/service/notifier.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <utility>

namespace ton::app::service {
namespace {

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

} // namespace

Notifier Notifier::from_environment() {
    std::uint64_t watchdog = 0;
    // It also compares $WATCHDOG_PID with this process.
    if (sd_watchdog_enabled(0, &watchdog) <= 0) watchdog = 0;
    const auto send = [failed = false](const std::string& message) mutable {
        const int result = sd_notify(0, message.c_str());
        if (result < 0 && !std::exchange(failed, true))
            spdlog::warn(fmt::format("the service manager can't be told ({}): {}", message, std::strerror(-result)));
    };
    return {send, std::chrono::microseconds(watchdog)};
}

void Notifier::tick(const Health& health, Clock::time_point now) {
    if (stopping_) return;
    if (!ready_) become_ready(health, now);
    if (half_.count() == 0 || now < next_feed_) return;
    const bool moved = health.cycles != fed_cycles_;
    if (!moved && (!health.waiting || health.stuck)) return;
    fed_cycles_ = health.cycles;
    next_feed_ = now + half_;
    send_("WATCHDOG=1");
}

void Notifier::become_ready(const Health& health, Clock::time_point now) {
    if (health.running) {
        if (!std::exchange(armed_, true)) armed_cycles_ = health.cycles;
        if (health.cycles == armed_cycles_) return;
        ready_ = true;
        send_("READY=1");
        return;
    }
    armed_ = false;
    if (health.waiting && !health.stuck && now >= next_extension_) {
        next_extension_ = now + std::chrono::seconds(5);
        send_("EXTEND_TIMEOUT_USEC=15000000");
    }
}

void Notifier::status(const std::string& text) {
    auto line = one_line(text);
    if (line == status_) return;
    status_ = std::move(line);
    send_("STATUS=" + status_);
}

void Notifier::reloading(Clock::time_point now) {
    // On Linux, steady_clock is CLOCK_MONOTONIC.
    if (ready_ && !stopping_)
        send_(fmt::format(
            "RELOADING=1\nMONOTONIC_USEC={}",
            std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count()));
}

void Notifier::reloaded(const std::string& outcome) {
    status_ = one_line(outcome);
    send_((ready_ && !stopping_ ? "READY=1\nSTATUS=" : "STATUS=") + status_);
}

void Notifier::stopping() {
    if (!std::exchange(stopping_, true)) send_("STOPPING=1");
}

} // namespace ton::app::service
