// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/loop_delay.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace ton::dsp;

namespace {

constexpr int kLongest = 48000;

/// What comes back of `sent`: by ways of that delay and gain, with noise of that RMS.
struct Way {
    int delay;
    float gain;
};
std::vector<float> returned(const std::vector<float>& sent, const std::vector<Way>& ways, float noise, unsigned seed) {
    std::vector<float> heard(sent.size() + kLongest);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, 1.0F);
    for (float& x : heard) x = noise * normal(random);
    for (const auto& [delay, gain] : ways)
        for (std::size_t i = 0; i < sent.size(); ++i) heard[i + static_cast<std::size_t>(delay)] += gain * sent[i];
    return heard;
}

} // namespace

TEST_CASE("a maximum-length sequence: as many ups as downs but one, and its circular autocorrelation is -1 but at 0") {
    const auto signal = loop_signal(1.0F);
    REQUIRE(signal.size() == 2047);
    for (const std::size_t shift : {0U, 1U, 2U, 9U, 11U, 500U, 1023U, 2046U}) {
        double sum = 0;
        for (std::size_t i = 0; i < signal.size(); ++i) sum += static_cast<double>(signal[i]) * static_cast<double>(signal[(i + shift) % signal.size()]);
        CHECK(sum == (shift == 0 ? 2047.0 : -1.0));
    }
}

TEST_CASE("a loop's delay is found to the sample, whatever its gain and polarity, in noise as loud as what comes back") {
    const auto sent = loop_signal(0.03F);
    unsigned seed = 1;
    for (const int delay : {0, 1, 64, 127, 128, 1024, 4801, 24000, kLongest})
        for (const float gain : {1.0F, -1.0F, 0.01F, -3.0F})
            for (const float noise : {0.0F, 0.3F, 1.0F}) {
                const auto heard = returned(sent, {{delay, gain}}, noise * 0.03F * std::abs(gain), ++seed);
                const auto found = find_loop_delay(sent, heard, 48);
                INFO(delay << " frames, gain " << gain << ", noise " << noise);
                CHECK(found.found == LoopDelay::Found::clearly);
                CHECK(found.frames == delay);
                CHECK(found.gain == doctest::Approx(gain).epsilon(0.1)); // noise adds 1/sqrt(2047) of its RMS
            }
}

TEST_CASE("what filters is found at its strongest sample") {
    const auto sent = loop_signal(0.1F);
    const auto heard = returned(sent, {{480, 0.3F}, {481, 0.6F}, {482, -0.35F}, {490, 0.4F}}, 0.0F, 1);
    const auto found = find_loop_delay(sent, heard, 48);
    CHECK(found.found == LoopDelay::Found::clearly);
    CHECK(found.frames == 481);
}

TEST_CASE("silence, noise alone, and two ways back are no answer") {
    const auto sent = loop_signal(0.03F);
    CHECK(find_loop_delay(sent, returned(sent, {}, 0.0F, 1), 48).found == LoopDelay::Found::nothing);
    for (unsigned seed = 1; seed <= 10; ++seed) CHECK(find_loop_delay(sent, returned(sent, {}, 0.1F, seed), 48).found == LoopDelay::Found::nothing);
    CHECK(find_loop_delay(sent, returned(sent, {{480, 1.0F}, {960, 1.0F}}, 0.0F, 1), 48).found == LoopDelay::Found::ambiguous);
    CHECK(find_loop_delay(sent, returned(sent, {{480, 1.0F}, {960, -0.6F}}, 0.0F, 1), 48).found == LoopDelay::Found::ambiguous);
    CHECK(find_loop_delay(sent, returned(sent, {{480, 1.0F}, {960, 0.3F}}, 0.0F, 1), 48).found == LoopDelay::Found::clearly);
    CHECK(find_loop_delay(sent, std::vector<float>(100), 48).found == LoopDelay::Found::nothing);
}

TEST_CASE("a search in pieces finds what one at once does, and says when it has seen all") {
    const auto sent = loop_signal(0.1F);
    const auto heard = returned(sent, {{47999, -0.7F}, {20000, 0.2F}}, 0.01F, 3);
    LoopSearch search(sent, heard, 48);
    int pieces = 1;
    while (search.look(4800)) ++pieces;
    CHECK(pieces == 11); // 48,001 delays
    CHECK(search.result().found == LoopDelay::Found::clearly);
    CHECK(search.result().frames == 47999);
    CHECK(search.result().gain == find_loop_delay(sent, heard, 48).gain);
    CHECK_FALSE(LoopSearch(sent, {}, 48).look(1));
    CHECK(LoopSearch(sent, {}, 48).result().found == LoopDelay::Found::nothing);
}
