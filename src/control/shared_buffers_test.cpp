// SPDX-License-Identifier: GPL-3.0-or-later
// A desk whose output is cabled to its own input: JACK hands out one buffer for both ports.
#include "config/config.hpp"
#include "control/console.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace ton;

TEST_CASE("a buffer that is input and output of one callback is heard before it is written, also while the plan changes") {
    const auto desk_of = [](const char* more) {
        auto reading = config::read_text(std::string(R"({ "version": 1, "strips": { "a": { "channels": 1, "input": [], "output": [], "chain": [ { "gain": { "level": -6.0206 } } ] })") + more + "} }", "test");
        auto desk = graph::resolve(reading.config, reading.errors);
        REQUIRE(reading.errors.empty());
        return desk;
    };
    constexpr auto kOther = R"(, "b": { "channels": 1, "input": [], "output": [] })";
    engine::Engine engine;
    control::Console console(engine, {.disk = nullptr, .offline = true, .injected = {}, .captured = {}, .lane_width = 0});
    REQUIRE(console.apply(desk_of(kOther), 48000).empty());
    std::vector<float> cabled(200), of_b(200), silence(200);
    const auto play = [&] {
        std::ranges::fill(cabled, 0.5F);
        std::ranges::fill(of_b, 0.0F);
        std::vector<const float*> in;
        std::vector<float*> out;
        for (const auto& port : console.live_ports()) {
            const auto slot = static_cast<std::size_t>(port.slot);
            if (!port.input && port.strip_key == "b") std::ranges::fill(of_b, 0.25F); // rubbish: nobody says what a port's buffer holds
            if (port.input) in.resize(std::max(in.size(), slot + 1)), in[slot] = port.strip_key == "a" ? cabled.data() : silence.data();
            else out.resize(std::max(out.size(), slot + 1)), out[slot] = port.strip_key == "a" ? cabled.data() : of_b.data();
        }
        engine.process({in, out, 200});
        console.poll();
    };
    play();
    CHECK(std::ranges::all_of(cabled, [](float x) { return x == doctest::Approx(0.25F).epsilon(1e-5); }));
    CHECK(std::ranges::all_of(of_b, [](float x) { return x == 0.0F; }));
    for (const auto* more : {"", kOther}) {
        REQUIRE(console.apply(desk_of(more), 48000).empty());
        for (int i = 0; i < 8; ++i) { // 10 ms of fading, the swap in the middle of a callback, and on
            CAPTURE(i);
            play();
            CHECK(std::ranges::all_of(cabled, [](float x) { return x == doctest::Approx(0.25F).epsilon(1e-5); }));
            CHECK(std::ranges::all_of(of_b, [](float x) { return x == 0.0F; }));
        }
        CHECK(console.ready());
    }
}
