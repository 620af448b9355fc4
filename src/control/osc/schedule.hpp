// SPDX-License-Identifier: GPL-3.0-or-later
// Batches that wait for their time tag: a bounded store sorted by time. Control thread only.
#pragma once

#include "control/osc/message.hpp"
#include "control/osc/peer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace ton::control::osc {

struct ScheduleLimits {
    std::size_t messages = 10'000;  ///< waiting, in all
    std::size_t bytes = 8 << 20;    ///< of their addresses, strings and blobs, in all
    std::chrono::seconds ahead{60}; ///< further ahead is refused: a wrong clock, or an attack
};

struct ScheduledBatch {
    SystemTime due;
    Peer from;
    Batch batch;
    std::uint64_t arrival = 0; ///< as add() was told
};

class Schedule {
  public:
    explicit Schedule(ScheduleLimits limits = {}) : limits_(limits) {}

    enum class Verdict : std::uint8_t {
        now,     ///< immediate tag: not stored, run it
        late,    ///< due before `now`: not stored, run it at once; counted
        stored,  ///< taken; pop() gives it when due
        too_far, ///< refused: further ahead than limits.ahead; counted
        full,    ///< refused: limits.messages or limits.bytes reached; counted
    };

    /// Moves from `batch` only when the verdict is `stored`. A batch due exactly at `now` is stored.
    /// `arrival` is given back, and tells what came before what.
    Verdict add(const Peer& from, Batch&& batch, SystemTime now, std::uint64_t arrival = 0);

    /// Lets messages that arrived before `arrival` be changed.
    void revise(std::uint64_t arrival, const std::function<void(Message&)>& change);

    /// The earliest batch due at or before `until`, in order of time, equal times in order of arrival.
    /// Ask with now plus the engine's look-ahead, so that events reach the audio side before their sample.
    std::optional<ScheduledBatch> pop(SystemTime until);
    std::optional<SystemTime> next_due() const;

    /// Drops what a peer has waiting (whether a closed TCP client's batches still run is the desk's choice).
    /// Returns messages dropped.
    std::size_t cancel(const Peer& from);
    void clear();

    std::size_t messages() const noexcept { return messages_; }
    std::uint64_t late() const noexcept { return late_; }
    std::uint64_t refused() const noexcept { return refused_; }

  private:
    ScheduleLimits limits_;
    std::multimap<SystemTime, ScheduledBatch> batches_;
    std::size_t messages_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t late_ = 0;
    std::uint64_t refused_ = 0;
};

} // namespace ton::control::osc
