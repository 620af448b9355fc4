// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/scene_verbs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ton::control {

namespace {

constexpr std::size_t kMostNamed = 20; // addresses told one by one

std::int32_t count(std::size_t n) { return static_cast<std::int32_t>(n); }

std::optional<std::string> text(const osc::Message& m, std::size_t i) {
    const auto word = i < m.args.size() ? osc::string(m.args[i]) : std::nullopt;
    return word ? std::optional(std::string(*word)) : std::nullopt;
}

/// A scene's name; who calls scenes 1, 2, 3 sends numbers.
std::optional<std::string> name_of(const osc::Message& m) {
    if (!m.args.empty())
        if (const auto* number = std::get_if<std::int32_t>(&m.args.front())) return fmt::format("{}", *number);
    return text(m, 0);
}

std::optional<double> seconds(const osc::Message& m, std::size_t i) {
    const auto number = i < m.args.size() && !std::holds_alternative<bool>(m.args[i]) ? osc::number(m.args[i]) : std::nullopt;
    return number && *number >= 0.0 && *number <= kLongestSceneFade ? number : std::nullopt;
}

} // namespace

SceneVerbs::SceneVerbs(Dispatcher& dispatcher, Scenes& scenes) : dispatcher_(dispatcher), scenes_(scenes) {
    scenes_.on_move = [this](const std::string& address, const Value& before, const Value& after) { dispatcher_.moved(address, before, after); };
    add("scene/store", &SceneVerbs::store);
    add("scene/recall", &SceneVerbs::recall);
    add("scene/delete", &SceneVerbs::remove);
    add("scene/list", &SceneVerbs::list);
    add("scene/diff", &SceneVerbs::diff);
    add("scene/safe", &SceneVerbs::safe);
    add("scene/fade", &SceneVerbs::fade);
    add("scene/switch", &SceneVerbs::switch_at);
}

void SceneVerbs::add(const char* verb, Work work) {
    dispatcher_.add_verb(verb, [this, work](const osc::Message& m, Answers& a) {
        const auto broken = refresh ? refresh() : std::string{};
        if (broken.empty()) return (this->*work)(m, a);
        for (std::string_view rest = broken; !rest.empty();) {
            const auto line = rest.substr(0, rest.find('\n'));
            if (!line.empty()) a.error(m.address, line);
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        }
    });
}

void SceneVerbs::keep() const {
    if (changed) changed();
}

void SceneVerbs::tell(std::string_view what) const {
    if (on_done) on_done(what);
}

/// The scene of the first argument, or an answer that there is none.
Scene* SceneVerbs::named(const osc::Message& m, Answers& a) {
    const auto name = name_of(m);
    auto* scene = name ? scenes_.book().find(*name) : nullptr;
    if (!name) a.error(m.address, "expected a scene's name");
    else if (!scene) a.error(m.address, fmt::format("there is no scene {}", config::quote(*name)));
    return scene;
}

/// NAME [SCOPE…]
void SceneVerbs::store(const osc::Message& m, Answers& a) {
    const auto name = name_of(m);
    std::vector<std::string> scope;
    for (std::size_t i = 1; i < m.args.size(); ++i)
        if (auto pattern = text(m, i)) scope.push_back(std::move(*pattern));
        else return a.error(m.address, "expected NAME, and patterns such as /host or /*/fader");
    if (!name) return a.error(m.address, "expected a scene's name");
    const auto stored = scenes_.store(*name, std::move(scope));
    if (!stored) return a.error(m.address, stored.error());
    keep();
    a.reply({"/tonmeister/scene/stored", {*name, count(*stored)}});
    tell(fmt::format("scene/store {}: {}", *name, config::counted(*stored, "parameter")));
}

/// NAME [SECONDS]
void SceneVerbs::recall(const osc::Message& m, Answers& a) {
    const auto name = name_of(m);
    const auto time = seconds(m, 1);
    if (!name || m.args.size() > 2 || (m.args.size() == 2 && !time)) return a.error(m.address, fmt::format("expected NAME [SECONDS], 0 to {} seconds", kLongestSceneFade));
    const auto recalled = scenes_.recall(*name, time, dispatcher_.time());
    if (!recalled) return a.error(m.address, recalled.error());
    dispatcher_.did("scene/recall " + *name);
    const auto& left = recalled->left_out;
    for (std::size_t i = 0; i < std::min(left.size(), kMostNamed); ++i) a.reply({"/tonmeister/scene/missing", {*name, left[i].first, left[i].second}});
    if (left.size() > kMostNamed) a.reply({"/tonmeister/scene/missing", {*name, std::string("/"), fmt::format("and {} more", left.size() - kMostNamed)}});
    a.reply({"/tonmeister/scene/recalled", {*name, count(recalled->set), count(recalled->safe), count(left.size())}});
    auto what = fmt::format("scene/recall {}: {}", *name, config::counted(recalled->set, "parameter"));
    if (recalled->safe > 0) what += fmt::format(", {} safe", recalled->safe);
    if (!left.empty()) what += fmt::format(", {} missing", left.size());
    tell(what);
}

/// NAME
void SceneVerbs::remove(const osc::Message& m, Answers& a) {
    const auto* scene = named(m, a);
    if (!scene) return;
    const auto name = scene->name;
    scenes_.remove(name);
    keep();
    a.reply({"/tonmeister/scene/deleted", {name}});
    tell("scene/delete " + name);
}

void SceneVerbs::list(const osc::Message&, Answers& a) {
    std::vector<osc::Message> all;
    for (const auto& scene : scenes_.book().scenes) all.push_back({"/tonmeister/scene/list", {scene.name, count(scene.values.size())}});
    all.push_back({"/tonmeister/scene/listed", {count(scenes_.book().scenes.size())}});
    a.reply_all(std::move(all));
}

/// NAME
void SceneVerbs::diff(const osc::Message& m, Answers& a) {
    const auto name = name_of(m);
    const auto differences = name ? scenes_.diff(*name) : tl::make_unexpected(std::string("expected a scene's name"));
    if (!differences) return a.error(m.address, differences.error());
    std::vector<osc::Message> all;
    for (const auto& d : *differences)
        if (const auto* control = scenes_.find(d.address)) all.push_back({"/tonmeister/scene/diff", {d.address, to_argument(*control, d.now), to_argument(*control, d.then)}});
    all.push_back({"/tonmeister/scene/differs", {*name, count(differences->size())}});
    a.reply_all(std::move(all));
}

/// PATTERN T|F, or nothing to list them
void SceneVerbs::safe(const osc::Message& m, Answers& a) {
    auto& safes = scenes_.book().safes;
    if (!m.args.empty()) {
        const auto pattern = text(m, 0);
        const auto on = m.args.size() == 2 ? osc::truth(m.args[1]) : std::nullopt;
        if (!pattern || !on) return a.error(m.address, "expected PATTERN and T or F, or nothing to list the safes");
        if (const auto error = scene_pattern_error(*pattern); !error.empty()) return a.error(m.address, error);
        if (std::erase(safes, *pattern) == 0 && !*on) return a.error(m.address, fmt::format("{} was not safe", config::quote(*pattern)));
        if (*on) safes.push_back(*pattern);
        keep();
    }
    osc::Message answer{"/tonmeister/scene/safes", {}};
    for (const auto& pattern : safes) answer.args.emplace_back(pattern);
    a.reply(answer);
}

/// NAME SECONDS [smooth|linear] for the scene, NAME PATTERN SECONDS [smooth|linear] for what that covers
void SceneVerbs::fade(const osc::Message& m, Answers& a) {
    auto* scene = named(m, a);
    if (!scene) return;
    const auto whole = seconds(m, 1);
    const std::size_t next = whole ? 2 : 3;
    const auto time = whole ? whole : seconds(m, 2);
    const auto word = text(m, next);
    const auto way = word ? way_named(*word) : std::nullopt;
    if (!time || m.args.size() > next + 1 || (m.args.size() > next && !way))
        return a.error(m.address, "expected NAME [PATTERN] SECONDS [smooth|linear]");
    if (whole) {
        scene->seconds = *time;
        if (way) scene->way = *way;
    } else {
        const auto pattern = text(m, 1).value_or("");
        if (const auto error = scene_pattern_error(pattern); !error.empty()) return a.error(m.address, error);
        if (!covers_any(*scene, pattern)) return a.error(m.address, fmt::format("{} covers nothing in the scene {}", config::quote(pattern), config::quote(scene->name)));
        std::erase_if(scene->fades, [&](const SceneFade& fade) { return fade.pattern == pattern; });
        scene->fades.push_back({pattern, *time, way});
    }
    keep();
    a.reply({"/tonmeister/scene/fade", m.args});
}

/// NAME start|end
void SceneVerbs::switch_at(const osc::Message& m, Answers& a) {
    auto* scene = named(m, a);
    if (!scene) return;
    const auto word = text(m, 1);
    if (m.args.size() != 2 || (word != "start" && word != "end")) return a.error(m.address, "expected NAME and start or end");
    scene->switch_at_end = word == "end";
    keep();
    a.reply({"/tonmeister/scene/switch", m.args});
}

} // namespace ton::control
