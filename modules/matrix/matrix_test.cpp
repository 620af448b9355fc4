// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "engine/stage.hpp"
#include "modules/registry.hpp"
#include "rig.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

using namespace ton;
using namespace ton::test;

namespace {
const RigOptions kTwo{.channels = 2};

const engine::ModuleType& matrix_of(int ins, int outs) {
    const auto* type = modules::find("matrix");
    std::vector<float> values;
    for (const auto& row : type->parameters) values.push_back(row.initial);
    const std::vector<std::string> texts(values.size());
    values[0] = static_cast<float>(ins);
    values[1] = static_cast<float>(outs);
    return *type->sized({type->parameters, values, texts});
}

/// A big one, run as the engine does.
struct Big {
    explicit Big(int ins, int outs) : type(matrix_of(ins, outs)) {
        std::vector<float> values;
        for (const auto& row : type.parameters) values.push_back(row.initial);
        const std::vector<std::string> texts(values.size());
        const engine::Setup setup{.channels_in = ins, .channels_out = outs};
        stage = std::make_unique<engine::Stage>(type, setup, nullptr, type.make({setup, {type.parameters, values, texts}, nullptr, true}));
        stage->set(0, values);
        stage->prime();
        scratch = std::make_unique<engine::Scratch>(stage->ramps().sample_rows(), stage->state_floats());
        memory.assign(static_cast<std::size_t>(engine::kMaxChannels) * engine::kSegment, 0.01F);
        for (int c = 0; c < engine::kMaxChannels; ++c) planes[c] = &memory[static_cast<std::size_t>(c) * engine::kSegment];
    }
    void set(const std::string& path, float value, std::int64_t fade = 0) {
        const int row = engine::find_parameter(type.parameters, path);
        REQUIRE(row >= 0);
        REQUIRE(stage->takes(row));
        stage->aim(row, 0, engine::to_kernel(type.parameters[static_cast<std::size_t>(row)], value), fade, position);
    }
    void segment() {
        stage->run(planes, nullptr, nullptr, engine::kSegment, position, *scratch);
        position += engine::kSegment;
    }
    /// Nanoseconds a segment, the best of some.
    double time() {
        double best = 1e9;
        for (int round = 0; round < 20; ++round) {
            const auto start = std::chrono::steady_clock::now();
            for (int i = 0; i < 50; ++i) segment();
            best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / 50);
        }
        return best;
    }

    const engine::ModuleType& type;
    std::unique_ptr<engine::Stage> stage;
    std::unique_ptr<engine::Scratch> scratch;
    std::vector<float> memory;
    float* planes[engine::kMaxChannels];
    std::int64_t position = 0;
};
} // namespace

TEST_CASE("matrix: silent at first; a point brings its input to its output, exactly") {
    const auto x = noise(2, 900, 0);
    CHECK(Rig("matrix", kTwo).run(x) == silence(2, 900));
    Rig crossed("matrix", kTwo);
    const auto y = crossed.set("1/2/level", 0).set("2/1/level", 0).set("2/1/invert", 1).run(x);
    CHECK(y[1] == x[0]);
    for (std::size_t i = 0; i < 900; ++i) CHECK(y[0][i] == -x[1][i]);
}

TEST_CASE("matrix: levels in dB, summed; delays in milliseconds; off keeps the level") {
    const auto x = noise(2, 3000, 0);
    Rig rig("matrix", kTwo);
    rig.set("1/1/level", -6).set("2/1/level", -20).set("2/1/delay", 12.5F).set("1/2/level", 3).set("1/2/on", 0);
    const auto y = rig.run(x);
    for (std::size_t i = 0; i < 3000; ++i) {
        const double late = i < 600 ? 0.0 : 0.1 * static_cast<double>(x[1][i - 600]);
        CHECK(static_cast<double>(y[0][i]) == doctest::Approx(0.5011872336 * static_cast<double>(x[0][i]) + late).epsilon(1e-5).scale(1));
    }
    CHECK(peak(y[1]) == 0.0);
}

TEST_CASE("matrix: a step arrives after 20 ms, polarity goes through silence, a delay is faded to") {
    const Planar ones(2, std::vector<float>(12000, 1.0F));
    Rig rig("matrix", kTwo);
    rig.set("1/1/level", 0);
    const auto y = rig.run(ones, 64, {{1000, "1/1/level", -20.0F}, {4000, "1/1/invert", 1.0F}, {8000, "1/1/delay", 10.0F}})[0];
    CHECK(y[1000] == 1.0F);
    for (std::size_t i = 1001; i < 4000; ++i) CHECK(y[i] <= y[i - 1]);
    CHECK(y[1000 + 959] > 0.1F);
    CHECK(y[1000 + 960] == doctest::Approx(0.1).epsilon(1e-6));
    for (std::size_t i = 4001; i < 12000; ++i) CHECK(y[i] <= y[i - 1] + 1e-7F);
    CHECK(y[11999] == doctest::Approx(-0.1).epsilon(1e-6));
}

TEST_CASE("matrix is bit-identical at any block size while everything moves") {
    const auto x = noise(2, 9000, 0);
    const std::vector<Event> moves{{100, "1/1/level", -3.0F}, {433, "2/1/level", 0.0F, 0.05}, {700, "1/1/delay", 7.0F}, {900, "2/2/level", 6.0F, 0.0},
                                   {2000, "1/1/delay", 150.0F}, {2100, "2/1/invert", 1.0F}, {2500, "bypass", 1.0F}, {6000, "bypass", 0.0F}, {7000, "1/1/on", 0.0F}};
    Rig reference("matrix", kTwo);
    const auto y = reference.run(x, 64, moves);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(Rig("matrix", kTwo).run(x, block, moves) == y);
}

namespace {
/// t^2 (3 - 2t) from one value to another, n frames after the beginning.
double glided(double from, double to, double n, double frames) {
    const double t = std::clamp(n / frames, 0.0, 1.0);
    return from + (to - from) * t * t * (3 - 2 * t);
}

/// What 1/1 makes of a signal of ones, which it passes at 0 dB at first.
std::vector<float> gain_of(const std::vector<Event>& moves, int block = 64) {
    Rig rig("matrix", kTwo);
    return rig.set("1/1/level", 0).run(Planar(2, std::vector<float>(16000, 1.0F)), block, moves)[0];
}
const Event kFade{1000, "1/1/level", -20.0F, 0.25}; // until 13000
double fading(std::size_t i) { return glided(1, 0.1, static_cast<double>(i) - 1000, 12000); }

/// Hermite's cubic from a value that moves at `speed`, by frame, to one that rests.
double hermite(double from, double speed, double to, double n, double frames) {
    const double t = std::clamp(n / frames, 0.0, 1.0);
    return from * (1 + 2 * t) * (1 - t) * (1 - t) + speed * frames * t * (1 - t) * (1 - t) + to * t * t * (3 - 2 * t);
}
double straight(double from, double to, double n, double frames) { return from + (to - from) * std::clamp(n / frames, 0.0, 1.0); }
} // namespace

TEST_CASE("matrix: a level sent again during its fade begins anew from where it is, as fast as it is") {
    const double speed = -0.9 * 6 * 0.25 * 0.75 / 12000; // of glided() a quarter on
    const auto y = gain_of({kFade, {4000, "1/1/level", -20.0F}});
    for (std::size_t i = 0; i < 16000; ++i) {
        const double expected = i < 4000 ? fading(i) : hermite(fading(4000), speed, 0.1, static_cast<double>(i) - 4000, 960);
        CHECK(static_cast<double>(y[i]) == doctest::Approx(expected).epsilon(1e-5));
    }
    // Of a speed that would carry it too far as much is left as three times the straight way's.
    const auto longer = gain_of({{1000, "1/1/level", -20.0F}, {1480, "1/1/level", -20.0F, 0.25}});
    for (std::size_t i = 1480; i < 16000; ++i)
        CHECK(static_cast<double>(longer[i]) == doctest::Approx(hermite(0.55, -3 * 0.45 / 12000, 0.1, static_cast<double>(i) - 1480, 12000)).epsilon(1e-5));
    // One that turns round has none.
    const auto back = gain_of({kFade, {4000, "1/1/level", 0.0F, 0.1}});
    for (std::size_t i = 4000; i < 16000; ++i) CHECK(static_cast<double>(back[i]) == doctest::Approx(glided(fading(4000), 1, static_cast<double>(i) - 4000, 4800)).epsilon(1e-5));
}

TEST_CASE("matrix: a linear fade is straight, and one upon the other goes on from there") {
    const auto line = [](std::size_t i) { return straight(1, 0.1, static_cast<double>(i) - 1000, 12000); };
    const Event fade{1000, "1/1/level", -20.0F, 0.25, engine::Way::linear};
    const auto alone = gain_of({fade});
    const auto smooth = gain_of({fade, {4000, "1/1/level", -20.0F, 0.1}});
    const auto linear = gain_of({kFade, {4000, "1/1/level", 6.0F, 0.2, engine::Way::linear}});
    const auto off = gain_of({{1000, "1/1/on", 0.0F, 0.25, engine::Way::linear}, {4000, "1/1/level", -20.0F, 0.1, engine::Way::linear}});
    const double louder = std::pow(10.0, 0.3);
    for (std::size_t i = 0; i < 16000; ++i) {
        const double n = static_cast<double>(i);
        CHECK(static_cast<double>(alone[i]) == doctest::Approx(line(i)).epsilon(1e-5));
        CHECK(static_cast<double>(smooth[i]) == doctest::Approx(i < 4000 ? line(i) : hermite(line(4000), -0.9 / 12000, 0.1, n - 4000, 4800)).epsilon(1e-5));
        CHECK(static_cast<double>(linear[i]) == doctest::Approx(i < 4000 ? fading(i) : straight(fading(4000), louder, n - 4000, 9600)).epsilon(1e-5));
        CHECK(static_cast<double>(off[i]) == doctest::Approx(straight(1, 0, n - 1000, 12000) * straight(1, 0.1, n - 4000, 4800)).epsilon(1e-5));
    }
}

TEST_CASE("matrix: a fade of the level goes on while the point is turned round, and while it is off") {
    const auto inverted = gain_of({kFade, {4000, "1/1/invert", 1.0F}});
    const auto switched = gain_of({kFade, {4000, "1/1/on", 0.0F}, {4480, "1/1/on", 1.0F}});
    const auto unheard = gain_of({kFade, {4000, "1/1/on", 0.0F}, {4500, "1/1/invert", 1.0F}, {9000, "1/1/on", 1.0F}});
    for (std::size_t i = 0; i < 16000; ++i) {
        const double n = static_cast<double>(i), level = fading(i);
        const auto off = [n](double to, double frames) { return glided(1, to, n - 4000, frames); };
        CHECK(static_cast<double>(inverted[i]) == doctest::Approx(level * off(-1, 960)).epsilon(1e-5));
        CHECK(static_cast<double>(switched[i]) == doctest::Approx(level * (i < 4480 ? off(0, 960) : glided(0.5, 1, n - 4480, 960))).epsilon(1e-5));
        CHECK(static_cast<double>(unheard[i]) == doctest::Approx(level * (i < 9000 ? off(0, 960) : glided(0, -1, n - 9000, 960))).epsilon(1e-5));
        if (i >= 4960 && i <= 9000) CHECK(unheard[i] == 0.0F);
    }
}

TEST_CASE("matrix: levels, switches and polarity over one another are bit-identical at any block size") {
    const std::vector<Event> moves{kFade, {1301, "1/1/on", 0.0F}, {1777, "1/1/level", -3.0F, 0.1}, {2600, "1/1/invert", 1.0F}, {3001, "1/1/on", 1.0F, 0.03, engine::Way::linear},
                                   {3500, "1/1/delay", 3.0F}, {3501, "1/1/level", -120.0F, 0.1}, {6000, "1/1/on", 0.0F, 0.1}, {8500, "1/1/level", 0.0F, 0.2, engine::Way::linear},
                                   {8907, "1/1/level", 3.0F, 0.1}, {9007, "1/1/on", 1.0F, 0.0}, {9999, "1/1/level", -120.0F, 0.0}, {10001, "1/1/level", -120.0F}, {11000, "1/1/level", 6.0F}};
    const auto y = gain_of(moves);
    CHECK(std::ranges::count(y, 0.0F) > 1000);
    for (const int block : {1, 7, 441, 1000, 8192}) CHECK(gain_of(moves, block) == y);
}

namespace {
/// The share of what came n frames after an input was kept anew: t^2 (3 - 2t) over 5 ms.
double risen(std::int64_t n, double sample_rate = 48000) {
    const double t = std::clamp(static_cast<double>(n) / (0.005 * sample_rate), 0.0, 1.0);
    return t * t * (3 - 2 * t);
}
} // namespace

TEST_CASE("matrix: a point that comes on is heard whole at once; a delay then finds silence before, and no step") {
    const auto x = noise(2, 6000, 0);
    for (const int block : {1, 64, 100}) {
        const auto y = Rig("matrix", kTwo).run(x, block, {{1000, "1/2/level", 0.0F, 0.0}, {1100, "1/2/delay", 10.0F, 0.0}, {3000, "1/2/delay", 0.0F, 0.0}})[1];
        for (std::size_t i = 0; i < 1000; ++i) CHECK(y[i] == 0.0F);
        for (std::size_t i = 1000; i < 1100; ++i) CHECK(y[i] == x[0][i]);
        for (std::size_t i = 1100; i < 1481; ++i) CHECK(y[i] == 0.0F);
        for (std::size_t i = 1481; i < 1720; ++i)
            CHECK(static_cast<double>(y[i]) == doctest::Approx(risen(static_cast<std::int64_t>(i) - 1480) * static_cast<double>(x[0][i - 480])).epsilon(1e-6));
        for (std::size_t i = 1720; i < 3000; ++i) CHECK(y[i] == x[0][i - 480]);
        for (std::size_t i = 3000; i < 6000; ++i) CHECK(y[i] == x[0][i]);
    }
}

TEST_CASE("matrix: of a delay by config the input is kept all along, heard or not, and from the first sample on") {
    const auto x = noise(2, 6000, 0);
    Rig rig("matrix", kTwo);
    const auto y = rig.set("1/1/delay", 10).set("2/2/delay", 1).set("2/2/level", 0).run(x, 64, {{4000, "1/1/level", 0.0F, 0.0}});
    for (std::size_t i = 0; i < 6000; ++i) {
        CHECK(y[0][i] == (i < 4000 ? 0.0F : x[0][i - 480]));
        CHECK(y[1][i] == (i < 48 ? 0.0F : x[1][i - 48]));
    }
}

TEST_CASE("matrix: what a point is silent for is forgotten, also when it comes back within the same block") {
    const auto x = noise(2, 4000, 0);
    // Off from 1000 on, and back at 1001 or, seamlessly, at the same sample; then what was 5 ms ago.
    for (const std::int64_t back : {1000, 1001, 1024, 1500})
        for (const int block : {1, 7, 64, 441}) {
            Rig rig("matrix", kTwo);
            const auto y = rig.set("1/1/level", 0).run(x, block, {{1000, "1/1/on", 0.0F, 0.0}, {back, "1/1/on", 1.0F, 0.0}, {back + 10, "1/1/delay", 5.0F, 0.0}})[0];
            for (std::int64_t i = back + 10; i < 4000; ++i) {
                const double kept = back == 1000 ? 1 : risen(i - 240 - back);
                CHECK(static_cast<double>(y[static_cast<std::size_t>(i)]) == doctest::Approx(kept * static_cast<double>(x[0][static_cast<std::size_t>(i) - 240])).epsilon(1e-6));
            }
        }
}

TEST_CASE("matrix: a fade's end within a block is where the input is needed no more") {
    const auto x = noise(2, 4000, 0);
    // 1/1 is silent from 1000 + 30 on, 1/2 from 1000 + 10 on; the block with both ends at 1064.
    const std::vector<Event> moves{{1000, "1/1/level", -120.0F, 30 / 48000.0}, {1000, "1/2/level", -120.0F, 10 / 48000.0}};
    for (const std::int64_t back : {1030, 1031, 1064})
        for (const int block : {1, 64, 1000, 8192}) {
            auto events = moves;
            events.insert(events.end(), {{back, "1/1/level", 0.0F, 0.0}, {back, "1/1/delay", 5.0F, 0.0}});
            Rig rig("matrix", kTwo);
            const auto y = rig.set("1/1/level", 0).set("1/2/level", 0).run(x, block, events)[0];
            for (std::int64_t i = back; i < 4000; ++i) {
                const double kept = back == 1030 ? 1 : risen(i - 240 - back);
                CHECK(static_cast<double>(y[static_cast<std::size_t>(i)]) == doctest::Approx(kept * static_cast<double>(x[0][static_cast<std::size_t>(i) - 240])).epsilon(1e-6));
            }
        }
}

TEST_CASE("matrix: a point that is off takes its delay at once, whichever of both is set first") {
    const auto x = noise(2, 6000, 0);
    const Event comes{4000, "1/1/level", 0.0F, 0.0}, late{4000, "1/1/delay", 10.0F};
    const auto y = Rig("matrix", kTwo).run(x, 64, {{1000, "1/1/delay", 3.0F}, comes, late})[0];
    CHECK(Rig("matrix", kTwo).run(x, 64, {{1000, "1/1/delay", 3.0F}, late, comes})[0] == y);
    for (std::size_t i = 4000; i < 6000; ++i) CHECK(y[i] == x[0][i - 480]);
    Rig was_on("matrix", kTwo);
    const auto again = was_on.set("1/1/level", 0).run(x, 64, {{1000, "1/1/on", 0.0F}, {3000, "1/1/delay", 3.0F}, {4000, "1/1/on", 1.0F, 0.0}})[0];
    for (std::size_t i = 4000; i < 6000; ++i) CHECK(again[i] == x[0][i - 144]);
}

TEST_CASE("matrix: kept anew, a delay that is faded to makes no step") {
    const Planar ones(2, std::vector<float>(12000, 1.0F));
    for (const float delay : {0.1F, 1.0F, 6.0F, 30.0F, 150.0F}) {
        const auto y = Rig("matrix", kTwo).run(ones, 64, {{1000, "1/1/level", 0.0F}, {2000, "1/1/delay", delay}, {2001, "2/1/delay", delay}, {2100, "2/1/level", 0.0F}})[0];
        for (std::size_t i = 1; i < 12000; ++i) CHECK(std::abs(y[i] - y[i - 1]) < 1.5F / 240 + 1.5F / 960 + 1.5F / 960); // the steepest of all its fades together
        CHECK(y[11999] == 2.0F);
    }
}

TEST_CASE("matrix: an undelayed point is exact for longer than any history, at any block size") {
    const auto x = noise(2, 50000, 0);
    for (const int block : {1, 64, 100, 441}) {
        Rig rig("matrix", kTwo);
        CHECK(rig.set("1/2/level", 0).set("2/1/level", 0).run(x, block) == Planar{x[1], x[0]});
    }
}

TEST_CASE("matrix: forgetting its signal, it delays what comes then") {
    const auto x = noise(2, 3000, 0);
    Rig rig("matrix", kTwo);
    rig.set("1/1/level", 0).set("1/1/delay", 5).set("2/2/level", 0).run(x);
    engine::Scratch scratch(rig.stage().ramps().sample_rows(), rig.stage().state_floats());
    rig.stage().silence(0, scratch);
    const auto y = rig.run(x);
    for (std::size_t i = 0; i < 3000; ++i) {
        CHECK(y[0][i] == (i < 240 ? 0.0F : x[0][i - 240]));
        CHECK(y[1][i] == x[1][i]);
    }
}

TEST_CASE("matrix: 64 by 64 has a row for every point, and each of them reaches its point alone") {
    const auto& type = matrix_of(64, 64);
    CHECK(type.parameters.size() == 3 + 64 * 64 * 4);
    CHECK(&type == &matrix_of(64, 64));
    CHECK(engine::parameter_path(type.parameters.back()) == "64/64/delay");
    for (const auto& [in, out] : {std::pair{1, 1}, {64, 1}, {1, 64}, {37, 59}, {64, 64}}) {
        Big big(64, 64);
        for (int c = 0; c < 64; ++c) std::fill_n(big.planes[c], engine::kSegment, static_cast<float>(c + 1));
        big.set(std::to_string(in) + "/" + std::to_string(out) + "/level", 0);
        big.segment();
        for (int c = 0; c < 64; ++c) CHECK(big.planes[c][7] == (c + 1 == out ? static_cast<float>(in) : 0.0F));
    }
}

TEST_CASE("matrix: sums are made in the order of the inputs, also while one of them moves") {
    Big big(3, 1);
    for (const auto* in : {"1", "2", "3"}) big.set(std::string(in) + "/1/level", 0);
    const auto in_order = [&big](int segments) { // (1e8 - 1e8) + 1; with the 1 before one of the others it is lost in rounding
        for (int i = 0; i < segments; ++i) {
            std::fill_n(big.planes[0], engine::kSegment, 1e8F);
            std::fill_n(big.planes[1], engine::kSegment, -1e8F);
            std::fill_n(big.planes[2], engine::kSegment, 1.0F);
            big.segment();
            for (int f = 0; f < engine::kSegment; ++f) CHECK(big.planes[0][f] == 1.0F);
        }
    };
    in_order(20);
    const int row = engine::find_parameter(big.type.parameters, "3/1/delay");
    big.stage->aim(row, 0, 10, -1, big.position); // faded to: from one 1 to another
    in_order(20);
}

TEST_CASE("matrix: points that are off cost nothing, and the cost grows with those that are on") {
    Big off(64, 64), kept(64, 64), few(64, 64), all(64, 64), moved(64, 64);
    for (int n = 1; n <= 64; ++n) {
        kept.set(std::to_string(n) + "/1/delay", 1); // unheard, but each input has to be kept
        few.set(std::to_string(n) + "/" + std::to_string(n) + "/level", -6);
    }
    for (int in = 1; in <= 64; ++in)
        for (int out = 1; out <= 64; ++out) {
            const auto level = std::to_string(in) + "/" + std::to_string(out) + "/level";
            all.set(level, -36);
            moved.set(level, -36, 1 << 29);
        }
    const double none = off.time(), unheard = kept.time(), diagonal = few.time(), full = all.time(), moving = moved.time();
    MESSAGE("64 x 64, a segment of 64 frames: " << none << " ns off, " << unheard << " ns with inputs kept, " << diagonal << " ns with 64 points, " << full << " ns with 4096, " << moving << " ns while they move");
    CHECK(none < 0.01 * 1e9 * 64 / 48000); // less than 1 % of a core
    CHECK(none < 0.8 * unheard);
    CHECK(diagonal - none < 0.25 * (full - none)); // a 64th of the points, and each input kept once
}
