// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/scenes.hpp"

#include "control/carry.hpp"
#include "control/desk_values.hpp"
#include "control/osc/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace ton::control {

using engine::Command;
using engine::Kind;

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::string unknown(const SceneBook& book, std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& scene : book.scenes) names.push_back(scene.name);
    const auto near = config::nearest(name, names);
    return fmt::format("there is no scene {}{}", config::quote(name), near ? fmt::format("; did you mean {}?", config::quote(*near)) : "");
}

/// Patterns that cover what they match and all below it.
class Cover {
  public:
    explicit Cover(std::span<const std::string> patterns) {
        for (const auto& text : patterns) add(text);
    }
    explicit Cover(std::span<const SceneFade> fades) {
        for (const auto& fade : fades) add(fade.pattern);
    }

    /// The last of the patterns that covers the address.
    std::optional<std::size_t> find(std::string_view address) const {
        for (auto i = patterns_.size(); i-- > 0;)
            if (patterns_[i] && covers(*patterns_[i], address)) return i;
        return {};
    }
    bool covers(std::string_view address) const { return find(address).has_value(); }

  private:
    void add(const std::string& text) { patterns_.push_back(osc::Pattern::parse(text)); }

    static bool covers(const osc::Pattern& pattern, std::string_view address) {
        auto state = pattern.start();
        for (auto rest = address.substr(1);;) {
            const auto slash = rest.find('/');
            state = pattern.step(state, rest.substr(0, slash));
            if (pattern.accepts(state)) return true;
            if (slash == std::string_view::npos || !pattern.alive(state)) return false;
            rest.remove_prefix(slash + 1);
        }
    }

    std::vector<std::optional<osc::Pattern>> patterns_;
};

/// What a scene leaves alone unless its scope names it.
bool left_to_hands(const graph::Desk& desk, const Control& control) {
    if (control.module < 0) return true;
    const auto type = desk.strips[at(control.strip)].chain[at(control.module)].type->name;
    return type == "recorder" || type == graph::kGuard;
}

config::Value written(const graph::Desk& desk, const Control& control) {
    const auto& strip = desk.strips[at(control.strip)];
    if (control.module < 0) return {.data = strip.solo};
    return strip.chain[at(control.module)].written(at(control.row));
}

/// The other way; the complaint where the table does not take it (any more).
std::string understand(const Control& control, const config::Value& from, Value& value) {
    float number = 0;
    std::string text;
    if (auto complaint = graph::accept_value(*control.parameter, from, number, text); !complaint.empty()) return complaint;
    if (control.parameter->kind == Kind::text) value.data = std::move(text);
    else value.data = static_cast<double>(number);
    return {};
}

bool moves(const engine::Parameter& row) { return row.kind == Kind::number && !row.structural; }

} // namespace

bool covers_any(const Scene& scene, const std::string& pattern) {
    const Cover cover(std::span(&pattern, 1));
    return std::ranges::any_of(scene.values, [&](const auto& value) { return cover.covers(value.first); });
}

tl::expected<std::size_t, std::string> Scenes::store(const std::string& name, std::vector<std::string> scope) {
    if (auto error = scene_name_error(name); !error.empty()) return tl::make_unexpected(std::move(error));
    for (const auto& pattern : scope)
        if (auto error = scene_pattern_error(pattern); !error.empty()) return tl::make_unexpected(std::move(error));
    const Cover cover(scope);
    std::vector<std::pair<std::string, config::Value>> values;
    const auto desk = console_.desk_to_come();
    for (const auto& control : console_.controls()) {
        if (control.meter() || control.parameter->momentary) continue;
        if (scope.empty() ? left_to_hands(console_.desk(), control) : !cover.covers(control.address)) continue;
        auto value = written(desk, control);
        if (console_.fading(control)) value.data = graph::shortest(static_cast<float>(console_.present(control).number())); // what is heard
        values.emplace_back(control.address, std::move(value));
    }
    if (values.empty()) return tl::make_unexpected("the scope covers nothing that can be set");
    auto* scene = book_.find(name);
    if (!scene) scene = &book_.scenes.emplace_back(Scene{.name = name, .scope = {}, .fades = {}, .values = {}});
    scene->scope = std::move(scope);
    scene->values = std::move(values);
    return scene->values.size();
}

bool Scenes::remove(std::string_view name) { return std::erase_if(book_.scenes, [&](const Scene& scene) { return scene.name == name; }) > 0; }

/// Addresses that another one of the scene moves with it: where a scene has both sides of a link, the left one's count.
std::unordered_set<std::string_view> Scenes::led(const Scene& scene) const {
    std::unordered_set<std::string_view> moved;
    const auto right = right_sides(console_.desk());
    if (right.empty()) return moved;
    std::unordered_map<std::string_view, const config::Value*> all;
    for (const auto& [address, value] : scene.values) all.emplace(address, &value);
    for (const auto& [address, _] : scene.values) {
        const auto* control = right.contains(std::string(strip_of(address))) ? console_.find(address) : nullptr;
        const auto* left = control ? console_.partner_of(*control) : nullptr;
        const auto there = left ? all.find(left->address) : all.end();
        Value ignored;
        if (there != all.end() && understand(*left, *there->second, ignored).empty()) moved.insert(address);
    }
    return moved;
}

std::vector<Scenes::Step> Scenes::steps(const Scene& scene, std::optional<double> seconds, Recalled& recalled) const {
    const Cover safes(book_.safes), timed(scene.fades);
    const auto led_ones = led(scene);
    std::vector<Step> all;
    all.reserve(scene.values.size());
    for (const auto& [address, written_value] : scene.values) {
        const auto* control = console_.find(address);
        if (!control || control->meter()) { // also of what is safe: what is gone is not kept
            recalled.left_out.emplace_back(address, "there is no such address");
            continue;
        }
        const auto* partner = console_.partner_of(*control); // moves along, and so what is safe there is safe here
        if (safes.covers(address) || (partner && safes.covers(partner->address))) {
            ++recalled.safe;
            continue;
        }
        Step step{control, {}, seconds.value_or(scene.seconds), scene.way};
        if (auto complaint = understand(*control, written_value, step.value); !complaint.empty()) {
            recalled.left_out.emplace_back(address, std::move(complaint));
            continue;
        }
        if (led_ones.contains(address)) {
            ++recalled.set;
            continue;
        }
        if (const auto rule = timed.find(address)) {
            step.seconds = scene.fades[*rule].seconds;
            step.way = scene.fades[*rule].way.value_or(scene.way);
        }
        all.push_back(std::move(step));
    }
    return all;
}

std::int64_t Scenes::now(std::int64_t time) const {
    return time >= 0 ? time : console_.engine().counters().frames.load(std::memory_order_acquire);
}

tl::expected<Scenes::Recalled, std::string> Scenes::recall(std::string_view name, std::optional<double> seconds, std::int64_t time) {
    const auto* scene = book_.find(name);
    if (!scene) return tl::make_unexpected(unknown(book_, name));
    Recalled recalled;
    const auto todo = steps(*scene, seconds, recalled);
    recalled.set += todo.size();
    take(todo, scene->switch_at_end, time);
    return recalled;
}

void Scenes::take(const std::vector<Step>& steps, bool switch_at_end, std::int64_t time) {
    // What stands still where it should be need not be told; what may be on its way there is caught.
    const bool still = now(time) >= console_.fading_until();
    std::vector<Waiting> later;
    std::unordered_set<std::string_view> taken;
    if (!waiting_.empty())
        for (const auto& step : steps) {
            taken.insert(step.control->address);
            if (const auto* partner = console_.partner_of(*step.control)) taken.insert(partner->address);
        }
    std::erase_if(waiting_, [&](const Waiting& w) { return taken.contains(w.address); });
    own_ = true;
    const Console::ExactSolos exact(console_);
    console_.begin();
    for (const auto& step : steps) {
        const bool moving = moves(*step.control->parameter);
        if ((still || !moving) && console_.get(*step.control) == step.value) continue;
        if (on_move) on_move(step.control->address, console_.get(*step.control), step.value);
        if (!moving && switch_at_end && step.seconds > 0) {
            const auto due = now(time) + std::max<std::int64_t>(1, std::llround(step.seconds * console_.sample_rate()));
            later.push_back({due, step.control->address, step.value});
            // Each side has its own, for the link may be gone by then.
            if (const auto* partner = console_.partner_of(*step.control)) later.push_back({due, partner->address, console_.on_partner(*step.control, step.value)});
            continue;
        }
        console_.set(*step.control, step.value, moving && step.seconds > 0 ? step.seconds : -1.0, time, step.way);
    }
    console_.commit();
    own_ = false;
    waiting_.insert(waiting_.end(), later.begin(), later.end());
    std::ranges::stable_sort(waiting_, {}, &Waiting::due);
}

tl::expected<std::vector<Scenes::Difference>, std::string> Scenes::diff(std::string_view name) const {
    const auto* scene = book_.find(name);
    if (!scene) return tl::make_unexpected(unknown(book_, name));
    Recalled ignored;
    std::vector<Difference> all;
    for (auto& step : steps(*scene, {}, ignored))
        if (auto now = console_.present(*step.control); now != step.value) all.push_back({step.control->address, std::move(now), std::move(step.value)});
    return all;
}

void Scenes::touched(std::string_view address) {
    if (own_ || waiting_.empty()) return;
    std::erase_if(waiting_, [&](const Waiting& w) { return w.address == address; });
}

bool Scenes::renamed(const Origins& names) {
    std::erase_if(waiting_, [&](const Waiting& w) { return is_gone(w.address, names); });
    for (auto& waiting : waiting_) waiting.address = renamed_address(waiting.address, names);
    return rename_strips(book_, names);
}

void Scenes::arrive(graph::Desk& desk) const {
    for (const auto& waiting : waiting_) put_setting(desk, waiting.address, waiting.value);
}

void Scenes::poll(std::int64_t until) {
    while (!waiting_.empty() && waiting_.front().due <= until) {
        const auto due = waiting_.front().due;
        own_ = true;
        const Console::ExactSolos exact(console_);
        console_.begin(); // what ends together changes together
        for (; !waiting_.empty() && waiting_.front().due == due; waiting_.erase(waiting_.begin()))
            if (const auto* control = console_.find(waiting_.front().address)) console_.set(*control, waiting_.front().value, -1, due);
        console_.commit();
        own_ = false;
    }
}

std::optional<std::int64_t> Scenes::next_due() const { return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().due); }

} // namespace ton::control
