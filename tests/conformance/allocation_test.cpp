// SPDX-License-Identifier: GPL-3.0-or-later
// No module touches the heap on the audio side.
#include "heap_trap.hpp"
#include "subject.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace ton;
using namespace ton::conformance;
using test::heap::Trap;

TEST_CASE("the trap sees an allocation and a release") {
    if (!test::heap::watched()) return;
    std::vector<int>* volatile block = nullptr;
    test::heap::touched();
    {
        const Trap trap;
        block = new std::vector<int>(100);
    }
    CHECK(test::heap::touched() == 2);
    {
        const Trap trap;
        delete block;
    }
    CHECK(test::heap::touched() == 2);
}

TEST_CASE("run, update, silence, aim and read never touch the heap") {
    constexpr int frames = engine::kSegment, segments = 100;
    for (const auto& s : subjects()) {
        INFO(s.label());
        const auto rig = s.rig();
        auto& stage = rig->stage();
        engine::Scratch scratch(stage.ramps().sample_rows(),
                                stage.state_floats());
        const std::size_t plane = static_cast<std::size_t>(frames) * engine::kMaxLanes;
        std::vector<float> memory(plane * engine::kMaxChannels, 0.1F), readouts(1024);
        float* planes[engine::kMaxChannels];
        for (std::size_t c = 0; c < engine::kMaxChannels; ++c) planes[c] = &memory[c * plane];
        float** const side = planes + 4;
        const auto events = storm(*s.type, segments, 7);
        std::vector<int> rows;
        for (const auto& e : events) rows.push_back(engine::find_parameter(s.type->parameters, e.path));
        test::heap::touched();
        {
            const Trap trap;
            for (int k = 0; k < segments; ++k) {
                for (std::size_t e = 0; e < events.size(); ++e) {
                    const auto& p = s.type->parameters[static_cast<std::size_t>(rows[e])];
                    if (events[e].time == k) stage.aim(rows[e], 0, engine::to_kernel(p, events[e].value), -1,
                                                        std::int64_t{k} * frames);
                }
                stage.run(planes, side, planes + 8, frames, std::int64_t{k} * frames, scratch);
                if (k == 50) stage.silence(0, scratch);
                stage.read(readouts.data());
            }
        }
        CHECK(test::heap::touched() == 0);
    }
}
