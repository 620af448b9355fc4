// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace ton::backend {

/// Hands a big object that the control thread builds to the one audio thread that reads it, without a lock:
/// the audio thread brackets each cycle with enter() and leave(), and an object that was replaced is given
/// back only when every cycle that may have seen it is over.
///
/// Why it is safe: `entered_` counts before `current_` is read, both sequentially consistent. A cycle that
/// counts after publish() has read `entered_` therefore also reads the new pointer; older cycles have left
/// when `left_` has reached that count.
template <class T> class Published {
  public:
    Published() = default;
    Published(const Published&) = delete;
    Published& operator=(const Published&) = delete;

    /// Audio thread. The object for this cycle, or null; valid until leave().
    T* enter() TM_NONBLOCKING {
        entered_.fetch_add(1, std::memory_order_seq_cst);
        return current_.load(std::memory_order_seq_cst);
    }
    /// Audio thread.
    void leave() TM_NONBLOCKING {
        left_.store(entered_.load(std::memory_order_relaxed), std::memory_order_release);
    }

    /// Control thread. `next` (may be null) is what the following cycles see.
    void publish(std::unique_ptr<T> next) {
        T* raw = next.get();
        current_.exchange(raw, std::memory_order_seq_cst);
        if (owned_) retired_.push_back({entered_.load(std::memory_order_seq_cst), std::move(owned_)});
        owned_ = std::move(next);
    }

    /// Control thread. Calls `done(std::unique_ptr<T>)` for each replaced object that no cycle can see any
    /// more.
    template <class Done> void reclaim(Done&& done) {
        const auto left = left_.load(std::memory_order_acquire);
        while (!retired_.empty() && retired_.front().cycle <= left) {
            done(std::move(retired_.front().object));
            retired_.erase(retired_.begin());
        }
    }

    /// Control thread, while no audio thread runs: everything is over.
    template <class Done> void reclaim_all(Done&& done) {
        left_.store(entered_.load(std::memory_order_relaxed), std::memory_order_relaxed);
        reclaim(done);
    }

    /// Control thread: no cycle is under way, as far as it has told.
    bool idle() const {
        return left_.load(std::memory_order_acquire) == entered_.load(std::memory_order_seq_cst);
    }

    /// Control thread: what the audio thread sees now, to be read only.
    const T* peek() const { return owned_.get(); }
    bool pending() const { return !retired_.empty(); }

  private:
    struct Retired {
        std::uint64_t cycle;
        std::unique_ptr<T> object;
    };
    std::atomic<T*> current_{nullptr};      // control exchanges, audio loads
    std::atomic<std::uint64_t> entered_{0}; // audio counts, control loads in publish()
    std::atomic<std::uint64_t> left_{0};    // audio releases, control acquires in reclaim()
    std::unique_ptr<T> owned_;
    std::vector<Retired> retired_;
};

/// The same for an object that any number of threads may read now and then, none of them the audio thread: a
/// replaced object is freed once nobody is reading. Readers neither lock nor allocate, so that one of them
/// may be cancelled (JACK2 does that to its notification thread) with nothing worse than memory held until
/// the end.
template <class T> class Readable {
  public:
    /// Any thread. Calls `use(const T&)` if there is an object.
    template <class Use> void read(Use&& use) {
        readers_.fetch_add(1, std::memory_order_seq_cst);
        if (const T* object = current_.load(std::memory_order_seq_cst)) use(*object);
        readers_.fetch_sub(1, std::memory_order_release);
    }
    /// Control thread.
    void publish(std::unique_ptr<T> next) {
        current_.exchange(next.get(), std::memory_order_seq_cst);
        if (owned_) retired_.push_back(std::move(owned_));
        owned_ = std::move(next);
        reclaim();
    }
    /// Control thread. True when no replaced object is left.
    bool reclaim() {
        if (readers_.load(std::memory_order_seq_cst) == 0) retired_.clear(); // later readers see `current_`
        return retired_.empty();
    }

  private:
    std::atomic<const T*> current_{nullptr}; // control exchanges, readers load
    std::atomic<int> readers_{0};            // readers count, control loads in reclaim()
    std::unique_ptr<T> owned_;
    std::vector<std::unique_ptr<T>> retired_;
};

} // namespace ton::backend
