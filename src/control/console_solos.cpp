// SPDX-License-Identifier: GPL-3.0-or-later
// The console's monitors: who is heard on the solo buses, and what the monitors are told of solos and talkbacks.
#include "control/console.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ton::control {

using engine::Command;

namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
constexpr double kSoloFade = 0.01; // s
constexpr float kModes[engine::kSoloBuses] = {1, 2}; // of a monitor's solo_mode: pfl, afl
} // namespace

void Console::index_monitors() {
    const auto before = std::exchange(monitors_, {});
    talkbacks_.clear();
    const auto stage_of = [](const graph::Compiled* plan, const std::string& key) {
        const auto it = plan ? plan->instances.find(key) : decltype(plan->instances.find(key)){};
        return plan && it != plan->instances.end() ? it->second.stage.get() : nullptr;
    };
    for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s)
        for (int m = 0; m < static_cast<int>(desk_.strips[at(s)].chain.size()); ++m) {
            const auto& module = desk_.strips[at(s)].chain[at(m)];
            if (module.type->hears_solo) {
                const auto key = key_of(desk_.strips[at(s)], module);
                const auto& instance = compiled_->instances.at(key);
                const auto was = std::ranges::find(before, instance.slot, &Monitor::slot);
                const bool stays = was != before.end() && stage_of(pending_.get(), key) == instance.stage.get();
                monitors_.push_back({s, m, instance.slot, stays ? was->told : std::nullopt});
            }
            if (module.type->talks) talkbacks_.emplace_back(s, m);
        }
}

float Console::monitor_value(const Monitor& monitor, std::string_view row) const {
    const auto& module = desk_.strips[at(monitor.strip)].chain[at(monitor.module)];
    return module.values[at(module.row(row))];
}

bool Console::any_monitor(std::string_view row, float value) const {
    return std::ranges::any_of(monitors_, [&](const Monitor& m) { return monitor_value(m, row) == value; });
}

/// In a new plan a strip's taps may be other ones: what is heard is told again.
void Console::hear_solo(std::size_t s, Told& told, const Told& before, bool unsure, std::int64_t time) {
    if (monitors_.empty() || compiled_->layout.strips[s].taps[0] < 0) return;
    const auto& strip = desk_.strips[s];
    for (int bus = 0; bus < engine::kSoloBuses; ++bus) {
        const bool heard = told.heard[bus] = soloed(s) && any_monitor("solo_mode", kModes[bus]);
        if (heard == before.heard[bus] && !unsure && !(new_plan_ && heard)) continue;
        post({.what = Command::What::solo, .time = time, .slot = compiled_->instances.at(key_of(strip, *strip.find(graph::kMute))).slot, .row = bus,
              .value = heard ? 1.0F : 0.0F, .fade = std::llround(kSoloFade * sample_rate_)});
    }
}

/// Solos and talkbacks are heard from the beginning where a monitor is new.
void Console::update_monitors(std::int64_t time) {
    if (monitors_.empty()) return;
    bool solo = false;
    for (std::size_t s = 0; s < desk_.strips.size() && !solo; ++s) solo = compiled_->layout.strips[s].taps[0] >= 0 && soloed(s);
    const bool talk = std::ranges::any_of(talkbacks_, [&](const auto& t) {
        const auto& module = desk_.strips[at(t.first)].chain[at(t.second)];
        return module.values[at(module.row("on"))] != 0.0F;
    });
    for (auto& monitor : monitors_) {
        const auto& module = desk_.strips[at(monitor.strip)].chain[at(monitor.module)];
        const std::pair now{solo && monitor_value(monitor, "solo_mode") != 0.0F, talk};
        if (monitor.told == now) continue;
        const auto tell = [&](std::string_view row, bool on) {
            post({.time = time, .slot = monitor.slot, .row = module.row(row), .value = on ? 1.0F : 0.0F, .fade = monitor.told ? -1 : 0});
        };
        tell("solo_on", now.first);
        tell("talk_on", now.second);
        monitor.told = now;
    }
}

} // namespace ton::control
