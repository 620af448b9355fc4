// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/config.hpp"
#include "engine/module.hpp"

#include <optional>
#include <string>
#include <vector>

/// The desk as the control side knows it, and its compilation into a plan. Control thread only.
namespace ton::graph {

/// A module of a strip, with every row of its table filled in.
struct Module {
    std::string name;                    ///< its instance name in addresses
    const engine::ModuleType* type = nullptr;
    std::vector<float> values;           ///< one per row, in the table's unit (0 for texts)
    std::vector<std::string> texts;      ///< one per row
    std::vector<config::Position> at;    ///< one per row: where it was written, or the module itself
    config::Position position{};
    std::string path;                    ///< JSON path, for messages
    int half = 0;                        ///< 1, 2: of a module that shares, in a desk that is laid out (expand.hpp)

    engine::Settings settings() const { return {type->parameters, values, texts}; }
    int row(std::string_view parameter) const { return engine::find_parameter(type->parameters, parameter); }
    /// A row's value as a person would write it: a choice by its word, a number in its shortest form.
    config::Value written(std::size_t row) const;
    /// The same as configs have it: ports as a list.
    config::Value in_config(std::size_t row) const;
};

struct Strip {
    std::string name, display_name;
    std::string lineage;                 ///< the name it had when it came into the running desk; empty: `name`
    config::Stage stage = config::Stage::mix;
    int channels = 0;                    ///< as written; 0 where it follows from what feeds the strip
    std::optional<std::vector<std::string>> inputs, outputs; ///< what each port connects to; empty: free ports
    std::vector<std::string> to;
    std::vector<Module> chain;           ///< with the strip's own `mute` and, at its end, `guard` and `meter`
    bool mute = false, solo = false, solo_safe = false;
    std::string link;                    ///< the strip that is its right side; empty: none
    /// Of a group: its members, names and patterns. A group is a strip that nothing feeds and that feeds nothing; its
    /// fader and mute are added to its members'.
    std::optional<std::vector<std::string>> members;
    int bus = -1;                        ///< of a desk that is laid out: which engine::SoloBus this is
    config::Position position{}, inputs_at{}, outputs_at{};
    std::vector<config::Position> to_at;  ///< one per entry of `to`
    config::Position link_at{};

    const Module* find(std::string_view module) const;
    Module* find(std::string_view module);
    /// What the running desk knows it by, also when it is renamed: unique in a desk.
    const std::string& key() const { return lineage.empty() ? name : lineage; }
};

struct Desk {
    std::string file, schema, name;
    config::Engine engine;
    config::Start start;
    config::Control control;
    std::vector<Strip> strips;

    int index(std::string_view strip) const; ///< -1 if there is none
};

/// Names of the modules that the desk adds to a chain: a mute behind the last fader (so that sends behind the fader fall silent,
/// too), a meter at the end, and before it, where a strip has outputs, a guard.
inline constexpr std::string_view kMute = "mute", kGuard = "guard", kMeter = "meter";
/// One of these: no chain names it.
inline bool is_own(const Module& module) { return module.name == kMute || module.name == kGuard || module.name == kMeter; }
/// The meter's row that a strip's own begins without.
inline constexpr std::string_view kTruePeakOn = "true_peak_on";
/// The mute's row that groups set.
inline constexpr std::string_view kGroupLevel = "group_level";
/// What the names of groups begin with, as strips and in addresses.
inline constexpr std::string_view kGroups = "groups/";
/// True where one of a group's members, names and patterns, is that strip.
bool is_member(const std::string& strip, const std::vector<std::string>& members);
/// The lines of a text; none of an empty one.
std::vector<std::string> lines_of(const std::string& text);
/// False of a row that follows from others: nobody sets or saves it.
bool is_setting(const Module& module, const engine::Parameter& row);
/// Sets every strip's group level to the sum of its groups' levels.
void join_groups(Desk& desk);
/// For each strip the groups that it is a member of.
using GroupsOfStrips = std::vector<std::vector<int>>;
GroupsOfStrips groups_of(const Desk& desk);
/// With what groups_of() said of that desk.
void join_groups(Desk& desk, const GroupsOfStrips& groups);

/// For each strip the one that it is linked to, on whichever side, or -1.
std::vector<int> partners_of(const Desk& desk);
/// True of what linked strips have in common: faders, mutes, filters, dynamics, sends and pan; not of gain, polarity and delay.
bool is_linked(const Module& module, const engine::Parameter& row);
/// A linked value as the other strip has it: panned to the other side, else the same.
float on_other_side(const Module& module, const engine::Parameter& row, float value);
/// Dynamics without a side-chain of their own act on the louder of both: the partner's module, or null where there is none.
const Module* linked_key(const Module& module, const Strip& partner);
/// Right sides take what they have in common with their left ones.
void join_links(Desk& desk);

/// The type that a chain names; null if there is none.
const engine::ModuleType* module_type(std::string_view name);
/// All that a chain can name.
std::vector<std::string_view> module_names();

/// Adds what the module types know to what the config says; errors go to `errors` (all of them).
Desk resolve(const config::Config& config, config::Diagnostics& errors);

/// The other way: a config that resolves to an equal desk. Chains are written out (a desk knows no templates), and
/// only what differs from the tables' defaults; what the strips' own meters were set to has no place in a config.
config::Config to_config(const Desk& desk);

/// Where a module of some size (a matrix) would have that parameter if it were bigger: "2 x 2: points 1..2 / 1..2". Else empty.
std::string beyond_size(const engine::ModuleType& type, std::string_view parameter);

/// A float as a person would write it: 0.05, not 0.05000000074505806.
double shortest(float value);

/// A parameter's text or number from JSON or OSC, checked against its row. Returns a complaint, or empty.
std::string accept_value(const engine::Parameter& row, const config::Value& value, float& number, std::string& text);
/// "-120 to 24 dB", "bell, low_shelf or notch", …: what a row takes.
std::string expected_of(const engine::Parameter& row);

} // namespace ton::graph
