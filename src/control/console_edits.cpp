// SPDX-License-Identifier: GPL-3.0-or-later
// The console's settings that can't be a command: structural ones, which make a new plan, and texts.
#include "control/console.hpp"

#include "engine/stage.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

namespace ton::control {

using engine::Command;
using engine::Kind;
using graph::Desk;

namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
constexpr auto kGone = "there is no such address any more";
constexpr double kAhead = 0.025; // s: a timed edit is compiled this much early, so that it begins on its sample
} // namespace

/// From here on back a timed edit is sent: it then carries its sample. Later ones wait, for the next edit can't be made
/// before this one is over.
std::int64_t Console::soon() const { return now() + std::llround(kAhead * sample_rate_); }

/// While a plan is being swapped in, or messages are collected, structural settings gather for one new plan.
bool Console::must_wait() const { return !ready() || collecting_ > 0; }

/// Whether a source (a player, by its file) would be as wide as now; or why it can't be known.
std::string Console::other_width(const graph::Module& now, const graph::Module& next, bool& other) const {
    if (!now.type->source_channels) return {};
    const auto width = [&](const graph::Module& module) {
        const auto texts = graph::resolved_texts(module, directory_);
        return now.type->source_channels({module.type->parameters, module.values, texts});
    };
    int before = 0;
    try {
        before = width(now);
    } catch (const std::exception&) {
        before = -1; // the file that plays is gone: as if it were another width, the plan is made anew
    }
    try {
        other = width(next) != before;
    } catch (const std::exception& e) {
        return e.what();
    }
    return {};
}

Outcome Console::set_text(const Control& control, const Value& value, std::int64_t time) {
    const auto* text = std::get_if<std::string>(&value.data);
    if (!text) return {.error = "expected a text", .applied = get(control)};
    const auto& strip = desk_.strips[at(control.strip)];
    const auto row = at(control.row);
    auto& module = desk_.strips[at(control.strip)].chain[at(control.module)];
    auto* const processor = compiled_->instances.at(key_of(strip, module)).stage->processor();
    auto changed = module;
    changed.texts[row] = *text;
    bool structural = control.parameter->structural || !processor;
    if (auto error = structural ? std::string() : other_width(module, changed, structural); !error.empty())
        return {.error = std::move(error), .applied = get(control)};
    if (structural ? must_wait() || time > soon() : time > now())
        return defer({control.address, value, time, structural}), Outcome{.error = {}, .applied = value};
    if (structural) {
        Desk next = desk_;
        next.strips[at(control.strip)].chain[at(control.module)].texts[row] = *text;
        auto done = replan(next, time);
        done.applied = done.error.empty() ? value : get(control);
        return done;
    }
    if (auto error = processor->set_text(control.row, graph::resolved_texts(changed, directory_)[row]); !error.empty())
        return {.error = std::move(error), .applied = get(control)};
    module.texts[row] = *text;
    if (on_change) on_change(control, Value{*text});
    return {.error = {}, .applied = Value{*text}};
}

void Console::defer(Deferred setting) {
    setting.number = ++deferrals_;
    deferred_.push_back(std::move(setting));
    if (on_wait) on_wait(deferrals_);
}

/// Structural settings whose time has come, at once; else the earliest of those whose time is near, at their sample.
void Console::apply_deferred() {
    if (deferred_.empty() || collecting_ > 0) return;
    apply_texts();
    std::int64_t time = soon() + 1;
    for (const auto& d : deferred_)
        if (d.structural) time = std::min(time, d.time);
    if (must_wait() || time > soon()) return;
    const bool late = time <= now();
    std::vector<Deferred> together;
    std::erase_if(deferred_, [&](Deferred& d) {
        const bool goes = d.structural && (late ? d.time <= now() : d.time == time);
        if (goes) together.push_back(std::move(d));
        return goes;
    });
    apply_together(std::move(together), late ? Command::kNow : time);
}

/// Texts that modules take as they run, and whose time has come.
void Console::apply_texts() {
    std::vector<Deferred> due;
    std::erase_if(deferred_, [&](Deferred& d) {
        const bool goes = !d.structural && d.time <= now();
        if (goes) due.push_back(std::move(d));
        return goes;
    });
    for (auto& setting : due) {
        const auto* control = find(setting.address);
        const auto done = control ? set_text(*control, setting.value, Command::kNow) : Outcome{.error = kGone, .applied = {}};
        if (!done.error.empty()) refusals_.push_back({std::move(setting.address), done.error, setting.number});
    }
}

/// Who set it is told.
void Console::call_off(const std::function<bool(const Deferred&)>& which) {
    std::erase_if(deferred_, [&](const Deferred& d) {
        const bool goes = which(d);
        if (goes) refusals_.push_back({d.address, kGone, d.number});
        return goes;
    });
}

/// False where the address is gone with the last edit.
bool Console::put(Desk& desk, const Deferred& setting) const {
    const auto* control = find(setting.address);
    if (!control || control->module < 0) return false;
    auto& module = desk.strips[at(control->strip)].chain[at(control->module)];
    if (const auto* text = std::get_if<std::string>(&setting.value.data)) module.texts[at(control->row)] = *text;
    else module.values[at(control->row)] = static_cast<float>(setting.value.number());
    return true;
}

Desk Console::desk_to_come() const {
    auto desk = desk_;
    bool any = false;
    for (const auto& setting : deferred_) {
        if (setting.time > now() || !put(desk, setting)) continue;
        any = true;
        const auto& control = *find(setting.address);
        if (const auto* partner = partner_of(control)) put(desk, {partner->address, on_partner(control, setting.value), setting.time, true});
    }
    if (any && !check(desk, sample_rate_).empty()) return desk_; // they will be refused
    return desk;
}

/// One new plan for all; where that can't be, for those that can be, each refusal told.
void Console::apply_together(std::vector<Deferred> settings, std::int64_t time) {
    std::erase_if(settings, [&](const Deferred& d) {
        const bool gone = !find(d.address);
        if (gone) refusals_.push_back({d.address, kGone, d.number});
        return gone;
    });
    Desk next = desk_;
    for (const auto& setting : settings) put(next, setting);
    if (settings.empty()) return;
    if (auto done = replan(next, time); done.error.empty()) return;
    next = desk_;
    bool any = false;
    for (const auto& setting : settings) {
        Desk more = next;
        put(more, setting);
        config::Diagnostics errors(desk_.file);
        graph::compile(more, compiled_.get(), compile_options(sample_rate_, directory_, followed_), errors);
        if (errors.empty()) next = std::move(more), any = true;
        else refusals_.push_back({setting.address, errors.take().front().message, setting.number});
    }
    if (any)
        if (auto done = replan(next, time); !done.error.empty()) refusals_.push_back({"/", std::move(done.error)});
}

/// A setting that alters latency, memory or routing: a new plan, like a reload's.
Outcome Console::replan(Desk next, std::int64_t time) {
    graph::join_groups(next);
    config::Diagnostics errors(desk_.file);
    auto compilation = graph::compile(next, compiled_.get(), compile_options(sample_rate_, directory_, followed_), errors);
    if (!errors.empty()) return {.error = errors.take().front().message, .applied = {}};
    const Desk before = std::exchange(desk_, std::move(next));
    install(std::move(compilation), before, time);
    return {};
}

void Console::follow_period(int frames) {
    if (frames == period_ || !ready()) return;
    period_ = frames;
    const auto inserts = [](const graph::Strip& s) { return std::ranges::any_of(s.chain, [](const graph::Module& m) { return m.type->insert; }); };
    if (!compiled_ || std::ranges::none_of(desk_.strips, inserts)) return;
    if (auto done = replan(desk_, Command::kNow); !done.error.empty()) refusals_.push_back({"/", std::move(done.error)});
}

void Console::fade(float to, double seconds) {
    outbox_.add({{.what = Command::What::fade, .value = to, .fade = std::llround(seconds * sample_rate_)}});
}

void Console::settle() {
    for (bool more = true; more;) {
        const auto waiting = outbox_.size() + engine_.queued() + deferred_.size();
        const bool swapping = swapping_;
        engine_.process({{}, {}, 0});
        poll();
        more = outbox_.size() + engine_.queued() + deferred_.size() != waiting || swapping_ != swapping;
    }
}

} // namespace ton::control
