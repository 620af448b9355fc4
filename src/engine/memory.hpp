// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

/// Where what the audio thread touches in every segment lies: packed, on huge pages. A desk of thousands of strips is
/// some ten thousand blocks of a few kB; each on pages of its own they are far more pages than a processor can find
/// without a walk through its tables, and what a huge page holds is found at once.
namespace ton::engine {

/// Control thread. Zeroes, on a cache line's boundary. Throws std::bad_alloc.
void* allocate_bytes(std::size_t bytes);
void free_bytes(void* memory, std::size_t bytes) noexcept;

template <class T> struct BlockDeleter {
    std::size_t bytes = 0;
    void operator()(T* memory) const noexcept { free_bytes(memory, bytes); }
};
/// Frees on the control thread.
template <class T> using Memory = std::unique_ptr<T[], BlockDeleter<T>>;

template <class T> Memory<T> allocate(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    const std::size_t bytes = count * sizeof(T);
    return Memory<T>(static_cast<T*>(allocate_bytes(bytes)), {bytes});
}

} // namespace ton::engine
