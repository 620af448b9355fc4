// SPDX-License-Identifier: GPL-3.0-or-later
#include "heap_trap.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TON_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(realtime_sanitizer)
#define TON_SANITIZED 1
#endif
#endif

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <malloc.h>
#include <utility>

namespace {
thread_local bool trapped = false;
thread_local int calls = 0;
[[maybe_unused]] std::atomic<std::ptrdiff_t> bytes{0};
} // namespace

namespace ton::test::heap {
#ifdef TON_SANITIZED
bool watched() { return false; }
#else
bool watched() { return true; }
#endif
Trap::Trap() { trapped = true; }
Trap::~Trap() { trapped = false; }
int touched() { return std::exchange(calls, 0); }
std::ptrdiff_t live() { return bytes.load(std::memory_order_relaxed); }
} // namespace ton::test::heap

#ifndef TON_SANITIZED
namespace {
void* taken(void* memory) noexcept {
    if (trapped) ++calls;
    if (memory) bytes.fetch_add(static_cast<std::ptrdiff_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
    return memory;
}
void given(void* memory) noexcept {
    if (trapped) ++calls;
    if (memory) bytes.fetch_sub(static_cast<std::ptrdiff_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
}
} // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
    return taken(__libc_malloc(size));
}
__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size) {
    return taken(__libc_calloc(count, size));
}
__attribute__((visibility("default"))) void* realloc(void* old, std::size_t size) {
    const auto before = old ? static_cast<std::ptrdiff_t>(malloc_usable_size(old)) : 0;
    void* const memory = __libc_realloc(old, size);
    if (memory || size == 0) bytes.fetch_sub(before, std::memory_order_relaxed);
    return taken(memory);
}
__attribute__((visibility("default"))) void free(void* memory) {
    given(memory);
    __libc_free(memory);
}
__attribute__((visibility("default"))) void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return taken(__libc_memalign(alignment, size));
}
__attribute__((visibility("default"))) int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
    *out = taken(__libc_memalign(alignment, size));
    return *out ? 0 : ENOMEM;
}
}
#endif
