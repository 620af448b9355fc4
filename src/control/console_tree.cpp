// SPDX-License-Identifier: GPL-3.0-or-later
// The console's tree of addresses: what is there, and one value got or set.
#include "control/console.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>

namespace ton::control {

using engine::Command;
using engine::Kind;
using graph::Desk;

namespace {

constexpr engine::Parameter kSolo{.name = "solo", .help = "Hear this strip, what feeds it and what it feeds; mute the rest.",
                                  .kind = Kind::toggle};
constexpr engine::Parameter kGroupSolo{.name = "solo", .help = "Hear the group's members, what feeds them and what they feed; mute the rest.",
                                       .kind = Kind::toggle};

std::size_t at(int i) { return static_cast<std::size_t>(i); }

engine::Parameter with_help(engine::Parameter row, std::string_view help) {
    row.help = help;
    return row;
}

/// A row as people see it at its address: a group's is not a strip's, and a strip's own meter begins without true peak.
const engine::Parameter& row_of(const graph::Strip& strip, const graph::Module& module, const engine::Parameter& row) {
    if (strip.members && row.name == "level") {
        static const auto level = with_help(row, "Added to the levels of the group's members.");
        return level;
    }
    if (strip.members && row.name == graph::kMute) {
        static const auto mute = with_help(row, "Mute the group's members, whatever their own mutes say.");
        return mute;
    }
    if (module.name == graph::kMeter && row.name == graph::kTruePeakOn) {
        static const auto off = [&] {
            auto changed = row;
            changed.initial = 0.0F;
            return changed;
        }();
        return off;
    }
    return row;
}

} // namespace

std::string address_of(const graph::Strip& strip, const graph::Module& module, const engine::Parameter& row) {
    if (module.name == graph::kMute && row.name == graph::kMute) return fmt::format("/{}/mute", strip.name);
    if (strip.members && row.name == "level") return fmt::format("/{}/level", strip.name);
    return fmt::format("/{}/{}/{}", strip.name, module.name, engine::parameter_path(row));
}

std::string solo_address(const graph::Strip& strip) { return fmt::format("/{}/solo", strip.name); }

void Console::index() {
    controls_.clear();
    by_address_.clear();
    groups_ = graph::groups_of(desk_);
    for (int s = 0; s < static_cast<int>(desk_.strips.size()); ++s) {
        const auto& strip = desk_.strips[at(s)];
        for (int m = 0; m < static_cast<int>(strip.chain.size()); ++m) {
            const auto& module = strip.chain[at(m)];
            const auto& instance = compiled_->instances.at(key_of(strip, module));
            const auto first = engine::first_meter(module.type->parameters);
            for (int r = 0; r < static_cast<int>(module.type->parameters.size()); ++r) {
                const auto& row = module.type->parameters[at(r)];
                if (!graph::is_setting(module, row)) continue;
                if (strip.members && row.name != "level" && row.name != graph::kMute) continue; // nothing goes through a group
                const auto readout = row.kind == Kind::meter ? at(instance.readout + (r - first) * instance.stride) : 0;
                controls_.push_back({address_of(strip, module, row), s, m, r, &row_of(strip, module, row), instance.slot, readout});
            }
        }
        controls_.push_back({solo_address(strip), s, -1, 0, strip.members ? &kGroupSolo : &kSolo, 0, 0});
    }
    index_monitors();
    index_guards();
    prune_alarms();
    partners_ = graph::partners_of(desk_);
    by_address_.reserve(controls_.size());
    for (std::size_t i = 0; i < controls_.size(); ++i) by_address_.emplace(controls_[i].address, i);
}

const Control* Console::find(std::string_view address) const {
    const auto it = by_address_.find(address);
    return it == by_address_.end() ? nullptr : &controls_[it->second];
}

std::vector<const Control*> Console::list(std::string_view prefix) const {
    std::vector<const Control*> all;
    for (const auto& c : controls_)
        if (c.address.starts_with(prefix)) all.push_back(&c);
    std::ranges::sort(all, {}, [](const Control* c) -> const std::string& { return c->address; });
    return all;
}

Value Console::get(const Control& control) const {
    const auto& strip = desk_.strips[at(control.strip)];
    if (control.module < 0) return {strip.solo ? 1.0 : 0.0};
    const auto& module = strip.chain[at(control.module)];
    if (control.parameter->kind == Kind::text) return {module.texts[at(control.row)]};
    if (!control.meter()) return {static_cast<double>(module.values[at(control.row)])};
    if (swapping_ || control.readout >= meters_.size()) return {static_cast<double>(control.parameter->initial)};
    return {static_cast<double>(engine::from_kernel(*control.parameter, meters_[control.readout]))};
}

Value Console::present(const Control& control) const {
    if (fades_.empty() || control.module < 0) return get(control);
    const auto value = fades_.at({control.slot, control.row}, now());
    return value ? Value{static_cast<double>(engine::from_kernel(*control.parameter, *value))} : get(control);
}

bool Console::fading(const Control& control) const { return !fades_.empty() && control.module >= 0 && fades_.at({control.slot, control.row}, now()).has_value(); }

/// A parameter's way from one value to another, in the table's unit; `fade` in frames, or negative for its smoothing.
void Console::move(const Control& control, float before, float after, std::int64_t time, std::int64_t fade, engine::Way way) {
    const auto& row = *control.parameter;
    if (row.own_pace && fade > 0) fade = -1;
    const auto target = engine::to_kernel(row, after);
    if (fade > 0 || !fades_.empty()) fades_.aim({control.slot, control.row}, row, engine::to_kernel(row, before), target, std::max(time, now()), fade, way);
    post({.time = time, .slot = control.slot, .row = control.row, .value = target, .fade = fade, .way = way});
}

/// A fade goes on where its instance does.
void Console::forget_fades() {
    if (fades_.empty()) return;
    std::unordered_set<std::uint32_t> stay;
    if (pending_)
        for (const auto& [key, instance] : compiled_->instances)
            if (const auto before = pending_->instances.find(key); before != pending_->instances.end() && before->second.slot == instance.slot) stay.insert(instance.slot);
    fades_.keep(stay);
}

bool Console::left_to_hands(const Control& control) const {
    if (control.parameter->momentary) return true;
    return control.module >= 0 && desk_.strips[at(control.strip)].chain[at(control.module)].type->name == "recorder";
}

Value Console::on_partner(const Control& control, const Value& value) const {
    if (control.module < 0 || !std::holds_alternative<double>(value.data)) return value;
    const auto& module = desk_.strips[at(control.strip)].chain[at(control.module)];
    return Value{static_cast<double>(graph::on_other_side(module, *control.parameter, static_cast<float>(value.number())))};
}

const Control* Console::partner_of(const Control& control) const {
    const int p = partners_[at(control.strip)];
    if (p < 0) return nullptr;
    const auto &strip = desk_.strips[at(control.strip)], &partner = desk_.strips[at(p)];
    if (control.module < 0) return find(solo_address(partner));
    const auto& module = strip.chain[at(control.module)];
    const auto* other = partner.find(module.name);
    if (!other || other->type != module.type || !graph::is_linked(module, *control.parameter)) return nullptr;
    return find(address_of(partner, *other, *control.parameter));
}

Outcome Console::set(const Control& control, const Value& value, double fade_seconds, std::int64_t time, engine::Way way) {
    const auto* other = partner_of(control);
    const auto address = control.address; // a new plan makes new controls
    const auto told = [this](const std::string& set, const Outcome& outcome) {
        if (on_set && outcome.error.empty()) on_set(set);
        return outcome;
    };
    if (!other) return told(address, set_one(control, value, fade_seconds, time, way));
    begin();
    auto outcome = set_one(control, value, fade_seconds, time, way);
    if (outcome.error.empty()) {
        auto same = outcome.applied.number();
        if (control.module >= 0)
            same = static_cast<double>(graph::on_other_side(desk_.strips[at(control.strip)].chain[at(control.module)], *control.parameter, static_cast<float>(same)));
        told(other->address, set_one(*other, {same}, fade_seconds, time, way));
    }
    commit();
    return told(address, outcome);
}

Outcome Console::set_one(const Control& control, const Value& value, double fade_seconds, std::int64_t time, engine::Way way) {
    const auto& row = *control.parameter;
    if (control.meter()) return {.error = "this is a read-out and can't be set", .applied = get(control)};
    if (row.kind == Kind::text) return set_text(control, value, time);
    if (!std::holds_alternative<double>(value.data) || !std::isfinite(value.number()))
        return {.error = "expected " + graph::expected_of(row), .applied = get(control)};
    double number = value.number();
    if (row.kind == Kind::toggle) number = number >= 0.5 ? 1.0 : 0.0;
    if (row.kind == Kind::integer || row.kind == Kind::choice) number = std::round(number);
    const double clamped = std::clamp(number, static_cast<double>(row.minimum), static_cast<double>(row.maximum));
    Outcome outcome{.error = {}, .applied = {clamped}, .clamped = clamped != number};
    if (control.module < 0) return set_solo(control, clamped != 0.0, time);
    auto& module = desk_.strips[at(control.strip)].chain[at(control.module)];
    const auto kernel_value = static_cast<float>(clamped);
    if (row.structural) {
        if (must_wait() || time > soon()) return defer({control.address, outcome.applied, time, true}), outcome;
        Desk next = desk_;
        next.strips[at(control.strip)].chain[at(control.module)].values[at(control.row)] = kernel_value;
        auto done = replan(next, time);
        return done.error.empty() ? outcome : done;
    }
    const float before = std::exchange(module.values[at(control.row)], kernel_value);
    outcome.applied = {static_cast<double>(kernel_value)};
    if (module.name == graph::kMute) {
        desk_.strips[at(control.strip)].mute = kernel_value != 0.0F;
        mutes_changed(time);
    } else {
        const std::int64_t fade = fade_seconds < 0 ? -1 : std::llround(fade_seconds * sample_rate_);
        if (fade > 0) fading_until_ = std::max(fading_until_, (time < 0 ? now() : time) + fade);
        move(control, before, kernel_value, time, fade, way);
        if (desk_.strips[at(control.strip)].members) {
            graph::join_groups(desk_, groups_);
            update_mutes(time, fade, way, control.strip);
        }
    }
    if (module.type->hears_solo || module.type->talks) mutes_changed(time);
    if (on_change) on_change(control, outcome.applied);
    return outcome;
}

} // namespace ton::control
