// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/backend.hpp"
#include "backend/cycle_meter.hpp"
#include "backend/port_table.hpp"
#include "backend/published.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <thread>

namespace ton::backend {
namespace {

struct NoPort {}; // nobody is at the other end: every handle stays null, which the engine reads as silence

class InternalBackend final : public Backend {
  public:
    InternalBackend(engine::Engine& engine, double sample_rate, int block)
        : Backend(engine), sample_rate_(sample_rate), block_(std::clamp(block, 1, kMaxFrames)) {}
    ~InternalBackend() override { stop(); }

    bool start() override;
    void stop() override;
    void set_ports(std::span<const PortSpec> ports) override;
    void set_latencies(std::span<const PathLatency>) override {} // nobody asks for them
    void poll() override {
        meter_.sample();
        table_.reclaim([](auto&&) {});
    }
    Status status() override;
    bool connected(std::string_view) override { return false; }

  private:
    void run();
    int raise_priority();
    std::int64_t due(std::int64_t block) const {
        return start_ + static_cast<std::int64_t>(static_cast<double>(block) * block_ * 1e9 / sample_rate_);
    }

    static constexpr int kPriority = 60; // below what an audio server's own threads usually have (70)
    static constexpr int kCatchUp = 4;   // blocks

    const double sample_rate_;
    const int block_;
    Published<PortTable<NoPort>> table_;
    CycleMeter meter_;
    int port_count_ = 0;
    std::thread thread_;
    std::atomic<bool> running_{false}; // control writes, the audio thread reads
    std::int64_t start_ = 0;           // nanoseconds of CLOCK_MONOTONIC; the audio thread's
};

bool InternalBackend::start() {
    if (running_) return true;
    if (on_ready) on_ready(sample_rate_, block_);
    running_ = true;
    thread_ = std::thread([this] { run(); });
    if (const int error = raise_priority(); error != 0)
        spdlog::warn(fmt::format("the internal clock has no real-time priority ({}): expect late blocks under load; "
                                 "allow it with LimitRTPRIO= or in /etc/security/limits.d",
                                 std::strerror(error)));
    spdlog::info(fmt::format("internal clock: {} Hz, {} frames", sample_rate_, block_));
    return true;
}

void InternalBackend::stop() {
    if (!running_) return;
    running_ = false;
    thread_.join();
    meter_.detach();
}

int InternalBackend::raise_priority() {
    pthread_setname_np(thread_.native_handle(), "audio");
    sched_param priority{};
    priority.sched_priority = kPriority;
    // The flag keeps children of the process out of real time; rtkit and systemd expect it.
    return pthread_setschedparam(thread_.native_handle(), SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

void InternalBackend::set_ports(std::span<const PortSpec> ports) {
    int slots[2] = {0, 0};
    for (const auto& port : ports)
        slots[port.input ? 0 : 1] = std::max(slots[port.input ? 0 : 1], port.slot + 1);
    table_.publish(std::make_unique<PortTable<NoPort>>(static_cast<std::size_t>(slots[0]),
                                                       static_cast<std::size_t>(slots[1])));
    port_count_ = static_cast<int>(ports.size());
    if (!running_) table_.reclaim_all([](auto&&) {});
}

void InternalBackend::run() {
    engine::prepare_audio_thread();
    meter_.attach_this_thread();
    start_ = monotonic_ns();
    const auto period = static_cast<std::int64_t>(1e9 * block_ / sample_rate_);
    PortTable<NoPort> none(0, 0);
    for (std::int64_t block = 1; running_.load(std::memory_order_relaxed); ++block) {
        const std::int64_t wake = due(block);
        const timespec until{static_cast<time_t>(wake / 1'000'000'000),
                             static_cast<long>(wake % 1'000'000'000)};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
        }
        const auto begin = monotonic_ns();
        if (begin - wake > kCatchUp * period) {
            // Too late to make it good: the time line starts anew here instead of running a burst of blocks.
            start_ += begin - wake;
            meter_.count_xrun();
        }
        auto* const table = table_.enter();
        (table != nullptr ? *table : none).process(engine_, block_);
        table_.leave();
        meter_.add(monotonic_ns() - begin, period);
    }
}

Status InternalBackend::status() {
    Status status;
    status.state = running_ ? State::running : State::stopped;
    status.engine_free = !running_;
    status.server = "internal clock";
    status.sample_rate = sample_rate_;
    status.block = block_;
    status.load = meter_.load();
    status.peak_load = meter_.take_peak();
    status.xruns = meter_.xruns();
    status.realtime = meter_.realtime();
    status.page_faults = meter_.page_faults();
    status.ports = port_count_;
    return status;
}

} // namespace

std::unique_ptr<Backend> make_internal(engine::Engine& engine, double sample_rate, int block) {
    return std::make_unique<InternalBackend>(engine, sample_rate, block);
}

} // namespace ton::backend
