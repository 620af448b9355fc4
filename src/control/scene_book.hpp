// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/config.hpp"
#include "control/carry.hpp"
#include "engine/ramps.hpp"

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Scenes as they are kept: plain values, read from and written to one JSON file that people may edit. Any thread.
namespace ton::control {

/// How long what a pattern covers takes in a recall. Of several that cover an address the last one holds.
struct SceneFade {
    std::string pattern;
    double seconds = 0;
    std::optional<engine::Way> way{}; ///< else the scene's
    bool operator==(const SceneFade&) const = default;
};

struct Scene {
    std::string name;
    std::vector<std::string> scope;  ///< patterns that were stored; empty: everything
    double seconds = 0;              ///< of what has no time of its own, where the recall names none
    engine::Way way = engine::Way::smooth;
    bool switch_at_end = false;      ///< switches and words change when their fade is over, else when it begins
    std::vector<SceneFade> fades;
    std::vector<std::pair<std::string, config::Value>> values; ///< by address, as a config has them
    bool operator==(const Scene&) const = default;
};

struct SceneBook {
    std::vector<std::string> safes; ///< patterns that no recall touches
    std::vector<Scene> scenes;      ///< in the order in which they were first stored

    const Scene* find(std::string_view name) const;
    Scene* find(std::string_view name);
    bool operator==(const SceneBook&) const = default;
};

/// Addresses and patterns follow strips that got new names: from old to new. A pattern that covered a strip and would not
/// under its new name gets that name beside it. False where nothing changed.
bool rename_strips(SceneBook& book, const Origins& names);

inline constexpr double kLongestSceneFade = 3600.0; ///< s

/// Empty where `name` can name a scene, else what is wrong: 1..100 bytes of UTF-8 without control characters.
std::string scene_name_error(std::string_view name);
/// Empty where it is an address pattern that could cover something, else what is wrong.
std::string scene_pattern_error(std::string_view pattern);

/// `smooth` or `linear`.
std::optional<engine::Way> way_named(std::string_view name);
std::string_view to_text(engine::Way way);

/// All that is wrong with the text, by position; nothing is half read.
tl::expected<SceneBook, std::vector<config::Diagnostic>> read_scenes(std::string_view text, const std::string& file);
/// JSON, a line for each value; read_scenes() gives an equal book.
std::string scenes_text(const SceneBook& book);

} // namespace ton::control
