// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ramps.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace ton::engine;

namespace {

constexpr std::array kRows{Parameter{.name = "level", .minimum = 0, .maximum = 1, .initial = 0, .help = "A level.", .rate = Rate::sample}};

/// One row of four lanes, as a stage drives it.
struct Row {
    Ramps ramps{kRows, 4, 48000};
    std::vector<float> scratch = std::vector<float>(static_cast<std::size_t>(kSegment) * kMaxLanes);
    /// The lane's values in the segment at `now`.
    std::vector<float> run(std::int64_t now, int lane) {
        ramps.render(scratch.data(), now, kSegment);
        std::vector<float> values;
        for (int i = 0; i < kSegment; ++i) values.push_back(ramps.controls()->at(i)[lane]);
        ramps.settle(now + kSegment);
        return values;
    }
};

constexpr std::int64_t kRound = std::int64_t{1} << 32;
constexpr std::int64_t kLong = std::int64_t{1} << 30; // the longest fade

} // namespace

TEST_CASE("a lane that has arrived stays there when the clock comes round, though its neighbour never rests") {
    for (const std::int64_t start : {std::int64_t{0}, std::int64_t{1} << 31, kRound - 500}) {
        CAPTURE(start);
        Row row;
        row.ramps.aim(0, 0, 1.0F, 960, start);
        for (std::int64_t now = start; now < start + 2048; now += kSegment) {
            row.ramps.aim(0, 1, static_cast<float>(now / kSegment % 2), kLong, now);
            row.run(now, 0);
        }
        for (int quarter = 1; quarter < 4; ++quarter) row.ramps.aim(0, 1, static_cast<float>(quarter % 2), kLong, start + quarter * kLong);
        for (const float x : row.run(start + kRound + 64, 0)) REQUIRE(x == 1.0F); // 64 frames after it set out, modulo 2^32
    }
}

TEST_CASE("a ramp is the same wherever the clock stands, over its turns too") {
    std::vector<std::vector<float>> ways;
    for (const std::int64_t start : {std::int64_t{0}, (std::int64_t{1} << 31) - 512, (std::int64_t{1} << 31) - 32, kRound - 512, 5 * kRound - 32}) {
        Row row;
        row.ramps.aim(0, 2, 1.0F, 960, start);
        auto& way = ways.emplace_back();
        for (std::int64_t now = start; now < start + 1024; now += kSegment) {
            const auto part = row.run(now, 2);
            way.insert(way.end(), part.begin(), part.end());
        }
    }
    for (const auto& way : ways) CHECK(way == ways.front());
    CHECK(ways.front()[480] == doctest::Approx(0.5)); // the middle of a cubic that starts and ends level
    CHECK(ways.front()[1000] == 1.0F);
}
