// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/console.hpp"

#include "engine/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace ton::control {

using engine::Command;
using engine::Kind;
using graph::Desk;

namespace {

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

Console::Console(engine::Engine& engine, ConsoleOptions options) : engine_(engine), options_(std::move(options)), outbox_(engine) {
    std::set<std::string> names(options_.captured.begin(), options_.captured.end());
    for (const auto& [name, _] : options_.injected) names.insert(name);
    for (const auto& name : names) followed_.push_back({name, name, ""});
}
Console::~Console() = default;

namespace {

/// Where file names begin: the config's own folder, or the one that it names from there.
std::string folder_of(const std::string& file, const config::Control& control) {
    const auto own = std::filesystem::path(file).parent_path();
    return control.media ? (own / control.media->value).string() : own.string();
}

Desk make_desk(config::Reading reading, const std::string& path, bool check_always, std::vector<config::Diagnostic>& errors) {
    auto desk = graph::resolve(reading.config, reading.errors);
    // The graph is checked even where something else is wrong, so that all errors are told at once.
    if (check_always || !reading.errors.empty()) {
        const graph::Conditions conditions{.sample_rate = static_cast<double>(desk.engine.sample_rate.value),
                                           .directory = folder_of(path, desk.control), .injected = {}, .captured = {}};
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

/// `next` has its keys.
std::vector<Console::Followed> Console::follow(const Desk& next) const {
    auto followed = followed_;
    for (auto& file : followed) {
        const auto lives = [&](const graph::Strip& strip) { return strip.key() == file.key; };
        const auto comes = [&](const graph::Strip& strip) {
            return strip.name == file.name && std::ranges::find(desk_.strips, strip.key(), &graph::Strip::key) == desk_.strips.end();
        };
        auto strip = std::ranges::find_if(next.strips, lives);
        if (strip == next.strips.end()) strip = std::ranges::find_if(next.strips, comes);
        const bool found = strip != next.strips.end();
        file.key = found ? strip->key() : "";
        if (found) file.name = strip->name;
    }
    return followed;
}

std::vector<std::string_view> Console::files_of(const graph::Port& port) const {
    std::vector<std::string_view> names;
    if (port.module >= 0) return names; // an insert's
    for (const auto* strips : {&followed_, &followed_before_})
        for (const auto& strip : *strips)
            if (strip.key == port.strip_key && std::ranges::find(names, strip.as) == names.end()) names.push_back(strip.as);
    return names;
}

graph::CompileOptions Console::compile_options(double sample_rate, std::string directory, const std::vector<Followed>& followed) const {
    graph::CompileOptions options;
    options.conditions = {.sample_rate = sample_rate, .period = period_, .directory = std::move(directory), .injected = {}, .captured = {}};
    for (const auto& strip : followed) {
        if (strip.key.empty()) continue;
        if (const auto file = options_.injected.find(strip.as); file != options_.injected.end()) {
            auto& width = options.conditions.injected[strip.key];
            width = std::max(width, file->second);
        }
        if (std::ranges::find(options_.captured, strip.as) != options_.captured.end()) options.conditions.captured.push_back(strip.key);
    }
    options.disk = options_.disk;
    options.offline = options_.offline;
    options.lane_width = options_.lane_width;
    return options;
}

std::vector<config::Diagnostic> Console::apply(const Desk& desk, double sample_rate, Carry carry, std::vector<Unfit>* unfit) {
    Desk next = desk;
    if (carry == Carry::untouched) carry_settings(next, loaded_, desk_);
    auto errors = apply(desk, std::move(next), sample_rate, {}, Command::kNow, unfit);
    if (errors.empty() && carry == Carry::nothing) call_off([](const Deferred&) { return true; });
    return errors;
}

void Console::prepare(Desk& next, const Origins& origins) const {
    graph::join_groups(next);
    if (compiled_) carry_keys(next, desk_, origins);
}

graph::Compilation Console::compile_next(Desk& next, double sample_rate, const Origins& origins, config::Diagnostics& errors) const {
    prepare(next, origins);
    return graph::compile(next, compiled_.get(), compile_options(sample_rate, folder_of(next.file, next.control), follow(next)), errors);
}

std::vector<Unfit> Console::fit_to(const Desk& loaded, Desk& live, double sample_rate, const Origins& origins) const {
    return fit(loaded, live, [&](const Desk& desk) {
        const auto errors = check(desk, sample_rate, origins);
        return errors.empty() ? std::string() : errors.front().message;
    });
}

std::vector<config::Diagnostic> Console::check(Desk next, double sample_rate, const Origins& origins) const {
    config::Diagnostics errors(next.file);
    compile_next(next, sample_rate, origins, errors);
    return errors.take();
}

std::vector<config::Diagnostic> Console::apply(const Desk& desk, Desk next, double sample_rate, const Origins& origins, std::int64_t time, std::vector<Unfit>* unfit) {
    if (!ready()) return {{desk.file, 0, 0, "", change_under_way}};
    if (move_to(desk, next, sample_rate, origins, time)) return {};
    config::Diagnostics errors(desk.file);
    auto compilation = compile_next(next, sample_rate, origins, errors);
    if (!errors.empty() && unfit) {
        *unfit = fit_to(desk, next, sample_rate, origins);
        errors = config::Diagnostics(desk.file);
        compilation = compile_next(next, sample_rate, origins, errors);
    }
    if (!errors.empty()) return errors.take();
    sample_rate_ = sample_rate;
    directory_ = folder_of(desk.file, desk.control);
    loaded_ = desk;
    followed_before_ = std::exchange(followed_, follow(next));
    if (!deferred_.empty()) { // what waits is for the strip, whatever it is called, and for none that takes its name
        const auto names = inverse(origins, desk_, next);
        call_off([&](const Deferred& d) { return is_gone(d.address, names); });
        for (auto& setting : deferred_) setting.address = renamed_address(setting.address, names);
    }
    install(std::move(compilation), std::exchange(desk_, std::move(next)), time);
    return {};
}

/// Where only parameters changed they are moved as by a hand, and no plan is made. False where there is more to do.
bool Console::move_to(const Desk& desk, Desk& next, double sample_rate, const Origins& origins, std::int64_t time) {
    if (!compiled_ || sample_rate != sample_rate_ || !origins.empty() || folder_of(desk.file, desk.control) != directory_ || !same_graph(next, desk_)) return false;
    prepare(next, origins);
    loaded_ = desk;
    send_changes(std::exchange(desk_, std::move(next)), time);
    update_mutes(time);
    return true;
}

void Console::resume(Desk loaded, Desk live) {
    loaded_ = std::move(loaded);
    desk_ = std::move(live);
}

std::vector<config::Diagnostic> Console::rebuild(double sample_rate) {
    const double before = std::exchange(sample_rate_, sample_rate);
    config::Diagnostics errors(desk_.file);
    auto compilation = graph::compile(desk_, nullptr, compile_options(sample_rate_, directory_, followed_), errors);
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
    fade(0.0F, 0.0);
    install(std::move(compilation), desk_);
    return {};
}

void Console::install(graph::Compilation compilation, const Desk& before, std::int64_t time) {
    if (compiled_) watch_healed(); // what the old plan's sections have counted
    pending_ = std::move(compiled_);
    compiled_ = std::move(compilation.compiled);
    if (on_plan) on_plan(*compiled_);
    swapping_ = true;
    next_plan_ = compilation.transaction->plan;
    guards_before_ = std::move(guards_);
    outbox_.add({{.what = Command::What::transact, .time = time, .transaction = compilation.transaction.release()}});
    forget_fades();
    forget_mutes();
    new_plan_ = true;
    index();
    if (pending_) send_changes(before, time);
    update_mutes(time);
    if (on_tree) on_tree();
}

/// Parameters of modules that stay, and have a new value: moved like by a hand.
void Console::send_changes(const Desk& before, std::int64_t time) {
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
            // A new instance was made with its text; without a new plan there is none.
            const auto is_old = [&] {
                const auto was = pending_->instances.find(key);
                return was != pending_->instances.end() && was->second.stage == stage;
            };
            const bool stays = stage->processor() && !control.parameter->structural && (!pending_ || is_old());
            if (stays && time > now()) defer({control.address, Value{module.texts[row]}, time, false});
            else if (stays)
                if (auto error = stage->processor()->set_text(control.row, graph::resolved_texts(module, directory_)[row]); !error.empty())
                    refusals_.push_back({control.address, std::move(error)});
            if (on_change) on_change(control, Value{module.texts[row]});
            continue;
        }
        if (old->values[row] == module.values[row]) continue;
        if (module.name != graph::kMute) move(control, old->values[row], module.values[row], time, -1, engine::Way::smooth);
        if (on_change) on_change(control, Value{static_cast<double>(module.values[row])});
    }
    commit_collected();
}

// ------------------------------------------------------------------------------------------------- the queue

void Console::begin() { ++collecting_; }

void Console::commit() {
    commit_collected();
    apply_deferred();
}

/// The same without the settings that wait: they may make a new tree, and whoever calls this still holds the old one's
/// controls.
void Console::commit_collected() {
    if (collecting_ == 1 && mutes_due_) update_mutes(*std::exchange(mutes_due_, std::nullopt));
    if (--collecting_ > 0) return;
    soloed_together_.clear();
    if (!collected_.empty()) outbox_.add(std::exchange(collected_, {}));
}

void Console::post(const Command& command) {
    if (collecting_ > 0) collected_.push_back(command);
    else outbox_.add({command});
}

bool Console::poll() {
    outbox_.flush();
    const bool early = swapping_ && watch_before_swap();
    engine::Notice notice;
    while (engine_.poll(notice)) {
        if (!notice.transaction) continue;
        delete notice.transaction; // and the old plan in it
        watch_healed();
        pending_.reset();
        if (!early) meters_.clear(); // the old plan's, in its order
        swapping_ = false;
        if (on_swapped) on_swapped();
    }
    apply_deferred();
    fades_.settle(now());
    const bool fresh = engine_.read_meters(meters_, meter_plan_);
    if (fresh && !swapping_) watch_guards(guards_);
    return (fresh || early) && !swapping_;
}

void Console::look() {
    poll(); // what was offered and not yet read makes room
    engine_.offer_meters();
    poll();
}

std::vector<graph::Port> Console::engine_ports() const {
    if (!compiled_) return {};
    auto ports = compiled_->ports;
    if (pending_)
        for (const auto& old : pending_->ports)
            // A renamed strip's port has another name and the same place.
            if (std::ranges::none_of(compiled_->ports, [&](const graph::Port& p) { return p.input == old.input && p.slot == old.slot; }))
                ports.push_back(old);
    return ports;
}

std::vector<graph::Port> Console::live_ports() const {
    auto ports = engine_ports();
    if (pending_) { // behind the plan's own
        const auto own = ports.begin() + static_cast<std::ptrdiff_t>(compiled_->ports.size());
        ports.erase(std::remove_if(own, ports.end(), [&](const graph::Port& old) { return std::ranges::find(compiled_->ports, old.name, &graph::Port::name) != compiled_->ports.end(); }),
                    ports.end());
    }
    return ports;
}

} // namespace ton::control
