// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

namespace ton::files {

/// A wait-free queue of planar frames between one producer and one consumer thread, whose frames carry their
/// number in the stream (from 0, for ever): dsp::Ring can't drop a lot at once or say which frame is next,
/// and both are needed here.
///
/// Memory is allocated and touched in the constructor (control thread).
class FrameRing {
  public:
    FrameRing(int channels, std::int64_t capacity)
        : capacity_(static_cast<std::uint64_t>(capacity)),
          planes_(static_cast<std::size_t>(channels),
                  std::vector<float>(static_cast<std::size_t>(capacity))) {
        for (auto& plane : planes_) bases_.push_back(plane.data());
        base_ = bases_.data();
        channels_ = channels;
    }

    int channels() const TM_NONBLOCKING { return channels_; }
    std::uint64_t capacity() const TM_NONBLOCKING { return capacity_; }
    /// The number of the next frame to be written. Exact for the producer, a lower bound for the consumer.
    std::uint64_t head() const TM_NONBLOCKING { return head_.load(std::memory_order_acquire); }
    /// The number of the next frame to be read. Exact for the consumer, a lower bound for the producer.
    std::uint64_t tail() const TM_NONBLOCKING { return tail_.load(std::memory_order_acquire); }
    std::uint64_t size() const TM_NONBLOCKING {
        const auto tail_now = tail(); // first: the head never runs behind a tail that was seen before it
        return head() - tail_now;
    }
    std::uint64_t room() const TM_NONBLOCKING { return capacity_ - size(); }

    /// Producer. `frames` ≤ room(). Ring channel c is filled by the function, given (c, buffer, offset,
    /// count).
    template <class Fill> void write(std::uint64_t frames, const Fill& fill) TM_NONBLOCKING {
        const auto head_now = head_.load(std::memory_order_relaxed);
        const auto at = head_now % capacity_;
        const auto first = std::min(frames, capacity_ - at);
        for (int c = 0; c < channels_; ++c) {
            fill(c, base_[c] + at, std::uint64_t{0}, first);
            if (frames > first) fill(c, base_[c], first, frames - first);
        }
        head_.store(head_now + frames, std::memory_order_release); // pairs with head() of the consumer
    }

    /// Consumer. The frames from `number` on (tail() ≤ number < head()) of channel c that lie in one piece,
    /// at most `count`.
    struct Piece {
        const float* samples;
        std::uint64_t frames;
    };
    Piece peek(int c, std::uint64_t number, std::uint64_t count) const TM_NONBLOCKING {
        const auto at = number % capacity_;
        return {base_[c] + at, std::min(count, capacity_ - at)};
    }

    /// Consumer. Gives up all frames before `number`, tail() ≤ number ≤ head().
    void drop_to(std::uint64_t number) TM_NONBLOCKING {
        tail_.store(number,
                    std::memory_order_release); // pairs with tail() of the producer: its room is free now
    }

  private:
    std::uint64_t capacity_;
    std::vector<std::vector<float>> planes_;
    std::vector<float*> bases_;
    float* const* base_ = nullptr;
    int channels_ = 0;
    alignas(64) std::atomic<std::uint64_t> head_{0};
    alignas(64) std::atomic<std::uint64_t> tail_{0};
};

} // namespace ton::files
