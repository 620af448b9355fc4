// SPDX-License-Identifier: GPL-3.0-or-later
// What the console tells of by itself: what guards hold down or hear, NaNs, and what modules report.
#include "control/console.hpp"

#include "engine/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ton::control {

namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
// acceptance.md section 8: the mean over 5 s beyond 0.1 % of full scale is a warning, beyond 1 % a failure.
constexpr double kWarnDc = -60, kFailDc = -40; // dBFS
} // namespace

void Console::index_guards() {
    guards_.clear();
    for (std::size_t s = 0; s < desk_.strips.size(); ++s) {
        const auto& chain = desk_.strips[s].chain;
        const auto guard = std::ranges::find(chain, graph::kGuard, &graph::Module::name);
        if (guard == chain.end()) continue;
        const auto& instance = compiled_->instances.at(key_of(desk_.strips[s], *guard));
        const auto first = engine::first_meter(guard->type->parameters);
        const auto readout = [&](std::string_view row) { return at(instance.readout + (guard->row(row) - first) * instance.stride); };
        guards_.push_back({static_cast<int>(s), static_cast<int>(guard - chain.begin()), readout("reduction"), readout("dc")});
    }
}

/// With every set of fresh read-outs: held ones have been missed by nobody.
void Console::watch_guards() {
    for (const auto& guard : guards_) {
        const auto& strip = desk_.strips[at(guard.strip)];
        const auto& module = strip.chain[at(guard.module)];
        const auto reading = [&](std::string_view row, std::size_t readout) {
            return static_cast<double>(engine::from_kernel(module.type->parameters[at(module.row(row))], meters_[readout]));
        };
        if (std::max(guard.reduction, guard.dc) >= meters_.size()) continue;
        const auto address = fmt::format("/{}/guard", strip.name);
        if (const auto down = reading("reduction", guard.reduction); down < 0)
            alarms_.see(address, "ceiling", seconds(), fmt::format("the ceiling of {:g} dBFS holds the output down by {:.1f} dB", module.values[at(module.row("ceiling"))], -down),
                        "the output is below its ceiling again");
        const auto dc = reading("dc", guard.dc);
        if (dc > kFailDc) alarms_.see(address, "dc", seconds(), fmt::format("DC of {:.1f} dBFS, more than 1 % of full scale", dc), "the DC is gone", 2);
        else if (dc > kWarnDc) alarms_.see(address, "dc", seconds(), fmt::format("DC of {:.1f} dBFS, more than 0.1 % of full scale", dc), "the DC is gone");
    }
}

void Console::watch_healed() {
    const auto healed = engine_.counters().healed.load(std::memory_order_relaxed);
    if (std::exchange(healed_, healed) == healed) return;
    for (const auto& node : compiled_->layout.nodes) {
        if (at(node.strip) >= desk_.strips.size()) continue; // a group's sum: what it is made of tells of itself
        const auto& state = compiled_->nodes.at(node.identity);
        auto& told = told_healed_[node.identity];
        if (const auto count = state.section->healed(state.lane); std::exchange(told, count) < count)
            alarms_.see("/" + desk_.strips[at(node.strip)].name, "nan", seconds(), "a NaN or infinity was silenced", "no NaN or infinity any more");
    }
}

std::vector<std::pair<std::string, std::string>> Console::take_reports() {
    auto reports = take_refusals();
    if (!compiled_) return reports;
    watch_healed();
    for (auto& report : alarms_.take(seconds())) reports.push_back(std::move(report));
    for (const auto& [_, instance] : compiled_->instances) {
        if (!instance.stage->processor()) continue;
        auto text = instance.stage->processor()->take_report();
        if (text.empty()) continue;
        const auto& strip = desk_.strips[at(instance.strip)]; // its key may be a name that it had
        reports.emplace_back("/" + strip.name + instance.key.substr(strip.key().size(), instance.key.rfind(':') - strip.key().size()), std::move(text));
    }
    return reports;
}

} // namespace ton::control
