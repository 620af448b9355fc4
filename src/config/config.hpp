// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/diagnostic.hpp"
#include "config/position.hpp"

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// JSON text to a typed Config and back. Knows no module and no engine; control side only.
namespace ton::config {

using Name = Located<std::string>;

/// A parameter's value as written; whether it fits the parameter is for the graph to say.
struct Value {
    std::variant<bool, double, std::string, std::vector<Value>> data;
    Position at{};
    bool operator==(const Value& other) const { return data == other.data; }
};

struct Parameter {
    Name path; ///< `threshold`, `band/1/gain`: always flat, however it was written; at its key
    Value value;
    bool operator==(const Parameter&) const = default;
};

struct Module {
    Name type;
    Name name; ///< "as", else the type; unique in its strip
    std::vector<Parameter> parameters;
    std::string
        path; ///< JSON path where it is written: strips.host.chain[2].eq or templates.voice[0].highpass
    Position used_at{}; ///< its entry in the strip's chain: for a template's module the template's name there
    bool operator==(const Module& other) const {
        return type == other.type && name == other.name && parameters == other.parameters;
    }
};

struct Template {
    Name name;
    std::vector<Module> chain; ///< templates within it expanded
    bool operator==(const Template&) const = default;
};

/// In the order of the signal: a strip feeds strips of its own stage or a later one.
enum class Stage { track, mix, master };

struct Strip {
    Name name;         ///< its key: the name in addresses
    Name display_name; ///< "name": free text, empty when none
    Located<Stage> stage{Stage::mix};
    std::optional<Located<int>> channels; ///< 1..64
    /// JACK ports, one entry a channel: `CLIENT:PORT` or a `/regex/`. nullopt: no ports at all; an empty
    /// list: register ports and leave them free.
    std::optional<std::vector<Name>> input, output;
    std::vector<Name> to; ///< strips it feeds
    std::vector<Module> chain;
    Located<bool> mute, solo;
    Name link;               ///< the strip that is its right side, empty when none
    Located<bool> solo_safe; ///< never muted by others' solos
    std::vector<Parameter> guard; ///< of what leaves by its ports
    bool operator==(const Strip&) const = default;
};

/// A DCA or mute group: its level and mute are added to its members' own. In addresses `groups/NAME`.
struct Group {
    Name name, display_name;
    std::vector<Name> members; ///< strips by name, or by a pattern with * ? [ ]
    std::vector<Parameter> level; ///< one or none
    Located<bool> mute, solo;
    bool operator==(const Group&) const = default;
};

struct Limits {
    int least, most;
};
struct Span {
    double least, most;
};
inline constexpr Limits sample_rate_limits{8000, 768000}, block_limits{1, 8192}, thread_limits{0, 256}, channel_limits{1, 64};

struct Engine {
    Located<int> sample_rate{48000}; ///< Hz, 8000..768000; an audio server's own rate goes before it
    Located<int> block{64};          ///< frames, 1..8192
    Located<int> threads{0};         ///< workers beside the audio thread, 0..256
    bool operator==(const Engine&) const = default;
};

inline constexpr Span ramp_limits{0.0, 60.0}, patience_limits{0.0, 600.0};

/// How sound begins, at the start and when an audio server is back.
struct Start {
    Located<double> ramp{0.05};    ///< s, 0..60: from silence to the desk's level
    Located<double> patience{2.0}; ///< s, 0..600: silence for so long at most while ports named exactly are missing
    bool operator==(const Start&) const = default;
};

struct Control {
    std::optional<std::vector<Name>> osc; ///< udp://, tcp:// and tcp+slip:// URLs; nullopt: not said
    std::optional<Name> http;             ///< http://HOST:PORT
    std::vector<Name> allow;   ///< networks (CIDR) or single addresses that may control, beside this host
    std::optional<Name> media; ///< directory of recordings and sounds, relative to the config's own
    std::vector<Name> reply; ///< udp://HOST:PORT: a client of that host is answered on that port, not its own
    bool operator==(const Control&) const = default;
};

struct Config {
    std::string file;   ///< as given by the caller, for later diagnostics; not compared
    std::string schema; ///< "$schema", kept for the editor
    Name name;
    Engine engine;
    Start start;
    Control control;
    std::vector<Template> templates;
    std::vector<Strip> strips; ///< in the order of the text
    std::vector<Group> groups; ///< likewise

    const Strip* find(std::string_view strip) const;
    bool operator==(const Config& other) const;
};

/// A config as far as it could be read, and what is wrong with it: so that checks which know the modules can
/// add their own errors and all are reported together. Run such a config only when `errors` is empty.
struct Reading {
    Config config;
    Diagnostics errors;
};

/// Reads and checks all that needs no knowledge of modules. When the JSON itself is broken, `errors` has its
/// first syntax error and the config is empty; what is wrong elsewhere is left out of the config or is at its
/// default.
Reading read_text(std::string_view text, std::string_view filename);

/// read_text() of a file, whose name goes into the diagnostics as given. A file that can't be read is an
/// error, too.
Reading read_file(const std::string& path);

/// The same where nothing else is to be checked; errors are sorted by position.
tl::expected<Config, std::vector<Diagnostic>> parse(std::string_view text, std::string_view filename);
tl::expected<Config, std::vector<Diagnostic>> load_file(const std::string& path);

/// JSON text that parses to an equal Config: parameters flat, templates kept but chains expanded, defaults
/// left out. Numbers must be finite: JSON has no other.
std::string to_json(const Config& config);

std::string_view to_text(Stage stage);

/// The text between the slashes of a `/regex/` (ECMAScript, for std::regex); nullopt for a port's exact name.
std::optional<std::string_view> port_regex(std::string_view port);

/// Empty where `port` names one, as CLIENT:PORT or a /regex/ of it; else what is wrong with it.
std::string port_error(const std::string& port);

/// nullopt when `name` can name a strip or module (1..64 letters, digits, `-`, `_`, `.`, at least one a
/// letter or digit, not reserved), else what is wrong and what was expected. Also for names that arrive over
/// OSC.
std::optional<std::string> strip_name_error(std::string_view name);
std::optional<std::string> module_name_error(std::string_view name);
std::optional<std::string> group_name_error(std::string_view name);

/// Whether a group's member is a pattern, for fnmatch(3), and no strip's name.
bool is_pattern(std::string_view member);

} // namespace ton::config
