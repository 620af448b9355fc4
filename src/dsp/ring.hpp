// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace ton::dsp {

/// A wait-free queue of small plain values between exactly one producer and one consumer thread.
///
/// Memory is allocated in the constructor only (control thread). Capacity is rounded up to a power of two.
template <class T> class Ring {
    static_assert(std::is_trivially_copyable_v<T>, "a ring carries plain values; send big state by pointer");

  public:
    explicit Ring(std::size_t capacity)
        : slots_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity)), mask_(slots_.size() - 1) {}

    std::size_t capacity() const TM_NONBLOCKING { return mask_ + 1; }

    /// Producer. False when full: nothing was written.
    bool push(const T& value) TM_NONBLOCKING { return write(&value, 1) == 1; }

    /// Producer. Writes as many as fit and returns how many.
    std::size_t write(const T* values, std::size_t count) TM_NONBLOCKING {
        const auto head = head_.load(std::memory_order_relaxed);
        const auto room = capacity() - static_cast<std::size_t>(head - tail_.load(std::memory_order_acquire));
        if (count > room) count = room;
        for (std::size_t i = 0; i < count; ++i) data()[(head + i) & mask_] = values[i];
        head_.store(head + count, std::memory_order_release);
        return count;
    }

    /// Consumer. False when empty.
    bool pop(T& value) TM_NONBLOCKING { return read(&value, 1) == 1; }

    /// Consumer. Reads at most `count` and returns how many.
    std::size_t read(T* values, std::size_t count) TM_NONBLOCKING {
        const auto tail = tail_.load(std::memory_order_relaxed);
        const auto filled = static_cast<std::size_t>(head_.load(std::memory_order_acquire) - tail);
        if (count > filled) count = filled;
        for (std::size_t i = 0; i < count; ++i) values[i] = data()[(tail + i) & mask_];
        tail_.store(tail + count, std::memory_order_release);
        return count;
    }

    /// Consumer: how many can be read now. Producer: an upper bound of how many are still unread.
    std::size_t size() const TM_NONBLOCKING {
        return static_cast<std::size_t>(head_.load(std::memory_order_acquire) -
                                        tail_.load(std::memory_order_acquire));
    }

  private:
    T* data() TM_NONBLOCKING { return base_; }

    std::vector<T> slots_;
    T* base_ = slots_.data();
    std::size_t mask_;
    alignas(64) std::atomic<std::uint64_t> head_{0}; // written by the producer, read by the consumer
    alignas(64) std::atomic<std::uint64_t> tail_{0}; // written by the consumer, read by the producer
};

} // namespace ton::dsp
