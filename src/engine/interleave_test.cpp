// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/interleave.hpp"

#include "engine/block.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace ton::engine;

namespace {

constexpr int kFrames[] = {1, 3, 4, 7, 16, 33, kSegment};

/// Planes of different numbers, and one more value behind each, which nobody may touch.
std::vector<std::vector<float>> planes(int count, int frames, float first) {
    std::vector<std::vector<float>> all(static_cast<std::size_t>(count));
    for (auto& plane : all)
        for (int i = 0; i <= frames; ++i) plane.push_back(first++);
    return all;
}
template <class T> std::vector<T*> data(std::vector<std::vector<float>>& all) {
    std::vector<T*> pointers;
    for (auto& plane : all) pointers.push_back(plane.data());
    return pointers;
}

} // namespace

TEST_CASE("lanes are gathered and scattered value by value, whatever their number and the frames'") {
    for (const int width : {1, 4, 8, 16})
        for (const int frames : kFrames) {
            CAPTURE(width);
            CAPTURE(frames);
            const auto values = static_cast<std::size_t>(width * frames);
            auto from = planes(width, frames, 1.0F), to = planes(width, frames, -5000.0F);
            const auto untouched = to;
            std::vector<float> lanes(values + 1, 0.5F);
            interleave().gather(data<const float>(from).data(), lanes.data(), width, frames);
            interleave().scatter(lanes.data(), data<float>(to).data(), width, frames);
            CHECK(lanes[values] == 0.5F);
            for (std::size_t l = 0; l < from.size(); ++l) {
                for (std::size_t i = 0; i < static_cast<std::size_t>(frames); ++i) {
                    REQUIRE(lanes[i * from.size() + l] == from[l][i]);
                    REQUIRE(to[l][i] == from[l][i]);
                }
                REQUIRE(to[l].back() == untouched[l].back());
            }
        }
}

TEST_CASE("one value that is no audio is found wherever it stands") {
    const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    for (const int frames : kFrames) {
        CAPTURE(frames);
        std::vector<float> x(static_cast<std::size_t>(frames), -0.9999e12F);
        CHECK(interleave().sane(x.data(), frames));
        for (auto& here : x) {
            const float kept = here;
            for (const float bad : {nan, -nan, infinity, -infinity, 1e12F, -1.1e12F}) {
                here = bad;
                REQUIRE(!interleave().sane(x.data(), frames));
            }
            here = kept;
        }
    }
}

TEST_CASE("a mix adds one signal after another, in their order") {
    // Floats around 1e8 stand 8 apart: 16 is carried over, 3 is lost, and 2 comes after.
    constexpr float kSignals[] = {1e8F, 3.0F, -1e8F, 2.0F};
    for (const int frames : kFrames)
        for (const bool afresh : {true, false}) {
            CAPTURE(frames);
            CAPTURE(afresh);
            const auto count = static_cast<std::size_t>(frames);
            std::vector<float> sum(count + 1, 16.0F);
            std::vector<std::vector<float>> x;
            for (const float value : kSignals) x.emplace_back(count, value);
            interleave().mix(sum.data(), data<const float>(x).data(), 4, afresh, frames);
            CHECK(sum == [&] {
                std::vector<float> due(count, afresh ? 2.0F : 18.0F);
                due.push_back(16.0F); // nobody's
                return due;
            }());
        }
    const float minus = -0.0F, *const only[] = {&minus};
    float out = 1.0F;
    interleave().mix(&out, only, 1, true, 1);
    CHECK(std::signbit(out)); // set, not added to nothing
}
