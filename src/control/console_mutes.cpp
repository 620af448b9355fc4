// SPDX-License-Identifier: GPL-3.0-or-later
// The console's mutes: what strips, groups and solos make of each strip's mute stage.
#include "control/console.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::control {

using engine::Command;

namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
} // namespace

/// What the audio side was told holds only for mute stages that stay; new ones began with the strip's own mute.
void Console::forget_mutes() {
    std::erase_if(told_, [&](const auto& told) {
        const auto key = fmt::format("{0}/{1}:{1}", told.first, graph::kMute);
        const auto now = compiled_->instances.find(key);
        if (now == compiled_->instances.end() || !pending_) return true;
        const auto was = pending_->instances.find(key);
        return was == pending_->instances.end() || was->second.stage != now->second.stage;
    });
}

Outcome Console::set_solo(const Control& control, bool on, std::int64_t time) {
    auto& strip = desk_.strips[at(control.strip)];
    begin();
    if (on && !exact_solos_ && any_monitor("exclusive", 1.0F)) {
        soloed_together_.insert(strip.key());
        if (!strip.solo) release_solos(time, soloed_together_);
    }
    strip.solo = on;
    mutes_changed(time);
    commit_collected();
    const Value applied{on ? 1.0 : 0.0};
    if (on_change) on_change(control, applied);
    return {.error = {}, .applied = applied};
}

/// Settings that come together are looked at together: a scene may turn a thousand of them.
void Console::mutes_changed(std::int64_t time) {
    if (mutes_due_ && (collecting_ == 0 || *mutes_due_ != time)) update_mutes(*std::exchange(mutes_due_, std::nullopt));
    if (collecting_ == 0) update_mutes(time);
    else mutes_due_ = time;
}

bool Console::soloed(std::size_t s) const {
    return desk_.strips[s].solo || std::ranges::any_of(groups_[s], [&](int g) { return desk_.strips[at(g)].solo; });
}

/// Solo in place, unless a monitor hears solos: while any strip is soloed, only the soloed ones, what they hear, what hears
/// them and what is solo safe are open.
std::vector<char> Console::open_strips() const {
    const auto count = desk_.strips.size();
    const bool in_place = std::ranges::all_of(monitors_, [&](const Monitor& m) { return monitor_value(m, "solo_mode") == 0.0F; });
    bool any = false; // a group of nobody solos nobody
    for (std::size_t s = 0; s < count; ++s) any = any || (!desk_.strips[s].members && soloed(s));
    if (!in_place || !any) return std::vector<char>(count, 1);
    std::vector<char> open(count, 0);
    for (std::size_t s = 0; s < count; ++s) {
        if (desk_.strips[s].solo_safe) open[s] = 1;
        for (const int h : compiled_->layout.strips[s].hears) {
            if (soloed(at(h))) open[s] = 1;
            if (soloed(s)) open[at(h)] = 1;
        }
    }
    return open;
}

/// What a strip's mute stage shall do: its own mute, its groups' mutes and levels, others' solos. `fade` is that of a
/// group's level, in frames, or negative for its smoothing.
void Console::update_mutes(std::int64_t time, std::int64_t fade, engine::Way way, int group) {
    const auto open = open_strips();
    begin();
    for (std::size_t s = 0; s < desk_.strips.size(); ++s) {
        const auto& strip = desk_.strips[s];
        const auto* module = strip.find(graph::kMute);
        const int level_row = module->row(graph::kGroupLevel);
        const float level = module->values[at(level_row)];
        const bool by_group = std::ranges::any_of(groups_[s], [&](int g) { return desk_.strips[at(g)].mute; });
        const bool muted = strip.mute || by_group || !open[s];
        const auto [told, fresh] = told_.try_emplace(strip.key(), Told{strip.mute, level}); // a new strip starts so
        const auto before = std::exchange(told->second, Told{muted, level});
        // A column that an edit moved to a new stage has what the old one had: it is told again. A group's members are
        // told again when a hand moves it, which may stop a fade to the same level.
        const bool unsure = fresh && pending_;
        const bool moved = std::ranges::find(groups_[s], group) != groups_[s].end();
        hear_solo(s, told->second, before, unsure, time);
        if (before == told->second && !unsure && !moved) continue;
        const auto slot = compiled_->instances.at(key_of(strip, *module)).slot;
        if (before.muted != muted || unsure) post({.time = time, .slot = slot, .row = module->row(graph::kMute), .value = muted ? 1.0F : 0.0F});
        if (before.level != level || unsure || moved)
            post({.time = time, .slot = slot, .row = level_row, .value = engine::to_kernel(module->type->parameters[at(level_row)], level), .fade = fade, .way = way});
    }
    update_monitors(time);
    new_plan_ = false;
    commit_collected();
}

int Console::clear_solos(std::int64_t time) { return release_solos(time, {}); }

int Console::release_solos(std::int64_t time, const std::set<std::string>& keep) {
    int count = 0;
    begin();
    for (const auto& control : controls_) {
        if (control.module >= 0 || !desk_.strips[at(control.strip)].solo || keep.contains(desk_.strips[at(control.strip)].key())) continue;
        set_solo(control, false, time);
        ++count;
        if (on_released) on_released(control);
    }
    commit_collected();
    return count;
}

} // namespace ton::control
