// SPDX-License-Identifier: GPL-3.0-or-later
// The meter as an instrument: its filters' response, pause and reset, block sizes, broken input, a day's run.
#include "dsp/loudness_test_signals.hpp"

#include <algorithm>
#include <complex>
#include <cstring>
#include <doctest/doctest.h>
#include <ebur128.h>
#include <hwy/targets.h>
#include <random>
#include <stdexcept>

using namespace ton::dsp;
using namespace ton::dsp::test;

namespace {

double k_gain_db(double rate, double frequency) {
    std::complex<double> gain = 1.0;
    const auto z = std::polar(1.0, -2.0 * std::numbers::pi * frequency / rate);
    for (const KStage& s : k_weighting(rate))
        gain *= (s.b0 + z * (s.b1 + z * s.b2)) / (1.0 + z * (s.a1 + z * s.a2));
    return to_db(std::abs(gain));
}

std::vector<float> noise(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, 0.1F);
    std::vector<float> x(size);
    for (float& value : x) value = normal(random);
    return x;
}

LoudnessReading run(const std::vector<float>& left, const std::vector<float>& right, int rate,
                    std::size_t block) {
    LoudnessMeter meter(2, rate);
    for (std::size_t n = 0; n < left.size(); n += block) {
        const float* const in[] = {left.data() + n, right.data() + n};
        meter.process(in, static_cast<int>(std::min(block, left.size() - n)));
    }
    return meter.reading();
}

bool same(const LoudnessReading& a, const LoudnessReading& b) {
    return a.momentary == b.momentary && a.shortterm == b.shortterm && a.integrated == b.integrated &&
           a.range == b.range && a.momentary_max == b.momentary_max && a.shortterm_max == b.shortterm_max &&
           a.true_peak == b.true_peak && a.sample_peak == b.sample_peak && a.range_stable == b.range_stable;
}

} // namespace

TEST_CASE("LUF-00: the K-weighting is the standard's at 48 kHz and follows it at other rates") {
    const auto [shelf, high] = k_weighting(48000.0); // BS.1770-5 tables 1 and 2
    CHECK(shelf.b0 == doctest::Approx(1.53512485958697).epsilon(1e-14));
    CHECK(shelf.b1 == doctest::Approx(-2.69169618940638).epsilon(1e-14));
    CHECK(shelf.b2 == doctest::Approx(1.19839281085285).epsilon(1e-14));
    CHECK(shelf.a1 == doctest::Approx(-1.69065929318241).epsilon(1e-14));
    CHECK(shelf.a2 == doctest::Approx(0.73248077421585).epsilon(1e-14));
    CHECK(high.b0 == doctest::Approx(1.0).epsilon(1e-14));
    CHECK(high.b1 == doctest::Approx(-2.0).epsilon(1e-14));
    CHECK(high.a1 == doctest::Approx(-1.99004745483398).epsilon(1e-14));
    CHECK(high.a2 == doctest::Approx(0.99007225036621).epsilon(1e-14));
    const auto [shelf96, high96] = k_weighting(96000.0);
    CHECK(shelf96.b1 == doctest::Approx(-2.92674157825108).epsilon(1e-13));
    CHECK(high96.b0 == doctest::Approx(1.00249278898634).epsilon(1e-13));

    const std::pair<double, double> response[] = {
        {20, -13.2754}, {25, -10.3928}, {31.5, -7.7900}, {40, -5.5669},   {50, -3.9341},  {60, -2.8992},
        {100, -1.1335}, {250, -0.1529}, {500, 0.0425},   {997, 0.6910},   {1000, 0.6977}, {2000, 3.0713},
        {3150, 3.8482}, {4000, 3.9680}, {8000, 4.0394},  {10000, 4.0419}, {16000, 4.0431}};
    for (const int rate : rates) {
        for (const auto& [frequency, expected] : response) {
            CAPTURE(rate);
            CAPTURE(frequency);
            CHECK(std::abs(k_gain_db(rate, frequency) - expected) <= (rate == 48000 ? 1e-4 : 0.02));
        }
    }
}

TEST_CASE("LUF-29: pause, restart and reset act on integrated, range and maxima together") {
    constexpr int rate = 48000;
    LoudnessMeter meter(2, rate);
    Player player(meter, rate);
    player.play(20.003, -23.0);
    meter.pause(true);
    const auto before = meter.reading();
    player.play(10.0, -10.0);
    const auto during = meter.reading();
    CHECK(std::abs(during.momentary + 10.0) < 0.1);
    CHECK(std::abs(during.shortterm + 10.0) < 0.1);
    CHECK(during.integrated == before.integrated);
    CHECK(during.range == before.range);
    CHECK(during.momentary_max == before.momentary_max);
    CHECK(during.shortterm_max == before.shortterm_max);
    CHECK(to_db(during.true_peak) < -22.9);
    meter.pause(false);
    player.play(60.0, -23.0);
    CHECK(std::abs(meter.reading().integrated - before.integrated) < 1e-5); // not one block of the loud part
    CHECK(meter.reading().range < 0.001);
    CHECK(std::abs(meter.reading().momentary_max - before.momentary_max) < 1e-3);
    CHECK(meter.reading().range_stable);

    player.play(5.0, -10.0);
    meter.restart();
    CHECK(meter.reading().integrated == silence);
    CHECK(meter.reading().range == 0.0);
    CHECK(meter.reading().momentary_max == silence);
    CHECK(meter.reading().shortterm_max == silence);
    CHECK(meter.reading().true_peak == 0.0F);
    CHECK(std::abs(meter.reading().shortterm + 10.0) < 0.1); // goes on
    CHECK_FALSE(meter.reading().range_stable);
    player.play(5.0, -23.0);
    CHECK(std::abs(meter.reading().integrated + 22.9933) < 0.02);
    CHECK(std::abs(meter.reading().shortterm_max + 22.9933) < 0.02);

    meter.pause(true);
    meter.reset();
    CHECK_FALSE(meter.paused());
    CHECK(same(meter.reading(), LoudnessMeter(2, rate).reading()));
    const auto x = noise(rate * 5, 3);
    const float* const in[] = {x.data(), x.data()};
    meter.process(in, static_cast<int>(x.size()));
    CHECK(same(meter.reading(), run(x, x, rate, x.size())));
}

TEST_CASE("LUF-30: the same bits at every block size, rate and instruction set") {
    for (const int rate : {44100, 48000, 69313}) {
        const auto left = noise(static_cast<std::size_t>(rate) * 7 + 13, 1);
        auto right = noise(left.size(), 2);
        for (std::size_t n = 0; n < right.size(); ++n)
            right[n] *= static_cast<float>(n) / static_cast<float>(right.size());
        for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
            hwy::SetSupportedTargetsForTest(target);
            const auto expected = run(left, right, rate, 64);
            for (const std::size_t block : {1, 7, 441, 1000, 4096}) {
                CAPTURE(rate);
                CAPTURE(block);
                CHECK(same(run(left, right, rate, block), expected));
            }
            hwy::SetSupportedTargetsForTest(0);
            const auto best =
                run(left, right, rate, 64); // other sets may round otherwise, far below any display
            CHECK(std::abs(expected.integrated - best.integrated) < 1e-6);
            CHECK(std::abs(to_db(expected.true_peak / best.true_peak)) < 1e-5);
        }
    }
}

TEST_CASE("what isn't a number leaves no trace") {
    constexpr int rate = 48000;
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        LoudnessMeter meter(2, rate);
        Player player(meter, rate);
        player.play(5.0, -23.0);
        const std::vector<float> broken(480, bad);
        const float* const in[] = {broken.data(), broken.data()};
        meter.process(in, 480);
        CHECK(std::isfinite(meter.reading().momentary));
        player.play(5.0, -23.0);
        const auto r = meter.reading();
        CHECK(std::abs(r.momentary + 22.9933) < 0.001);
        CHECK(std::abs(r.shortterm + 22.9933) < 0.001);
        CHECK(std::abs(r.integrated + 22.9933) < 0.02);
        CHECK(std::abs(to_db(r.true_peak) + 23.0) < 0.3); // the tone broke off and came back
    }
    CHECK_THROWS_AS(LoudnessMeter(0, rate), std::invalid_argument);
    CHECK_THROWS_AS(LoudnessMeter(2, std::nan("")), std::invalid_argument);
    CHECK_THROWS_AS(LoudnessMeter(2, 48000, {{1.0}, true}), std::invalid_argument);
}

TEST_CASE("silence reads as nothing") {
    LoudnessMeter meter(2, 48000);
    const std::vector<float> zero(48000, 0.0F);
    const float* const in[] = {zero.data(), zero.data()};
    for (int s = 0; s < 10; ++s) meter.process(in, 48000);
    const auto r = meter.reading();
    for (const double value : {r.momentary, r.shortterm, r.integrated, r.momentary_max, r.shortterm_max})
        CHECK(value == silence);
    CHECK(r.range == 0.0);
    CHECK(r.true_peak == 0.0F);
}

TEST_CASE("LUF-31: 24 hours against libebur128, which keeps every block") {
    // At 8 kHz, so that the day is 691 million samples: the steps, blocks and histograms are those of any
    // rate.
    constexpr int rate = 8000, hop = rate / 10, hops = 24 * 3600 * 10;
    const auto source = noise(hop, 4);
    std::mt19937 random(5);
    std::normal_distribution<float> change(0.0F, 2.0F);
    LoudnessMeter meter(1, rate, {{}, false}), fresh(1, rate, {{}, false});
    ebur128_state* oracle = ebur128_init(1, rate, EBUR128_MODE_I | EBUR128_MODE_LRA);
    REQUIRE(oracle != nullptr);
    std::vector<float> block(hop);
    const float* const in = block.data();
    float level = 0.0F; // dB, wanders like a programme and is drawn back to 0
    for (int h = 0; h < hops; ++h) {
        level = 0.98F * level + change(random);
        const float gain = std::pow(10.0F, level / 20.0F);
        for (int i = 0; i < hop; ++i)
            block[static_cast<std::size_t>(i)] = gain * source[static_cast<std::size_t>(i)];
        meter.process(&in, hop);
        if (h >= hops - 100) fresh.process(&in, hop); // the last 10 s
        REQUIRE(ebur128_add_frames_float(oracle, in, hop) == EBUR128_SUCCESS);
    }
    double integrated = 0.0, range = 0.0;
    REQUIRE(ebur128_loudness_global(oracle, &integrated) == EBUR128_SUCCESS);
    REQUIRE(ebur128_loudness_range(oracle, &range) == EBUR128_SUCCESS);
    ebur128_destroy(&oracle);
    integrated += to_db(k_weighting(rate)[1].b0); // libebur128's high-pass isn't scaled to 48 kHz's gain
    CHECK(std::abs(meter.reading().integrated - integrated) < 0.01);
    CHECK(std::abs(meter.reading().range - range) < 0.05); // of 864,000 values; libebur128 takes every tenth
    CHECK(std::abs(meter.reading().shortterm - fresh.reading().shortterm) < 1e-9);
}
