// SPDX-License-Identifier: GPL-3.0-or-later
// Strips of one module that are dealt anew into groups of lanes while they move, as edits do it.
#include "engine/section.hpp"
#include "subject.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace ton;
using namespace ton::engine;
using namespace ton::conformance;

namespace {

constexpr int kStrips = 12, kFrames = 12000;

struct Strip {
    std::vector<test::Event> events;
    test::Planar input, side, output;
};

/// A stage, and which strip is on each lane; -1: none.
struct Group {
    std::unique_ptr<Stage> stage;
    std::vector<int> strips;
};

class World {
  public:
    World(const Subject& s, std::uint32_t seed) : type_(*s.type) {
        for (const auto& p : type_.parameters) initial_.push_back(p.initial);
        std::vector<std::string> texts(initial_.size());
        if (s.sidechain > 0)
            for (const int row : point_rows(type_.parameters)) texts[static_cast<std::size_t>(row)] = "another";
        const Settings settings{type_.parameters, initial_, texts};
        setup_ = {.channels_in = s.channels, .channels_out = type_.channels_out(s.channels, settings), .sidechain_channels = s.sidechain,
                  .tap_channels = s.taps, .latency = type_.latency ? type_.latency(settings, 48000) : 0};
        for (std::uint32_t i = 0; i < kStrips; ++i) {
            auto& strip = strips.emplace_back();
            if (i % 4 != 3) strip.events = storm(type_, kFrames * 3 / 4, seed * 100 + i, 1 + static_cast<int>(i) % 3); // some stand still
            strip.input = test::noise(s.channels, kFrames, -3, seed * 77 + i);
            strip.side = test::noise(std::max(1, s.sidechain), kFrames, -3, seed * 99 + i);
            strip.output.assign(static_cast<std::size_t>(setup_.channels_out), std::vector<float>(kFrames));
        }
    }

    Group make(const LaneKernel& kernel, std::vector<int> who) const {
        Group g{std::make_unique<Stage>(type_, setup_, &kernel, nullptr), std::move(who)};
        for (int l = 0; l < kernel.width; ++l)
            if (g.strips[static_cast<std::size_t>(l)] >= 0) g.stage->set(l, initial_);
        g.stage->prime();
        return g;
    }
    /// All strips in random order, in groups of random widths with lanes left empty.
    std::vector<Group> deal(std::mt19937& random) const {
        const auto& kernels = type_.lanes();
        std::vector<int> left(kStrips);
        std::iota(left.begin(), left.end(), 0);
        std::ranges::shuffle(left, random);
        std::vector<Group> groups;
        while (!left.empty()) {
            const auto& kernel = kernels.widths[random() % static_cast<std::size_t>(kernels.count)];
            std::vector<int> who(static_cast<std::size_t>(kernel.width), -1);
            for (int& lane : who)
                if (!left.empty() && random() % 4 != 0) lane = left.back(), left.pop_back();
            groups.push_back(make(kernel, who));
        }
        return groups;
    }
    void aim(Group& g, std::int64_t now) const {
        for (std::size_t l = 0; l < g.strips.size(); ++l) {
            if (g.strips[l] < 0) continue;
            for (const auto& e : strips[static_cast<std::size_t>(g.strips[l])].events) {
                if (e.time != now) continue;
                const int row = find_parameter(type_.parameters, e.path);
                g.stage->aim(row, static_cast<int>(l), to_kernel(type_.parameters[static_cast<std::size_t>(row)], e.value),
                             e.fade < 0 ? -1 : std::llround(e.fade * 48000), now);
            }
        }
    }
    void run(Group& g, int now, int frames) {
        const auto at = static_cast<std::size_t>(now);
        const auto load = [&](float* const* planes, int channels, test::Planar Strip::* source) {
            for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c)
                each_lane(g, frames, [&](int strip, std::size_t i, std::size_t place) { planes[c][place] = strip < 0 ? 0.0F : (strips[static_cast<std::size_t>(strip)].*source)[c][at + i]; });
        };
        Scratch stage_scratch(g.stage->ramps().sample_rows(), g.stage->state_floats());
        load(scratch_.audio, setup_.channels_in, &Strip::input);
        load(scratch_.sidechain, setup_.sidechain_channels, &Strip::side);
        g.stage->run(scratch_.audio, scratch_.sidechain, scratch_.taps, frames, now, stage_scratch);
        for (std::size_t c = 0; c < static_cast<std::size_t>(setup_.channels_out); ++c)
            each_lane(g, frames, [&](int strip, std::size_t i, std::size_t place) { if (strip >= 0) strips[static_cast<std::size_t>(strip)].output[c][at + i] = scratch_.audio[c][place]; });
    }
    /// The first event after `now`, or the end.
    int next_event(int now) const {
        std::int64_t next = kFrames;
        for (const auto& strip : strips)
            for (const auto& e : strip.events)
                if (e.time > now) next = std::min(next, e.time);
        return static_cast<int>(next);
    }

    std::vector<Strip> strips;

  private:
    template <class F> void each_lane(const Group& g, int frames, F f) const {
        for (std::size_t i = 0; i < static_cast<std::size_t>(frames); ++i)
            for (std::size_t l = 0; l < g.strips.size(); ++l) f(g.strips[l], i, i * g.strips.size() + l);
    }
    const ModuleType& type_;
    Setup setup_;
    std::vector<float> initial_;
    SectionScratch scratch_{0, 0};
};

void copy_lanes(const std::vector<Group>& from, std::vector<Group>& to) {
    for (auto& t : to)
        for (std::size_t l = 0; l < t.strips.size(); ++l)
            for (const auto& f : from)
                for (std::size_t k = 0; k < f.strips.size(); ++k)
                    if (t.strips[l] >= 0 && f.strips[k] == t.strips[l]) t.stage->copy_lane(static_cast<int>(l), *f.stage, static_cast<int>(k));
}

/// Every strip by itself.
void run_alone(World& world, const ModuleType& type) {
    for (int s = 0; s < kStrips; ++s) {
        auto group = world.make(type.lanes().widths[0], {s});
        for (int now = 0; now < kFrames;) {
            world.aim(group, now);
            const int frames = std::min(world.next_event(now) - now, kSegment);
            world.run(group, now, frames);
            now += frames;
        }
    }
}

/// New groups are dealt at any sample, hear commands while they wait, and take over at another.
void run_dealt(World& world, std::uint32_t seed) {
    std::mt19937 random(seed);
    auto groups = world.deal(random);
    std::vector<Group> next;
    int changes = static_cast<int>(random() % 600);
    for (int now = 0; now < kFrames;) {
        if (now == changes && next.empty()) {
            next = world.deal(random);
            changes = now + static_cast<int>(random() % 600);
        }
        if (now == changes && !next.empty()) {
            copy_lanes(groups, next);
            groups = std::move(next);
            next.clear();
            changes = now + 1 + static_cast<int>(random() % 600);
        }
        for (auto& g : groups) world.aim(g, now);
        for (auto& g : next) world.aim(g, now);
        int end = std::min({world.next_event(now), now + 1 + static_cast<int>(random() % kSegment), kFrames});
        if (changes > now) end = std::min(end, changes);
        for (auto& g : groups) world.run(g, now, end - now);
        now = end;
    }
}

} // namespace

TEST_CASE("strips that move from group to group while everything moves keep their bits") {
    for (const auto& s : subjects()) {
        if (!s.type->lanes) continue;
        for (std::uint32_t seed = 1; seed <= 4; ++seed) {
            World alone(s, seed), dealt(s, seed);
            run_alone(alone, *s.type);
            run_dealt(dealt, seed);
            for (std::size_t i = 0; i < kStrips; ++i) {
                INFO(s.label() << ", seed " << seed << ", strip " << i);
                CHECK((dealt.strips[i].output == alone.strips[i].output));
            }
        }
    }
}
