// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/console.hpp"

#include "engine/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace ton::control {

using engine::Command;
using engine::Kind;
using graph::Desk;

namespace {

constexpr engine::Parameter kSolo{.name = "solo", .help = "Hear this strip, what feeds it and what it feeds; mute the rest.",
                                  .kind = Kind::toggle};

std::size_t at(int i) { return static_cast<std::size_t>(i); }


/// By key, which outlives a strip's name.
class StripsByKey {
  public:
    explicit StripsByKey(const Desk& desk) {
        for (const auto& strip : desk.strips) strips_.emplace(strip.key(), &strip);
    }
    const graph::Strip* find(const graph::Strip& strip) const {
        const auto it = strips_.find(strip.key());
        return it == strips_.end() ? nullptr : it->second;
    }

  private:
    std::unordered_map<std::string_view, const graph::Strip*> strips_;
};

} // namespace

std::string Console::key_of(const graph::Strip& strip, const graph::Module& module) {
    return fmt::format("{}/{}:{}", strip.key(), module.name, module.type->name);
}

std::string address_of(const graph::Strip& strip, const graph::Module& module, const engine::Parameter& row) {
    if (module.name == graph::kMute && row.name == graph::kMute) return fmt::format("/{}/mute", strip.name);
    if (strip.members && row.name == "level") return fmt::format("/{}/level", strip.name);
    return fmt::format("/{}/{}/{}", strip.name, module.name, engine::parameter_path(row));
}

std::string solo_address(const graph::Strip& strip) { return fmt::format("/{}/solo", strip.name); }

Console::Console(engine::Engine& engine, ConsoleOptions options) : engine_(engine), options_(std::move(options)), outbox_(engine) {}
Console::~Console() = default;

namespace {

Desk make_desk(config::Reading reading, const std::string& path, bool check_always, std::vector<config::Diagnostic>& errors) {
    auto desk = graph::resolve(reading.config, reading.errors);
    // The graph is checked even where something else is wrong, so that all errors are told at once.
    if (check_always || !reading.errors.empty()) {
        const graph::Conditions conditions{.sample_rate = static_cast<double>(desk.engine.sample_rate.value),
                                           .directory = std::filesystem::path(path).parent_path().string(), .injected = {}, .captured = {}};
        graph::make_layout(desk, conditions, reading.errors);
    }
    errors = reading.errors.take();
    desk.file = path;
    return desk;
}

} // namespace

Desk Console::load(const std::string& path, std::vector<config::Diagnostic>& errors) { return make_desk(config::read_file(path), path, true, errors); }

Desk Console::load_text(std::string_view text, const std::string& path, std::vector<config::Diagnostic>& errors) {
    return make_desk(config::read_text(text, path), path, false, errors);
}

graph::CompileOptions Console::compile_options() const {
    graph::CompileOptions options;
    options.conditions = {.sample_rate = sample_rate_, .directory = directory_, .injected = options_.injected, .captured = options_.captured};
    options.disk = options_.disk;
    options.offline = options_.offline;
    options.lane_width = options_.lane_width;
    return options;
}

std::vector<config::Diagnostic> Console::apply(const Desk& desk, double sample_rate, Carry carry) {
    Desk next = desk;
    if (carry == Carry::untouched) carry_settings(next, loaded_, desk_);
    return apply(desk, std::move(next), sample_rate);
}

std::vector<config::Diagnostic> Console::apply(const Desk& desk, Desk next, double sample_rate, const Origins& origins, std::int64_t time) {
    graph::join_groups(next);
    if (compiled_) carry_keys(next, desk_, origins);
    const auto rate_before = std::exchange(sample_rate_, sample_rate);
    const auto directory_before = std::exchange(directory_, std::filesystem::path(desk.file).parent_path().string());
    config::Diagnostics errors(desk.file);
    auto compilation = graph::compile(next, compiled_.get(), compile_options(), errors);
    if (!errors.empty()) {
        sample_rate_ = rate_before;
        directory_ = directory_before;
        return errors.take();
    }
    loaded_ = desk;
    install(std::move(compilation), std::exchange(desk_, std::move(next)), time);
    return {};
}

void Console::resume(Desk loaded, Desk live) {
    loaded_ = std::move(loaded);
    desk_ = std::move(live);
}

std::vector<config::Diagnostic> Console::rebuild(double sample_rate) {
    const double before = std::exchange(sample_rate_, sample_rate);
    config::Diagnostics errors(desk_.file);
    auto compilation = graph::compile(desk_, nullptr, compile_options(), errors);
    if (!errors.empty()) { // a file that has gone, say: what there was stays, so that the desk lives on
        sample_rate_ = before;
        return errors.take();
    }
    engine_.take_plan();
    outbox_.clear();
    engine::Notice stale;
    while (engine_.poll(stale)) delete stale.transaction;
    compiled_.reset();
    pending_.reset();
    told_.clear();
    install(std::move(compilation), desk_);
    return {};
}

void Console::install(graph::Compilation compilation, const Desk& before, std::int64_t time) {
    pending_ = std::move(compiled_);
    compiled_ = std::move(compilation.compiled);
    if (on_plan) on_plan(*compiled_);
    swapping_ = true;
    outbox_.add({{.what = Command::What::transact, .time = time, .transaction = compilation.transaction.release()}});
    forget_mutes();
    index();
    send_changes(before, time);
    update_mutes(time);
    if (on_tree) on_tree();
}

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

/// Parameters of modules that stay, and have a new value: moved like by a hand.
void Console::send_changes(const Desk& before, std::int64_t time) {
    if (!pending_) return;
    const StripsByKey strips(before);
    const graph::Strip* old_strip = nullptr;
    const graph::Module* old = nullptr;
    int strip_of_old = -1, module_of_old = -1; // looked up once a module: a desk has many controls
    begin();
    for (const auto& control : controls_) {
        if (control.meter()) continue;
        const auto& strip = desk_.strips[at(control.strip)];
        if (std::exchange(strip_of_old, control.strip) != control.strip) {
            old_strip = strips.find(strip);
            module_of_old = -1;
        }
        if (!old_strip) continue;
        if (control.module < 0) {
            if (old_strip->solo != strip.solo && on_change) on_change(control, Value{strip.solo ? 1.0 : 0.0});
            continue;
        }
        const auto& module = strip.chain[at(control.module)];
        if (std::exchange(module_of_old, control.module) != control.module) old = old_strip->find(module.name);
        if (!old || old->type != module.type) continue;
        const auto row = at(control.row);
        if (control.parameter->kind == Kind::text) {
            if (old->texts[row] == module.texts[row]) continue;
            const auto& key = key_of(strip, module);
            const auto& stage = compiled_->instances.at(key).stage;
            const auto was = pending_->instances.find(key);
            // A new instance was made with its text.
            if (stage->processor() && !control.parameter->structural && was != pending_->instances.end() && was->second.stage == stage)
                if (auto error = stage->processor()->set_text(control.row, graph::resolved_texts(module, directory_)[row]); !error.empty())
                    complaints_.emplace_back(control.address, std::move(error));
            if (on_change) on_change(control, Value{module.texts[row]});
            continue;
        }
        if (old->values[row] == module.values[row]) continue;
        if (module.name != graph::kMute)
            post({.time = time, .slot = control.slot, .row = control.row, .value = engine::to_kernel(*control.parameter, module.values[row])});
        if (on_change) on_change(control, Value{static_cast<double>(module.values[row])});
    }
    commit();
}

// -------------------------------------------------------------------------------------------------- the tree

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
                controls_.push_back({address_of(strip, module, row), s, m, r, &row, instance.slot, readout});
            }
        }
        controls_.push_back({solo_address(strip), s, -1, 0, &kSolo, 0, 0});
    }
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

Outcome Console::set(const Control& control, const Value& value, double fade_seconds, std::int64_t time, engine::Way way) {
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
        if (must_wait() || time > soon()) return deferred_.push_back({control.address, outcome.applied, time, true}), outcome;
        Desk next = desk_;
        next.strips[at(control.strip)].chain[at(control.module)].values[at(control.row)] = kernel_value;
        auto done = replan(next, time);
        return done.error.empty() ? outcome : done;
    }
    module.values[at(control.row)] = kernel_value;
    outcome.applied = {static_cast<double>(kernel_value)};
    if (module.name == graph::kMute) {
        desk_.strips[at(control.strip)].mute = kernel_value != 0.0F;
        mutes_changed(time);
    } else {
        const std::int64_t fade = fade_seconds < 0 ? -1 : std::llround(fade_seconds * sample_rate_);
        if (fade > 0) fading_until_ = std::max(fading_until_, (time < 0 ? now() : time) + fade);
        post({.time = time, .slot = control.slot, .row = control.row, .value = engine::to_kernel(row, kernel_value), .fade = fade, .way = way});
        if (desk_.strips[at(control.strip)].members) {
            graph::join_groups(desk_, groups_);
            update_mutes(time, fade, way, control.strip);
        }
    }
    if (on_change) on_change(control, outcome.applied);
    return outcome;
}

Outcome Console::set_solo(const Control& control, bool on, std::int64_t time) {
    desk_.strips[at(control.strip)].solo = on;
    mutes_changed(time);
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

/// Solo in place: while any strip is soloed, only the soloed ones, what they hear, what hears them and what is solo safe
/// are open.
std::vector<char> Console::open_strips() const {
    const auto count = desk_.strips.size();
    const auto soloed = [&](std::size_t s) {
        return desk_.strips[s].solo || std::ranges::any_of(groups_[s], [&](int g) { return desk_.strips[at(g)].solo; });
    };
    if (std::ranges::none_of(desk_.strips, &graph::Strip::solo)) return std::vector<char>(count, 1);
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
        if (before == told->second && !unsure && !moved) continue;
        const auto slot = compiled_->instances.at(key_of(strip, *module)).slot;
        if (before.muted != muted || unsure) post({.time = time, .slot = slot, .row = module->row(graph::kMute), .value = muted ? 1.0F : 0.0F});
        if (before.level != level || unsure || moved)
            post({.time = time, .slot = slot, .row = level_row, .value = engine::to_kernel(module->type->parameters[at(level_row)], level), .fade = fade, .way = way});
    }
    commit();
}

int Console::clear_solos() {
    int count = 0;
    begin();
    for (const auto& control : controls_)
        if (control.module < 0 && desk_.strips[at(control.strip)].solo) set_solo(control, false, Command::kNow), ++count;
    commit();
    return count;
}

// ------------------------------------------------------------------------------------------------- the queue

void Console::begin() { ++collecting_; }

void Console::commit() {
    if (collecting_ == 1 && mutes_due_) update_mutes(*std::exchange(mutes_due_, std::nullopt));
    if (--collecting_ > 0) return;
    if (!collected_.empty()) outbox_.add(std::exchange(collected_, {}));
    apply_deferred();
}

void Console::post(const Command& command) {
    if (collecting_ > 0) collected_.push_back(command);
    else outbox_.add({command});
}

bool Console::poll() {
    outbox_.flush();
    engine::Notice notice;
    while (engine_.poll(notice)) {
        if (!notice.transaction) continue;
        delete notice.transaction; // and the old plan in it
        pending_.reset();
        meters_.clear(); // the old plan's, in its order
        swapping_ = false;
        if (on_swapped) on_swapped();
    }
    apply_deferred();
    const bool fresh = engine_.read_meters(meters_, meter_plan_);
    return fresh && !swapping_;
}

std::vector<graph::Port> Console::live_ports() const {
    if (!compiled_) return {};
    auto ports = compiled_->ports;
    if (pending_)
        for (const auto& old : pending_->ports)
            // A renamed strip's port has another name and the same place.
            if (std::ranges::none_of(compiled_->ports, [&](const graph::Port& p) { return p.name == old.name || (p.input == old.input && p.slot == old.slot); }))
                ports.push_back(old);
    return ports;
}

std::vector<std::pair<std::string, std::string>> Console::take_reports() {
    auto reports = take_refusals();
    if (!compiled_) return reports;
    const auto healed = engine_.counters().healed.load(std::memory_order_relaxed);
    if (std::exchange(healed_, healed) != healed)
        for (const auto& node : compiled_->layout.nodes) {
            if (at(node.strip) >= desk_.strips.size()) continue; // a group's sum: what it is made of tells of itself
            const auto& state = compiled_->nodes.at(node.identity);
            auto& told = told_healed_[node.identity];
            if (const auto count = state.section->healed(state.lane); std::exchange(told, count) < count)
                reports.emplace_back("/" + desk_.strips[at(node.strip)].name, "a NaN or infinity was silenced");
        }
    for (const auto& [_, instance] : compiled_->instances) {
        if (!instance.stage->processor()) continue;
        auto text = instance.stage->processor()->take_report();
        if (text.empty()) continue;
        reports.emplace_back("/" + instance.key.substr(0, instance.key.rfind(':')), std::move(text));
    }
    return reports;
}

} // namespace ton::control
