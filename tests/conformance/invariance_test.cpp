// SPDX-License-Identifier: GPL-3.0-or-later
// Promises 1 and 5 of the engine, for every module: the bits depend neither on block size nor on lanes.
#include "subject.hpp"

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace ton;
using namespace ton::conformance;

namespace {
constexpr int kFrames = 9000;

Outcome stormy(const Subject& s, const test::RigOptions& options, int block, std::uint32_t seed = 1) {
    return outcome(*s.rig(options), options, test::noise(s.channels, kFrames, -9), block,
                   storm(*s.type, kFrames, seed));
}
} // namespace

TEST_CASE("the same bits at every block size, while every parameter moves") {
    for (const auto& s : subjects()) {
        INFO(s.label());
        const auto reference = stormy(s, s.options(), 64);
        for (const int block : {1, 7, 441, 1000, 8192}) {
            INFO("block of " << block);
            const auto other = stormy(s, s.options(), block);
            CHECK((other.audio == reference.audio)); // in brackets: nobody wants 9,000 samples printed
            CHECK((other.taps == reference.taps));
            CHECK((other.readouts == reference.readouts));
        }
    }
}

TEST_CASE("the same bits at every rate's block sizes") {
    for (const double rate : {44100.0, 88200.0, 96000.0, 176400.0, 192000.0})
        for (const auto& s : subjects()) {
            INFO(s.label() << " at " << rate);
            const auto reference = stormy(s, s.options(rate), 64, 2);
            CHECK(finite(reference.audio));
            CHECK((stormy(s, s.options(rate), 441, 2) == reference));
        }
}

TEST_CASE("the same bits in every lane of every width, whatever the neighbours do") {
    for (const auto& s : subjects()) {
        if (!s.type->lanes) continue;
        const auto& kernels = s.type->lanes();
        CHECK(kernels.count >= 1);
        auto options = s.options();
        options.width = 1;
        const auto reference = stormy(s, options, 64, 3);
        for (int i = 0; i < kernels.count; ++i) {
            options.width = kernels.widths[static_cast<std::size_t>(i)].width;
            for (options.lane = 0; options.lane < options.width;
                 options.lane += std::max(1, options.width / 2 - 1)) {
                INFO(s.label() << ", lane " << options.lane << " of " << options.width);
                const auto other = stormy(s, options, 64, 3);
                CHECK((other.audio == reference.audio));
                CHECK((other.taps == reference.taps));
                CHECK((other.readouts == reference.readouts));
            }
        }
    }
}

namespace {
/// Largest difference of any instruction set to the best one, in dB. Where a module amplifies, its rounding
/// errors are amplified with the signal: the difference counts against the sound itself where that is above
/// full scale.
double across_instruction_sets(const std::function<Outcome()>& run) {
    const auto use = [](std::int64_t mask) {
        hwy::SetSupportedTargetsForTest(mask);
        hwy::GetChosenTarget().DeInit();
    };
    const auto targets = hwy::SupportedAndGeneratedTargets();
    CHECK(targets.size() >= 2);
    const auto reference = run();
    double worst = 0;
    for (const auto target : targets) {
        use(target);
        const auto other = run();
        use(0);
        for (std::size_t c = 0; c < other.audio.size(); ++c)
            for (std::size_t i = 0; i < other.audio[c].size(); ++i)
                worst = std::max(worst, std::abs(static_cast<double>(other.audio[c][i]) -
                                                 static_cast<double>(reference.audio[c][i])));
    }
    return test::decibels(worst / std::max(1.0, loudest(reference.audio)));
}

} // namespace

TEST_CASE("all instruction sets within -140 dBFS of each other") {
    for (const auto& s : subjects()) {
        auto options = s.options();
        options.width = 1; // there on every instruction set
        const auto input = test::noise(s.channels, kFrames, -12);
        for (std::uint32_t seed = 1; seed <= 20; ++seed) {
            const auto still = across_instruction_sets([&] {
                const auto rig = s.rig(options);
                for (const auto& e :
                     storm(*s.type, kFrames, seed, seed > 1 ? 1 : 0)) // first as it comes, then anyhow
                    if (e.path != "bypass") rig->set(e.path, e.value);
                return outcome(*rig, options, input, 64, {});
            });
            INFO(s.label() << ", seed " << seed << ": " << still << " dBFS");
            CHECK(still <= -140);
            const auto moving = across_instruction_sets(
                [&] { return outcome(*s.rig(options), options, input, 64, storm(*s.type, kFrames, seed)); });
            INFO("moving: " << moving << " dBFS");
            CHECK(moving <= -140);
        }
    }
}

TEST_CASE("silence() forgets the signal, and nothing but the signal") {
    for (const auto& s : subjects()) {
        INFO(s.label());
        const int past = 20000;
        const auto tail = test::noise(s.channels, kFrames, -9, 99);
        const auto after = [&](const test::Planar& before, bool silenced) {
            const auto rig = s.rig();
            const auto options = s.options();
            auto events = storm(*s.type, past / 2, 5);
            for (const auto& p : s.type->parameters) // and back, so that the tail is heard
                if (moves(p)) events.push_back({past / 2, engine::parameter_path(p), p.initial});
            outcome(*rig, options, before, 64, events);
            if (silenced) {
                auto& stage = rig->stage();
                engine::Scratch scratch(stage.ramps().sample_rows(), stage.state_floats());
                stage.silence(options.lane, scratch);
            }
            const auto o = outcome(*rig, options, tail, 64, {});
            return test::Planar(o.audio.begin(), o.audio.end());
        };
        const auto noisy = after(test::noise(s.channels, past, -9), true);
        const auto quiet = after(test::silence(s.channels, past), true);
        CHECK((noisy == quiet));
        if (s.type->name != "matrix" && s.type->name != "talkback") CHECK(loudest(noisy) > 0); // at their defaults silent
    }
}
