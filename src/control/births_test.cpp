// SPDX-License-Identifier: GPL-3.0-or-later
// A source that comes into a desk that plays: nothing behind it, however late, lets a step out.
#include "control/test_desk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace ton::test;

namespace {

constexpr double kTone = 300, kPeak = 0.1258925; // Hz; -18 dBFS

std::string desk_of(const std::string& behind) {
    const auto strip = behind.empty() ? "" : fmt::format(R"("new": {{ "channels": 1, "chain": [ {{ "tone": {{ "frequency": {}, "level": -18 }} }}, {} ], "to": "mix" }},)", kTone, behind);
    return fmt::format(R"({{ "version": 1, "strips": {{ {} "mix": {{ "channels": 1 }} }} }})", strip);
}

/// The mix after the strip has come at an odd sample.
std::vector<float> mix_with(const std::string& behind, const std::string& then = "") {
    TestDesk desk(desk_of(""), {.lane_width = 0, .inputs = {}, .outputs = {"mix"}});
    desk.play(3331, {});
    desk.reload(desk_of(behind));
    if (!then.empty()) desk.set(then, 0);
    return desk.play(48000, {}).at("mix")[0];
}

} // namespace

TEST_CASE("a new source fades in where a delay stands behind it, too") {
    // (f g)'' of a sine f and a fade g of 10 ms at least: f'' + 2 f' g' + f g'', with g' at most 1.5 and g'' at most 6 by its length.
    const double w = 2 * std::numbers::pi * kTone / 48000;
    const double most = kPeak * (w * w + 2 * w * 1.5 / 480 + 6.0 / (480 * 480));
    for (const auto* behind : {R"({ "gain": {} })", R"({ "limiter": { "lookahead": 5 } })", R"({ "delay": { "time": 8 } })",
                               R"({ "delay": { "time": 380 } })", R"({ "limiter": {} }, { "delay": { "time": 30 } }, { "eq": {} })",
                               R"({ "compressor": { "lookahead": 10, "threshold": 0 } })"}) {
        CAPTURE(behind);
        const auto mix = mix_with(behind);
        double step = 0;
        for (std::size_t i = 2; i < mix.size(); ++i) step = std::max(step, std::abs(static_cast<double>(mix[i]) - 2.0 * mix[i - 1] + mix[i - 2]));
        CHECK(step <= most * 1.01);
        CHECK(*std::max_element(mix.end() - 480, mix.end()) == doctest::Approx(kPeak).epsilon(0.01));
    }
}

TEST_CASE("a new source that is switched off before it is heard stays silent") {
    const auto mix = mix_with(R"({ "gain": {} })", "/new/tone/on");
    CHECK(*std::max_element(mix.begin() + 4800, mix.end()) == 0.0F);
}
