// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/support/filter_tests.hpp"

#include <array>
#include <limits>
#include <pmmintrin.h>

// The curves themselves (FIL-1, FIL-2) are tested in src/dsp/filter_design_test.cpp; here it is the module
// that runs.

using namespace ton::test;

namespace {
enum Type { bell, low_shelf, high_shelf, highpass, lowpass, notch };

struct BandSetting {
    int band;
    Type type;
    float frequency, gain, q;
};
using Bands = std::vector<BandSetting>;

std::string path(int band, const char* row) {
    return "band/" + std::to_string(band) + "/" + row;
}

Made make_eq(RigOptions options, const Bands& bands) {
    auto rig = std::make_unique<Rig>("eq", options);
    for (const auto& b : bands)
        rig->set(path(b.band, "type"), static_cast<float>(b.type))
            .set(path(b.band, "frequency"), b.frequency)
            .set(path(b.band, "gain"), b.gain)
            .set(path(b.band, "q"), b.q);
    return rig;
}
Make maker(const Bands& bands) {
    return [bands](RigOptions o) { return make_eq(o, bands); };
}

/// The analogue prototypes of the Audio EQ Cookbook.
double analogue(const BandSetting& b, double f) {
    const std::complex<double> s(0.0, f / static_cast<double>(b.frequency));
    const double q = static_cast<double>(b.q), a = std::sqrt(power(static_cast<double>(b.gain))),
                 r = std::sqrt(a) / q;
    switch (b.type) {
    case bell:
        return std::abs((s * s + s * (a / q) + 1.0) / (s * s + s / (a * q) + 1.0));
    case low_shelf:
        return std::abs(a * (s * s + r * s + a) / (a * s * s + r * s + 1.0));
    case high_shelf:
        return std::abs(a * (a * s * s + r * s + 1.0) / (s * s + r * s + a));
    case highpass:
        return std::abs(s * s / (s * s + s / q + 1.0));
    case lowpass:
        return std::abs(1.0 / (s * s + s / q + 1.0));
    default:
        return std::abs((s * s + 1.0) / (s * s + s / q + 1.0));
    }
}

const Bands kMix{{1, low_shelf, 90, 5, 0.71F}, {2, bell, 250, -6, 2},       {3, highpass, 30, 0, 0.71F},
                 {4, notch, 1000, 0, 8},       {5, bell, 3000, 12, 1},      {6, lowpass, 18000, 0, 0.71F},
                 {7, bell, 30, 3, 5},          {8, high_shelf, 9000, -8, 1}};

/// Everything moves, also type and on, some of it while it still travels.
std::vector<Event> moves() {
    return {{100, "band/2/frequency", 900.0F},
            {433, "band/2/gain", 9.0F},
            {700, "band/4/type", bell},
            {900, "band/4/type", lowpass},
            {1500, "band/5/on", 0.0F},
            {1700, "band/5/on", 1.0F},
            {2000, "band/1/gain", 0.0F},
            {2500, "bypass", 1.0F},
            {6000, "bypass", 0.0F},
            {6100, "band/8/on", 0.0F},
            {9001, "band/8/type", bell},
            {9777, "band/3/frequency", 300.0F, 0.1},
            {11000, "band/1/gain", -11.0F},
            {12345, "band/8/on", 1.0F},
            {14001, "band/7/q", 0.3F},
            {15000, "band/5/gain", 0.0F},
            {15000, "band/5/frequency", 50.0F}};
}
} // namespace

TEST_CASE("FIL-3: at 0 dB every bit passes, signed zeros too") {
    auto x = noise(2, 3000, 0);
    x[0][17] = -0.0F;
    for (const int width : {0, 1}) {
        const auto y = make_eq({.channels = 2, .width = width}, {})->run(x);
        CHECK(y == x);
        CHECK(std::signbit(y[0][17]));
    }
    std::vector<Event> idle; // frequency and q move; bells and shelves stay at 0 dB
    for (int b = 1; b <= 8; ++b) {
        idle.push_back({100 * b, path(b, "frequency"), 3000.0F});
        idle.push_back({150 * b, path(b, "q"), 9.0F});
        idle.push_back({170 * b, path(b, "type"), static_cast<float>(b % 3)});
    }
    CHECK(make_eq({.channels = 2}, {})->run(x, 64, idle) == x);
}

TEST_CASE("a band that is switched off passes every bit, and so again once its gain is back at 0 dB") {
    const auto x = noise(1, 24000, 0);
    const auto y = make_eq({}, kMix)->run(x, 64, {{1000, "band/2/gain", 0.0F}})[0];
    CHECK(y != x[0]);
    std::vector<Event> off;
    for (int b = 1; b <= 8; ++b) off.push_back({1000, path(b, "on"), 0.0F});
    const auto z = make_eq({}, kMix)->run(x, 64, off)[0];
    CHECK(std::equal(z.begin() + 6000, z.end(), x[0].begin() + 6000));
    CHECK(!std::equal(z.begin() + 900, z.begin() + 2000, x[0].begin() + 900));
    const auto back = make_eq({}, {{2, bell, 250, -6, 2}})->run(x, 64, {{1000, "band/2/gain", 0.0F}})[0];
    CHECK(std::equal(back.begin() + 6000, back.end(), x[0].begin() + 6000));
}

TEST_CASE("each type is its analogue curve") {
    for (const double rate : {48000.0, 96000.0})
        for (const Type type : {bell, low_shelf, high_shelf, highpass, lowpass, notch})
            for (const float frequency : {60.0F, 1000.0F, 5000.0F}) {
                CAPTURE(rate);
                CAPTURE(type);
                CAPTURE(frequency);
                const BandSetting b{3, type, frequency, -7.5F, 0.9F};
                const auto h = make_eq({.sample_rate = rate}, {b})->run(impulse(1, 1 << 16))[0];
                for (double f = 20; f < 20000; f *= 1.31) {
                    const double wanted = analogue(b, f);
                    if (decibels(wanted) < (type == notch ? -20.0 : -60.0)) continue;
                    CAPTURE(f);
                    CHECK(std::abs(decibels(response(h, f, rate) / wanted)) < 1.2);
                    if (f < 0.02 * rate && frequency < 2000)
                        CHECK(std::abs(decibels(response(h, f, rate) / wanted)) < 0.03);
                }
            }
}

TEST_CASE("bands add up in dB, and a cut undoes its boost") {
    const auto h = make_eq({}, kMix)->run(impulse(1, 1 << 16))[0];
    for (double f = 20; f < 16000; f *= 1.31) {
        double sum = 0;
        for (const auto& b : kMix) {
            const auto one = make_eq({}, {b})->run(impulse(1, 1 << 16))[0];
            sum += decibels(response(one, f, 48000));
        }
        CHECK(std::abs(decibels(response(h, f, 48000)) - sum) < 0.01);
    }
    for (const Type type : {bell, low_shelf, high_shelf}) {
        const Bands both{{2, type, 7000, 18, 0.8F}, {5, type, 7000, -18, 0.8F}};
        const auto x = noise(1, 20000, -20);
        const auto y = make_eq({}, both)->run(x)[0];
        for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::abs(y[i] - x[0][i]) < 1e-6F);
    }
}

TEST_CASE("eq is bit-identical at any block size and lane width, with all parameters moving") {
    check_same_bits(maker(kMix), moves());
    check_same_bits(maker({}), moves());
}

TEST_CASE(
    "eq agrees across instruction sets, at a mix's level: a setting's coefficients are the same on all") {
    check_instruction_sets(maker(kMix), moves(), -18);
    check_instruction_sets(maker(kMix), {}, -6);
}

TEST_CASE("FIL-8: steps at the speed of OSC leave no click") {
    for (const float q : {0.5F, 1.0F, 8.0F}) {
        CAPTURE(q);
        CHECK(click_of(maker({{2, bell, 1000, 0, q}}), {{12345, "band/2/gain", 12.0F}}) < -80.0);
        CHECK(click_of(maker({{2, bell, 1000, 0, q}}), {{12345, "band/2/gain", -24.0F}}) < -80.0);
        CHECK(click_of(maker({{2, bell, 700, 12, q}}), {{12345, "band/2/frequency", 1400.0F}}) < -80.0);
        CHECK(click_of(maker({{2, bell, 997, 12, q}}), {{12345, "band/2/q", 20.0F}}) < -80.0);
        CHECK(click_of(maker({{2, low_shelf, 2000, -12, q}}), {{12345, "band/2/gain", 12.0F}}) < -80.0);
        CHECK(click_of(maker({{2, high_shelf, 500, -12, q}}), {{12345, "band/2/gain", 12.0F}}) < -80.0);
        std::vector<Event> hand; // 200 messages a second: a hand on frequency and gain
        for (int i = 0; i < 100; ++i) {
            const auto t = static_cast<float>(i);
            hand.push_back({12000 + 240 * i, "band/2/frequency", 1000.0F * std::exp2(std::sin(0.2F * t))});
            hand.push_back({12000 + 240 * i, "band/2/gain", 12.0F * std::sin(0.13F * t)});
        }
        CHECK(click_of(maker({{2, bell, 1000, 0, q}}), hand) < -80.0);
        // From end to end in one message the output peaks at +18 dBFS: 80 dB below that.
        CHECK(click_of(maker({{2, bell, 1000, 0, q}}), {{12345, "band/2/gain", 24.0F}}) < -62.0);
        CHECK(click_of(maker({{2, bell, 1000, 24, q}}), {{12345, "band/2/gain", -24.0F}}) < -62.0);
    }
    CHECK(click_of(maker({{2, bell, 40, 12, 1}}), {{12345, "band/2/frequency", 12000.0F}}) < -80.0);
}

TEST_CASE("changes of type, on and off leave no click") {
    for (const Type from : {bell, low_shelf, high_shelf, highpass, lowpass, notch})
        for (const Type to : {bell, low_shelf, high_shelf, highpass, lowpass, notch}) {
            CAPTURE(from);
            CAPTURE(to);
            const Bands start{{2, from, 1000, 12, 1}};
            CHECK(click_of(maker(start), {{12345, "band/2/type", static_cast<float>(to)}}) < -80.0);
            CHECK(click_of(maker(start), {{12345, "band/2/on", 0.0F}, {20000, "band/2/on", 1.0F}}) < -80.0);
        }
}

TEST_CASE("full-range modulation stays within 6 dB of the loudest setting") {
    for (const float q : {0.5F, 4.0F}) {
        auto rig = make_eq({}, {{2, bell, 1000, 12, q}});
        std::vector<Event> wild; // end to end a thousand times a second
        for (int i = 0; i < 900; ++i) {
            wild.push_back({1000 + 24 * i, "band/2/frequency", i % 2 ? 22000.0F : 10.0F, 0.0005});
            wild.push_back({1000 + 24 * i, "band/2/gain", i % 3 ? 12.0F : -24.0F, 0.0005});
        }
        const auto y = rig->run(sine(1, 24000, 1000, 0), 64, wild)[0];
        CHECK(decibels(peak(y)) < 18.0);
    }
    auto rig = make_eq({}, kMix); // and whatever is thrown at all bands, nothing runs away
    std::vector<Event> chaos;
    std::uint32_t seed = 7;
    const auto dice = [&] {
        return static_cast<float>((seed = seed * 1664525U + 1013904223U) >> 8) / 16777216.0F;
    };
    for (int i = 0; i < 4000; ++i) {
        const int b = 1 + static_cast<int>(8 * dice());
        chaos.push_back({10 * i, path(b, "frequency"), 10.0F * std::pow(2200.0F, dice()), 0.001});
        chaos.push_back({10 * i, path(b, "gain"), 24.0F * dice() - 18.0F, 0.001});
        chaos.push_back({10 * i, path(b, "q"), 0.1F * std::pow(60.0F, dice()), 0.001});
    }
    const auto y = rig->run(noise(1, 40000, 0), 64, chaos)[0];
    CHECK(peak(y) < power(8 * 6.0 + 20.0));
    CHECK(std::isfinite(peak(y)));
}

TEST_CASE("FIL-7: the noise of float is below -140 dBFS, 20 Hz, Q 10, +12 dB, on a -100 dBFS tone") {
    for (const double tone : {20.0, 100.0}) {
        auto rig = make_eq({}, {{2, bell, 20, 12, 10}});
        auto y = rig->run(sine(1, 480000, tone, -100))[0];
        y.erase(y.begin(), y.begin() + 240000); // settled
        // What is not the tone: the rest after its projection on sine and cosine (a whole number of periods).
        std::complex<double> sum = 0;
        const auto turn = [&](std::size_t i) {
            return std::polar(1.0, -2.0 * std::numbers::pi * tone * static_cast<double>(i) / 48000.0);
        };
        for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(y[i]) * turn(i);
        sum *= 2.0 / static_cast<double>(y.size());
        double rest = 0;
        for (std::size_t i = 0; i < y.size(); ++i)
            rest += std::pow(static_cast<double>(y[i]) - std::real(sum * std::conj(turn(i))), 2);
        CHECK(decibels(std::abs(sum)) == doctest::Approx(tone == 20.0 ? -88.0 : -100.0 + 0.2).epsilon(0.003));
        CHECK(decibels(std::sqrt(rest / static_cast<double>(y.size()))) < -140.0);
    }
}

TEST_CASE("FIL-9: eq forgets: no denormal is left after a burst") {
    const unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040U); // as on the audio thread: flush to zero, denormals are zero
    auto rig = make_eq({}, kMix);
    rig->run(noise(1, 4800, 0));
    const auto tail = rig->run(silence(1, 480000))[0];
    // It rests where coefficient times memory is below the smallest normal number: at 30 Hz coefficients exceed 1e-4.
    CHECK(peak(tail, 470000) < static_cast<double>(std::numeric_limits<float>::min()) / 1e-4);
    bool normal = true;
    for (const float v : tail) normal = normal && (v == 0.0F || std::isnormal(v));
    CHECK(normal);
    _mm_setcsr(old);
}

TEST_CASE("silence() forgets the signal and keeps the settings") {
    auto rig = make_eq({}, kMix);
    auto fresh = make_eq({}, kMix);
    rig->run(noise(1, 4800, 0));
    ton::engine::Scratch scratch(8, rig->stage().state_floats());
    rig->stage().silence(0, scratch);
    const auto x = impulse(1, 4800);
    CHECK(rig->run(x) == fresh->run(x));
}

TEST_CASE("a kind that is set while a flat band travels to another flat kind is played when that is over") {
    // All of them pass every bit on the way: the band falls asleep with the last kind still to come.
    const auto x = noise(1, 40000, 0);
    const std::vector<std::vector<Event>> ways{
        {{5000, "band/1/type", low_shelf}, {5500, "band/1/type", highpass}},
        {{5000, "band/1/on", 0.0F}, {5500, "band/1/on", 1.0F}, {5500, "band/1/type", highpass}},
    };
    const auto expected = make_eq({}, {{1, highpass, 1000, 0, 0.71F}})->run(x)[0];
    for (const auto& way : ways) {
        const auto y = make_eq({}, {{1, bell, 1000, 0, 0.71F}})->run(x, 64, way)[0];
        for (std::size_t i = 30000; i < y.size(); ++i) REQUIRE(y[i] == doctest::Approx(expected[i]).epsilon(1e-4).scale(1));
    }
}
