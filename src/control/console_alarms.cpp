// SPDX-License-Identifier: GPL-3.0-or-later
// What the console tells of by itself: what guards hold down or hear, NaNs, and what modules report.
#include "control/console.hpp"

#include "engine/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace ton::control {

namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
// acceptance.md section 8: the mean over 5 s beyond 0.1 % of full scale is a warning, beyond 1 % a failure.
constexpr double kWarnDc = -60, kFailDc = -40; // dBFS
// Those are the marks to begin. A mean that hovers near one of them, as low sound has it, is one event: it must be far below for long.
constexpr double kDcHysteresis = 6; // dB
constexpr double kDcHold = 10;      // s, twice what the mean takes in: while its sign changes it is small for less
constexpr double kDcWait = 1;       // s: what is far beyond both marks passes the lower one on its way, and is one event
constexpr double kHeldStep = 6;     // dB: a ceiling that holds down by so much more is told again
constexpr const char *kNan = "nan", *kCeiling = "ceiling", *kDc = "dc"; // kinds of alarms; the latter two are a guard's
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
void Console::watch_guards(std::span<const Guard> guards) {
    for (const auto& guard : guards) {
        const auto& strip = desk_.strips[at(guard.strip)];
        const auto& module = strip.chain[at(guard.module)];
        const auto reading = [&](std::string_view row, std::size_t readout) {
            return static_cast<double>(engine::from_kernel(module.type->parameters[at(module.row(row))], meters_[readout]));
        };
        if (std::max(guard.reduction, guard.dc) >= meters_.size()) continue;
        if (const auto down = -reading("reduction", guard.reduction); down > 0)
            watch_ceiling(strip, static_cast<double>(module.values[at(module.row("ceiling"))]), down);
        watch_dc(strip, reading("dc", guard.dc));
    }
}

/// What the old plan's guards saw while it made way: nobody else reads it. True where the read-outs are the new one's.
bool Console::watch_before_swap() {
    if (!engine_.read_meters(meters_, meter_plan_)) return false;
    const bool next = meter_plan_ == next_plan_;
    if (next) watch_guards(guards_);
    else if (pending_) watch_guards(guards_before());
    return next;
}

/// Where the old plan has the read-outs of guards that stay.
std::vector<Console::Guard> Console::guards_before() const {
    std::unordered_map<std::string_view, const Guard*> before;
    for (const auto& guard : guards_before_) before.emplace(pending_->desk.strips[at(guard.strip)].key(), &guard);
    std::vector<Guard> stay;
    for (const auto& guard : guards_)
        if (const auto was = before.find(desk_.strips[at(guard.strip)].key()); was != before.end()) stay.push_back({guard.strip, guard.module, was->second->reduction, was->second->dc});
    return stay;
}

/// Told as it gets worse, never as it gets better: what it holds down comes and goes with the programme.
void Console::watch_ceiling(const graph::Strip& strip, double ceiling, double down) {
    const Alarms::Key key{strip.key(), kCeiling};
    const double most = std::max(down, alarms_.most(key));
    alarms_.see(key, alarm_clock(), {.begins = fmt::format("the ceiling of {:g} dBFS holds the output down by {:.1f} dB", ceiling, down),
                                     .ends = fmt::format("the ceiling no longer holds the output down; at the most it was {:.1f} dB", most),
                                     .grade = 1 + static_cast<int>(most / kHeldStep), .size = most});
}

void Console::watch_dc(const graph::Strip& strip, double dc) {
    const Alarms::Key key{strip.key(), kDc};
    const int told = alarms_.grade(key);
    const auto beyond = [&](int grade, double mark) { return dc > mark - (told >= grade ? kDcHysteresis : 0); };
    const int grade = beyond(2, kFailDc) ? 2 : beyond(1, kWarnDc) ? 1 : 0;
    if (grade == 0) return;
    const auto* size = grade == 2 ? "more than 1 %" : told == 2 ? "less than 1 %" : "more than 0.1 %";
    alarms_.see(key, alarm_clock(), {fmt::format("DC of {:.1f} dBFS, {} of full scale", dc, size), "the DC is gone", grade, kDcHold, told == 0 && grade == 1 ? kDcWait : 0});
}

/// Alarms are known by their strip's key, which outlives a new name, and go with their strip, or its guard.
void Console::prune_alarms() {
    if (alarms_.empty()) return;
    alarms_.keep([this](const Alarms::Key& key) {
        const auto strip = std::ranges::find(desk_.strips, key.first, &graph::Strip::key);
        return strip != desk_.strips.end() && (key.second == kNan || strip->find(graph::kGuard));
    });
}

/// The sample clock in seconds, for alarms: an audio server with another rate does not make it jump.
double Console::alarm_clock() {
    const auto frames = now();
    return alarm_seconds_ += static_cast<double>(frames - std::exchange(alarm_frames_, frames)) / sample_rate_;
}

void Console::watch_healed() {
    const auto healed = engine_.counters().healed.load(std::memory_order_relaxed);
    if (std::exchange(healed_, healed) == healed) return;
    std::erase_if(told_healed_, [](const auto& told) { return told.first.expired(); });
    for (const auto* plan : {pending_.get(), compiled_.get()}) {
        if (!plan) continue;
        for (const auto& node : plan->layout.nodes) {
            if (at(node.strip) >= plan->desk.strips.size()) continue; // a group's sum: what it is made of tells of itself
            const auto& state = plan->nodes.at(node.identity);
            auto& told = told_healed_[state.section];
            told.resize(at(state.section->width()));
            const auto count = state.section->healed(state.lane);
            if (std::exchange(told[at(state.lane)], count) == count) continue;
            const auto key = plan->desk.strips[at(node.strip)].key();
            if (std::ranges::find(desk_.strips, key, &graph::Strip::key) == desk_.strips.end()) continue; // of one that leaves nobody wants to know
            alarms_.see({key, kNan}, alarm_clock(), {"a NaN or infinity was silenced", "no NaN or infinity any more"});
        }
    }
}

std::vector<std::pair<std::string, std::string>> Console::take_reports(bool last) {
    std::vector<std::pair<std::string, std::string>> reports;
    for (auto& refusal : take_refusals()) reports.emplace_back(std::move(refusal.address), std::move(refusal.reason));
    if (!compiled_) return reports;
    watch_healed();
    for (auto& [key, sentence] : alarms_.take(alarm_clock(), last)) {
        const auto& strip = *std::ranges::find(desk_.strips, key.first, &graph::Strip::key);
        reports.emplace_back("/" + strip.name + (key.second == kNan ? "" : "/guard"), std::move(sentence));
    }
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
