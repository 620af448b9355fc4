// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/solo_bus.hpp"

#include "engine/plan.hpp"

#include <cstring>

namespace ton::engine {

void SoloBus::add(const SoloTap& tap) {
    taps_.push_back(tap);
    words_.resize((taps_.size() + 63) / 64);
}

void SoloBus::hear(int tap, bool yes) TM_NONBLOCKING {
    const SoloTap& t = taps_.data()[tap];
    Word& w = word(tap);
    w.heard = yes ? w.heard | bit(tap) : w.heard & ~bit(tap);
    t.section->listen(t.lane, t.stage, yes);
}

void SoloBus::aim(int tap, bool on, int frames) TM_NONBLOCKING {
    if (on == wanted(tap)) return; // said again, with a new plan: an edge that leaves with the old one goes on leaving
    Word& w = word(tap);
    Edge& edge = *taps_.data()[tap].edge;
    if (on) {
        edge.begin(frames);
        hear(tap, true);
    } else {
        edge.fade(0.0F, frames);
    }
    w.wanted = on ? w.wanted | bit(tap) : w.wanted & ~bit(tap);
}

void SoloBus::mix(Signal& sum, int frames, std::int64_t position) TM_NONBLOCKING {
    for (int c = 0; c < sum.channels(); ++c) std::memset(sum.plane(c), 0, static_cast<std::size_t>(frames) * sizeof(float));
    each([&](int tap) TM_NONBLOCKING {
        Edge& edge = *taps_.data()[tap].edge;
        edge.add_to(sum, frames, position, false);
        edge.count(frames);
        if (edge.idle()) hear(tap, false);
    });
}

void SoloBus::take_over(int tap, const SoloBus& before, int from, int fade_frames) TM_NONBLOCKING {
    Edge& edge = *taps_.data()[tap].edge;
    const Edge* const old = before.taps_.data()[from].edge;
    const bool on = before.wanted(from);
    if (&edge != old) {
        const bool crosses = edge.replaces(*old) && !old->idle();
        if (crosses) edge.open_now(); // on what the old one gives
        if (on) edge.begin(fade_frames);
        else if (crosses) edge.fade(0.0F, fade_frames);
    }
    if (on) word(tap).wanted |= bit(tap);
    hear(tap, true);
}

void Plan::take_over_solo(int bus, const Plan& before, int fade_frames) TM_NONBLOCKING {
    before.solo[bus].each([&](int from) TM_NONBLOCKING {
        const auto slot = before.solo[bus].slot(from);
        const int tap = slot < places.size() ? places.data()[slot].tap : -1;
        if (tap >= 0) solo[bus].take_over(tap, before.solo[bus], from, fade_frames);
    });
}

} // namespace ton::engine
