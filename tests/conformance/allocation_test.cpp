// SPDX-License-Identifier: GPL-3.0-or-later
// No module touches the heap on the audio side. malloc and its family are interposed in this program;
// sanitizers bring their own, so there RealtimeSanitizer's run takes over and this file stands aside.
#include "subject.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TON_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(realtime_sanitizer)
#define TON_SANITIZED 1
#endif
#endif

#ifndef TON_SANITIZED
namespace {
thread_local bool trapped = false;
thread_local int touched = 0;
void note() noexcept {
    if (trapped) ++touched;
}
} // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
    return note(), __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size) {
    return note(), __libc_calloc(count, size);
}
__attribute__((visibility("default"))) void* realloc(void* old, std::size_t size) {
    return note(), __libc_realloc(old, size);
}
__attribute__((visibility("default"))) void free(void* memory) {
    note(), __libc_free(memory);
}
__attribute__((visibility("default"))) void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return note(), __libc_memalign(alignment, size);
}
__attribute__((visibility("default"))) int posix_memalign(void** out, std::size_t alignment,
                                                          std::size_t size) {
    note();
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}
}

using namespace ton;
using namespace ton::conformance;

TEST_CASE("the trap sees an allocation and a release") {
    touched = 0;
    trapped = true;
    std::vector<int>* volatile block = new std::vector<int>(100);
    trapped = false;
    CHECK(touched == 2);
    touched = 0;
    trapped = true;
    delete block;
    trapped = false;
    CHECK(touched == 2);
}

TEST_CASE("run, update, silence, aim and read never touch the heap") {
    constexpr int frames = engine::kSegment, segments = 100;
    for (const auto& s : subjects()) {
        INFO(s.label());
        const auto rig = s.rig();
        auto& stage = rig->stage();
        engine::Scratch scratch(stage.ramps().sample_rows(),
                                stage.state_floats());
        const std::size_t plane = static_cast<std::size_t>(frames) * engine::kMaxLanes;
        std::vector<float> memory(plane * engine::kMaxChannels, 0.1F), readouts(1024);
        float* planes[engine::kMaxChannels];
        for (std::size_t c = 0; c < engine::kMaxChannels; ++c) planes[c] = &memory[c * plane];
        float** const side = planes + 4;
        const auto events = storm(*s.type, segments, 7);
        std::vector<int> rows;
        for (const auto& e : events) rows.push_back(engine::find_parameter(s.type->parameters, e.path));
        touched = 0;
        trapped = true;
        for (int k = 0; k < segments; ++k) {
            for (std::size_t e = 0; e < events.size(); ++e) {
                const auto& p = s.type->parameters[static_cast<std::size_t>(rows[e])];
                if (events[e].time == k) stage.aim(rows[e], 0, engine::to_kernel(p, events[e].value), -1,
                                                    std::int64_t{k} * frames);
            }
            stage.run(planes, side, planes + 8, frames, std::int64_t{k} * frames, scratch);
            if (k == 50) stage.silence(0, scratch);
            stage.read(readouts.data());
        }
        trapped = false;
        CHECK(touched == 0);
    }
}
#endif
