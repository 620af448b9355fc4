// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "engine/stage.hpp"
#include "modules/registry.hpp"
#include "rig.hpp"

#include <doctest/doctest.h>

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
    void set(const std::string& path, float value) {
        const int row = engine::find_parameter(type.parameters, path);
        REQUIRE(row >= 0);
        REQUIRE(stage->takes(row));
        stage->aim(row, 0, engine::to_kernel(type.parameters[static_cast<std::size_t>(row)], value), 0, position);
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

TEST_CASE("matrix: points that are off cost nothing, and the cost grows with those that are on") {
    Big off(64, 64), few(64, 64), all(64, 64);
    for (int n = 1; n <= 64; ++n) few.set(std::to_string(n) + "/" + std::to_string(n) + "/level", -6);
    for (int in = 1; in <= 64; ++in)
        for (int out = 1; out <= 64; ++out) all.set(std::to_string(in) + "/" + std::to_string(out) + "/level", -36);
    const double none = off.time(), diagonal = few.time(), full = all.time();
    MESSAGE("64 x 64, a segment of 64 frames: " << none << " ns off, " << diagonal << " ns with 64 points, " << full << " ns with 4096");
    CHECK(none < 0.01 * 1e9 * 64 / 48000); // less than 1 % of a core
    CHECK(diagonal - none < 0.1 * (full - none));
}
