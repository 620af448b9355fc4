// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/engine.hpp"

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace ton::control {

/// What waits for room in the engine's queue. Nothing is lost and nothing changes its order, except that of a parameter's
/// single values, set one after the other and for now, only the newest is kept while they wait. Control thread.
class Outbox {
  public:
    using Batch = std::vector<engine::Command>;

    explicit Outbox(engine::Engine& engine) : engine_(engine) {}
    ~Outbox() { clear(); }
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// The batch takes effect at one sample, however large. (Only one of more than Engine::kMostAtOnce that is not all settings
    /// of one time is cut.) Constant time for one command.
    void add(Batch batch);
    /// Sends as much as there is room for.
    void flush();
    /// Forgets everything, transactions freed.
    void clear();
    bool empty() const { return waiting_.empty(); }
    std::size_t size() const { return waiting_.size(); }

  private:
    void keep(Batch batch);
    bool send(const Batch& batch);
    static bool large(const Batch& batch);
    static bool alone(const Batch& batch);
    static std::uint64_t key(const engine::Command& c) { return std::uint64_t{c.slot} << 32 | static_cast<std::uint32_t>(c.row); }

    engine::Engine& engine_;
    std::deque<Batch> waiting_;
    std::uint64_t sent_ = 0;                                  // batches that left; the front's number
    std::unordered_map<std::uint64_t, std::uint64_t> newest_; // parameter: number of the batch that a newer value may replace
};

} // namespace ton::control
