// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ton::engine {

/// What a row of a parameter table is. `text` lives on the control side only; `meter` is read, never set.
enum class Kind : std::uint8_t { number, integer, toggle, choice, text, meter };

/// The travel of a control that knows nothing of units (0..1): straight, by ratio, or by the console's fader law.
enum class Scale : std::uint8_t { linear, logarithmic, fader };

/// How a kernel receives the value: one for every sample, or one at every grid point (kGrid samples).
enum class Rate : std::uint8_t { grid, sample };

/// What the audio side counts in: the table's own unit, or the amplitude factor of a value in dB (<= -120 dB is 0).
enum class Domain : std::uint8_t { plain, amplitude };

/// One row: everything that is public about a parameter. OSC, config, schema, web page and docs derive from it.
struct Parameter {
    std::string_view name;           ///< [a-z][a-z0-9_]*
    std::string_view unit = "";      ///< dB, Hz, ms, s, dBFS, dBTP, LUFS, LU, st, oct, or none
    float minimum = 0.0F;            ///< in `unit`
    float maximum = 1.0F;            ///< in `unit`
    float initial = 0.0F;            ///< in `unit`; for a choice the index; for a meter the value of silence
    std::string_view help = "";      ///< one sentence
    Kind kind = Kind::number;
    Scale scale = Scale::linear;
    Rate rate = Rate::grid;
    Domain domain = Domain::plain;
    float smoothing = 20.0F;         ///< ms for a step to arrive; 0 for values that jump
    bool own_pace = false;           ///< takes its smoothing where a fade is asked for, too
    std::string_view choices = "";   ///< "bell|low_shelf|…" of a choice, in the order of their indices
    bool structural = false;         ///< a change needs a new plan (it alters latency, memory or routing)
    bool hold = false;               ///< a meter that keeps its extreme until it is read
    std::string_view group = "";     ///< "band" in band/3/gain
    std::uint8_t index = 0;          ///< 3 in band/3/gain
    std::string_view initial_text = ""; ///< of a text
    bool follows = false;            ///< the console sets it, as other settings say: nobody sets, sees or saves it
    bool momentary = false;          ///< lasts as long as a hand is on it: no scene, state or saved config keeps it
    bool point = false;              ///< a text that names what the module hears: "strip", or "strip/module" for what
                                     ///< comes out of that module; a change needs a new plan
    bool ports = false;              ///< a text that names ports of the audio server, one a line (in a config a list of them):
                                     ///< "CLIENT:PORT" or "/regex/"; a change needs a new plan
};

constexpr bool is_control(const Parameter& p) { return p.kind != Kind::text && p.kind != Kind::meter; }

/// Amplitude of a level in dB; at or below -120 dB silence.
float to_amplitude(float decibels);
float to_decibels(float amplitude);

/// A number of the table's unit as the audio side counts it, and back. Any thread.
float to_kernel(const Parameter& p, float value);
float from_kernel(const Parameter& p, float value);

/// The position 0..1 of a value on its scale's travel, and back (clamped). Any thread.
float to_normal(const Parameter& p, float value);
float from_normal(const Parameter& p, float normal);

namespace detail {
consteval bool is_identifier(std::string_view s) {
    if (s.empty() || s[0] < 'a' || s[0] > 'z') return false;
    for (const char c : s)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    return true;
}
consteval void check(const Parameter& p) {
    if (!is_identifier(p.name)) throw "a parameter's name must be [a-z][a-z0-9_]*";
    if (p.help.empty()) throw "a parameter needs a line of help";
    if (p.ports && !(p.kind == Kind::text && p.structural)) throw "ports are a structural text";
    if (p.point && !(p.kind == Kind::text && p.structural)) throw "a point is a structural text";
    if (p.kind == Kind::text) return;
    if (p.kind == Kind::choice && p.choices.empty()) throw "a choice needs its choices";
    if (p.kind != Kind::meter && !(p.minimum < p.maximum)) throw "minimum must be below maximum";
    if (p.kind != Kind::meter && (p.initial < p.minimum || p.initial > p.maximum))
        throw "the default is outside its range";
    if (p.scale == Scale::logarithmic && p.minimum <= 0.0F) throw "a logarithmic scale needs a minimum above 0";
}
consteval bool same_place(const Parameter& a, const Parameter& b) {
    return a.name == b.name && a.group == b.group && a.index == b.index;
}
} // namespace detail

/// Every module can be bypassed; the engine does it (a latency-matched crossfade), no kernel needs to know.
inline constexpr Parameter kBypass{.name = "bypass", .help = "Pass the input through, delayed as the module would.",
                                   .kind = Kind::toggle, .rate = Rate::sample};

/// Checks a table at compile time (names, duplicates, defaults, ranges, help) and adds `bypass` after the controls
/// and texts. Meters come last: a kernel's read-outs are numbered from the first of them.
template <std::size_t N> consteval std::array<Parameter, N + 1> parameter_table(std::array<Parameter, N> rows) {
    std::array<Parameter, N + 1> all{};
    std::size_t count = 0;
    bool meters = false;
    for (const auto& row : rows) {
        detail::check(row);
        if (row.kind == Kind::meter && !meters) all[count++] = kBypass, meters = true;
        if (meters && row.kind != Kind::meter) throw "meters come last";
        all[count++] = row;
    }
    if (!meters) all[count++] = kBypass;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (detail::same_place(all[i], all[j])) throw "a parameter stands twice";
    return all;
}

/// Repeats a group's rows `Count` times: band/1/…, band/2/…
template <std::size_t Count, std::size_t N>
consteval std::array<Parameter, Count * N> repeat(std::string_view group, const std::array<Parameter, N>& rows) {
    std::array<Parameter, Count * N> all{};
    for (std::size_t n = 0; n < Count; ++n)
        for (std::size_t r = 0; r < N; ++r) {
            all[n * N + r] = rows[r];
            all[n * N + r].group = group;
            all[n * N + r].index = static_cast<std::uint8_t>(n + 1);
        }
    return all;
}

template <std::size_t A, std::size_t B>
consteval std::array<Parameter, A + B> concat(const std::array<Parameter, A>& a, const std::array<Parameter, B>& b) {
    std::array<Parameter, A + B> all{};
    for (std::size_t i = 0; i < A; ++i) all[i] = a[i];
    for (std::size_t i = 0; i < B; ++i) all[A + i] = b[i];
    return all;
}

} // namespace ton::engine
