// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "modules/support/filter_tests.hpp"

#include <array>
#include <limits>
#include <pmmintrin.h>

/// The tests of highpass and lowpass.
namespace ton::test {

struct CutModule {
    std::string name;
    bool high;
};
inline constexpr std::array kOrders{1, 2, 3, 4, 6, 8}; // of the slopes 6|12|18|24|36|48

inline Made make_cut(const CutModule& module, RigOptions options, float frequency, int slope) {
    auto rig = std::make_unique<Rig>(module.name, options);
    rig->set("frequency", frequency).set("slope", static_cast<float>(slope));
    return rig;
}

/// Butterworth through the bilinear transform: |H|^2 = 1/(1 + r^2n), r the ratio of the tangents.
inline double butterworth_response(bool high, int order, double corner, double f, double rate) {
    const double pi = std::numbers::pi;
    const double ratio = std::tan(pi * f / rate) / std::tan(pi * corner / rate);
    return 1.0 / std::sqrt(1.0 + std::pow(high ? 1.0 / ratio : ratio, 2.0 * order));
}

inline void check_closed_form(const CutModule& module) {
    for (const double rate : {44100.0, 48000.0, 192000.0})
        for (const float corner : {10.0F, 80.0F, 1000.0F, 12000.0F, 20000.0F})
            for (int slope = 0; slope < 6; ++slope) {
                CAPTURE(rate);
                CAPTURE(corner);
                CAPTURE(slope);
                auto rig = make_cut(module, {.sample_rate = rate}, corner, slope);
                const auto h = rig->run(impulse(1, corner < 50 ? 1 << 18 : 1 << 16))[0];
                for (double f = 10; f < 0.49 * rate; f *= 1.37) {
                    const double wanted =
                        butterworth_response(module.high, kOrders[static_cast<std::size_t>(slope)],
                                             static_cast<double>(corner), f, rate);
                    CAPTURE(f);
                    // 0.001 dB, above the floor that float's rounding leaves in the sum: -130 dBFS, and more
                    // where an integrator's steps become small beside its value (1/g).
                    const double floor = std::max(3e-7, 1.5e-9 * rate / static_cast<double>(corner));
                    CHECK(std::abs(response(h, f, rate) - wanted) < wanted * 1.2e-4 + floor);
                }
            }
}

inline void check_slopes(const CutModule& module) {
    for (int slope = 0; slope < 6; ++slope) {
        CAPTURE(slope);
        auto rig = make_cut(module, {}, 1000, slope);
        const auto h = rig->run(impulse(1, 1 << 15))[0];
        CHECK(decibels(response(h, 1000, 48000)) == doctest::Approx(-3.0103).epsilon(0.0005));
        const double near = module.high ? 250 : 2000, far = module.high ? 176.777 : 2828.427;
        const double octaves =
            std::log2(std::tan(std::numbers::pi * far / 48000) / std::tan(std::numbers::pi * near / 48000));
        const double fall = decibels(response(h, far, 48000)) - decibels(response(h, near, 48000));
        const double wanted = -6.0206 * kOrders[static_cast<std::size_t>(slope)] * std::abs(octaves);
        CHECK(fall == doctest::Approx(wanted).epsilon(slope == 0 ? 0.15 : 0.03));
    }
}

inline std::vector<Event> cut_moves() {
    return {{100, "frequency", 500.0F}, {433, "slope", 5.0F},
            {700, "slope", 0.0F},       {2000, "frequency", 9000.0F, 0.1},
            {2500, "bypass", 1.0F},     {6000, "bypass", 0.0F},
            {9001, "slope", 3.0F},      {9777, "frequency", 12.0F},
            {14001, "slope", 2.0F}};
}
inline void check_cut_bits(const CutModule& module) {
    check_same_bits([&](RigOptions o) { return make_cut(module, o, 80, 1); }, cut_moves());
}
inline void check_cut_instruction_sets(const CutModule& module) {
    check_instruction_sets([&](RigOptions o) { return make_cut(module, o, 80, 1); }, cut_moves(), 0);
}

inline void check_cut_clicks(const CutModule& module) {
    const auto start = [&](float f, int slope) {
        return [&module, f, slope](RigOptions o) { return make_cut(module, o, f, slope); };
    };
    for (int from = 0; from < 6; ++from)
        for (int to = 0; to < 6; ++to) {
            CAPTURE(from);
            CAPTURE(to);
            CHECK(click_of(start(700, from), {{12345, "slope", static_cast<float>(to)}}) < -80.0);
            CHECK(click_of(start(1400, from), {{12345, "slope", static_cast<float>(to)}}) < -80.0);
        }
    for (int slope = 0; slope < 6; ++slope) {
        CAPTURE(slope);
        CHECK(click_of(start(20, slope), {{12345, "frequency", 2000.0F}}) < -80.0);
        CHECK(click_of(start(16000, slope), {{12345, "frequency", 300.0F}}) < -80.0);
        std::vector<Event> steps; // a controller's sweep: 200 messages a second, a semitone each
        for (int i = 0; i < 60; ++i)
            steps.push_back(
                {12000 + 240 * i, "frequency", 200.0F * std::exp2(static_cast<float>(i) / 12.0F)});
        CHECK(click_of(start(200, slope), steps) < -80.0);
    }
}

inline void check_cut_bounded(const CutModule& module) {
    auto rig = make_cut(module, {}, 1000, 5);
    std::vector<Event> sweep; // end to end a thousand times a second
    for (int i = 0; i < 900; ++i)
        sweep.push_back({1000 + 24 * i, "frequency", i % 2 ? 20000.0F : 10.0F, 0.0005});
    const auto y = rig->run(sine(1, 24000, 1000, 0), 64, sweep)[0];
    CHECK(decibels(peak(y)) < 6.0);
}

/// FIL-9: with denormals flushed, as on the audio thread, the memory comes to rest at zero or at the smallest
/// normal numbers (whose steps are flushed): no operand is ever denormal, so silence costs what sound costs.
inline void check_cut_forgets(const CutModule& module) {
    const unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040U); // flush to zero, denormals are zero
    for (int slope = 0; slope < 6; ++slope) {
        CAPTURE(slope);
        auto rig = make_cut(module, {}, 100, slope);
        rig->run(noise(1, 4800, 0));
        const auto tail = rig->run(silence(1, 96000))[0];
        // It rests where coefficient times memory is below the smallest normal number: at 100 Hz coefficients exceed 1e-3.
        CHECK(peak(tail, 90000) < static_cast<double>(std::numeric_limits<float>::min()) / 1e-3);
        bool normal = true;
        for (const float v : tail) normal = normal && (v == 0.0F || std::isnormal(v));
        CHECK(normal);
    }
    _mm_setcsr(old);
}

} // namespace ton::test
