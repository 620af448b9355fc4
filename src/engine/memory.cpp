// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/memory.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ton::engine {

namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
/// Larger blocks (long delay lines) are mapped by themselves, and given back.
constexpr std::size_t kLargestPacked = std::size_t{256} << 10;

constexpr std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

/// Whole huge pages, of zeroes. Made writable last: where memory is locked as it comes (mlockall(2)), that is when it is
/// filled, and only then the kernel knows what pages are wanted.
std::byte* map(std::size_t bytes) {
    void* const all = mmap(nullptr, bytes + kHugePage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    auto* const begin = static_cast<std::byte*>(all);
    const std::size_t before = round_up(reinterpret_cast<std::uintptr_t>(begin), kHugePage) - reinterpret_cast<std::uintptr_t>(begin);
    std::byte* const memory = begin + before;
    if (before > 0) munmap(begin, before);
    munmap(memory + bytes, kHugePage - before);
    madvise(memory, bytes, MADV_HUGEPAGE); // a wish: a kernel without huge pages has it on small ones
    if (mprotect(memory, bytes, PROT_READ | PROT_WRITE) == 0) {
        std::memset(memory, 0, bytes); // every page is there before the audio thread comes
        // What has come on small pages stays on them: to have them gathered later would stop who plays on them for milliseconds.
        madvise(memory, bytes, MADV_NOHUGEPAGE);
        return memory;
    }
    munmap(memory, bytes);
    throw std::bad_alloc();
}

/// Blocks of some hundred sizes: what the module types ask for at each width. A block that is given back waits for the next
/// of its size, so edits take and give the same ones.
class Packed {
  public:
    std::byte* take(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        auto& size = sizes_[bytes];
        if (!size.free.empty()) {
            std::byte* const block = size.free.back();
            size.free.pop_back();
            std::memset(block, 0, bytes);
            return block;
        }
        if (size.free.capacity() == size.made) size.free.reserve(2 * size.made + 1); // so that give() can't fail
        if (bytes > left_) next_ = map(kHugePage), left_ = kHugePage;
        ++size.made;
        left_ -= bytes;
        return std::exchange(next_, next_ + bytes);
    }
    void give(std::byte* block, std::size_t bytes) noexcept {
        const std::lock_guard lock(mutex_);
        sizes_.find(bytes)->second.free.push_back(block);
    }

  private:
    struct Size {
        std::vector<std::byte*> free;
        std::size_t made = 0;
    };
    std::mutex mutex_; // a daemon has one control thread; a test may have several
    std::unordered_map<std::size_t, Size> sizes_;
    std::byte* next_ = nullptr;
    std::size_t left_ = 0;
};

/// Never destroyed: what lies in it may outlive any other static object.
Packed& packed() {
    static Packed* const all = new Packed;
    return *all;
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kWatched = true;
#elif defined(__has_feature)
constexpr bool kWatched = __has_feature(address_sanitizer);
#else
constexpr bool kWatched = false;
#endif

} // namespace

void* allocate_bytes(std::size_t bytes) {
    const std::size_t size = round_up(bytes > 0 ? bytes : 1, kLine);
    if constexpr (kWatched) { // each block by itself, so that AddressSanitizer sees its ends
        void* const memory = std::aligned_alloc(kLine, size);
        if (!memory) throw std::bad_alloc();
        return std::memset(memory, 0, size);
    }
    return size <= kLargestPacked ? packed().take(size) : map(round_up(size, kHugePage));
}

void free_bytes(void* memory, std::size_t bytes) noexcept {
    const std::size_t size = round_up(bytes > 0 ? bytes : 1, kLine);
    if (!memory) return;
    if constexpr (kWatched) return std::free(memory);
    if (size <= kLargestPacked) packed().give(static_cast<std::byte*>(memory), size);
    else munmap(memory, round_up(size, kHugePage));
}

} // namespace ton::engine
