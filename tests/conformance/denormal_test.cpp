// SPDX-License-Identifier: GPL-3.0-or-later
// Denormal numbers, with the audio thread's floating-point mode (RT-7), cost nothing and stay nothing.
#include "desk_text.hpp"

#include <doctest/doctest.h>
#include <xmmintrin.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>

using namespace ton;
using namespace ton::conformance;
using test::Planes;

namespace {
constexpr int kFrames = 4800;

/// The audio thread's mode, on this thread, for a while.
struct AudioMode {
    unsigned before = _mm_getcsr();
    AudioMode() { engine::prepare_audio_thread(); }
    ~AudioMode() { _mm_setcsr(before); }
};

std::map<std::string, Planes> everywhere(const Planes& sound) {
    return {{"x", sound}, {"y", sound}, {"side_x", sound}, {"side_y", sound}};
}
/// Copied, not computed: in this mode arithmetic gives no denormals.
Planes denormals(int channels) {
    auto planes = test::noise(channels, kFrames, -9.0);
    for (auto& plane : planes)
        for (auto& x : plane) x = x < 0 ? -1e-40F : 1e-40F;
    return planes;
}

double seconds(test::TestDesk& desk, const std::map<std::string, Planes>& input) {
    const auto begin = std::chrono::steady_clock::now();
    desk.play(kFrames, input, 480);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}
} // namespace

TEST_CASE("denormals come in, nothing above the smallest normal numbers goes out") {
    const AudioMode mode;
    for (const auto& s : subjects()) {
        if (s.type->source || s.type->internal) continue;
        INFO(s.label());
        test::TestDesk desk(twins(s, {}), twin_options(s));
        const auto input = everywhere(denormals(s.channels));
        CHECK((std::bit_cast<std::uint32_t>(input.at("x")[0][0]) & 0x7FFFFFFFU) == 71362U); // 1e-40 in steps of 2^-149
        for (const auto& [strip, planes] : desk.play(kFrames, input, 441)) {
            CHECK(finite(planes));
            CHECK(loudest(planes) <= static_cast<double>(std::numeric_limits<float>::min()));
        }
    }
}

TEST_CASE("denormals cost what sound costs") {
    const AudioMode mode;
    for (const auto& s : subjects()) {
        if (s.type->internal) continue;
        INFO(s.label());
        test::TestDesk desk(twins(s, lively(*s.type)), twin_options(s));
        const auto sound = everywhere(test::noise(s.channels, kFrames, -9.0)), tiny = everywhere(denormals(s.channels));
        desk.play(kFrames, sound, 480);
        // The least of a few: what else runs on the machine is none of this. Without the mode monitor and ab cost twice as much.
        double with_sound = 1, with_tiny = 1;
        for (int round = 0; round < 200 && (round < 3 || with_tiny > 1.5 * with_sound); ++round) {
            with_sound = std::min(with_sound, seconds(desk, sound));
            with_tiny = std::min(with_tiny, seconds(desk, tiny));
        }
        CHECK(with_tiny <= 1.5 * with_sound);
    }
}
