// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/reference.hpp"

#include "config/diagnostic.hpp"
#include "graph/desk.hpp"
#include "modules/registry.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace ton::app {

namespace {

using engine::Kind;
using engine::ModuleType;
using engine::Parameter;
using graph::shortest;
using Json = nlohmann::ordered_json;

constexpr std::string_view kMinus = "\u2212"; // as in print, for the pages; the terminal gets a hyphen

/// One line of a table: a row, or the like rows of a repeated group (band/N/gain).
struct Line {
    std::string path;
    std::vector<const Parameter*> rows;
    const Parameter& row() const { return *rows.front(); }
};

std::vector<Line> lines_of(const ModuleType& type) {
    std::vector<Line> lines;
    for (const auto& row : type.parameters) {
        if (row.follows) continue;
        if (type.sized && !row.group.empty()) { // the first point stands for all
            if (row.group == "1" && row.index == 1) lines.push_back({fmt::format("IN/OUT/{}", row.name), {&row}});
            continue;
        }
        const auto path = row.group.empty() ? std::string(row.name) : fmt::format("{}/N/{}", row.group, row.name);
        const auto same = std::ranges::find(lines, path, &Line::path);
        if (same == lines.end()) lines.push_back({path, {&row}});
        else same->rows.push_back(&row);
    }
    return lines;
}

std::string_view name_of(Kind kind) {
    switch (kind) {
    case Kind::number: return "number";
    case Kind::integer: return "integer";
    case Kind::toggle: return "toggle";
    case Kind::choice: return "choice";
    case Kind::text: return "text";
    case Kind::meter: return "meter";
    }
    return "";
}

std::string_view name_of(engine::Scale scale) {
    switch (scale) {
    case engine::Scale::linear: return "linear";
    case engine::Scale::logarithmic: return "logarithmic";
    case engine::Scale::fader: return "fader law";
    }
    return "";
}

bool has_range(const Parameter& row) { return row.kind == Kind::number || row.kind == Kind::integer; }

std::string range_of(const Parameter& row) {
    if (row.kind == Kind::toggle) return "true, false";
    if (row.kind == Kind::choice) return config::join(engine::choices_of(row), ", ");
    if (row.kind == Kind::text) return row.ports ? "ports" : "text";
    if (!has_range(row)) return "";
    return fmt::format("{}{} … {}", row.minimum, row.domain == engine::Domain::amplitude && row.minimum <= -120.0F ? " (silence)" : "",
                       row.maximum);
}

std::string initial_of(const Parameter& row) {
    if (row.kind == Kind::toggle) return row.initial >= 0.5F ? "true" : "false";
    if (row.kind == Kind::choice) return std::string(engine::choices_of(row)[static_cast<std::size_t>(row.initial)]);
    if (row.kind == Kind::text) return row.initial_text.empty() ? "" : config::quote(row.initial_text);
    return row.kind == Kind::meter ? "" : fmt::format("{}", row.initial);
}

/// Of a group: one value where all are alike, else all of them in their order.
std::string initial_of(const Line& line) {
    std::vector<std::string> all;
    for (const auto* row : line.rows) all.push_back(initial_of(*row));
    if (std::ranges::all_of(all, [&](const auto& v) { return v == all.front(); })) return all.front();
    const std::vector<std::string_view> views(all.begin(), all.end());
    return config::join(views, ", ");
}

std::string smoothing_of(const Parameter& row) {
    if (row.kind == Kind::text && !row.structural) return "at once";
    if (row.structural) return "new graph, faded";
    if (row.kind == Kind::meter) return row.hold ? "extreme since the last frame" : "newest";
    return row.smoothing > 0.0F ? fmt::format("{} ms", row.smoothing) : "at once";
}

std::string scale_of(const Parameter& row) { return row.kind == Kind::number ? std::string(name_of(row.scale)) : ""; }

using Cells = std::vector<std::string>;

/// Numbers with a minus sign, and what would end a table's cell escaped.
std::string printed(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit_next = i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
        const bool word_before = i > 0 && text[i - 1] != ' ' && text[i - 1] != '(';
        if (text[i] == '-' && digit_next && !word_before) out += kMinus;
        else if (text[i] == '|') out += "\\|";
        else out += text[i];
    }
    return out;
}

std::string markdown_row(const Cells& cells) {
    std::string text = "|";
    for (const auto& cell : cells) text += cell.empty() ? " |" : " " + cell + " |";
    return text + "\n";
}

std::string table(const ModuleType& type, bool readouts) {
    std::string text;
    for (const auto& line : lines_of(type)) {
        const auto& row = line.row();
        if ((row.kind == Kind::meter) != readouts) continue;
        const auto path = "`" + line.path + "`";
        if (readouts) text += markdown_row({path, std::string(row.unit), smoothing_of(row), printed(std::string(row.help))});
        else text += markdown_row({path, std::string(row.unit), printed(range_of(row)), printed(initial_of(line)), scale_of(row),
                                   smoothing_of(row), printed(std::string(row.help))});
    }
    if (text.empty()) return {};
    if (readouts) return "\n| read-out | unit | value | what it tells |\n| --- | --- | --- | --- |\n" + text;
    return "| parameter | unit | range | default | scale | smoothing | what it does |\n| --- | --- | --- | --- | --- | --- | --- |\n" + text;
}

/// "N is 1 to 8 in band/N." under a table that has groups.
std::string group_note(const ModuleType& type) {
    std::string text;
    for (const auto& line : lines_of(type)) {
        const auto phrase = fmt::format("`{}/N` stands for N = 1 … {}", line.row().group, line.rows.size());
        if (type.sized || line.row().group.empty() || text.find(phrase) != std::string::npos) continue;
        text += (text.empty() ? "\n" : "; ") + phrase;
    }
    return text.empty() ? text : text + "; defaults that differ are listed in that order.\n";
}

std::string markdown(const ModuleType& type) { return table(type, false) + group_note(type) + table(type, true); }

std::string markdown_of_all() {
    std::string text = "# Modules\n\nGenerated by `tonmeister modules --markdown` from the parameter tables (`scripts/generate`); "
                       "edit those instead.\n\nA parameter is called the same in the config, over OSC and everywhere else: "
                       "`level` of the module `fader` in the strip `host` is `/host/fader/level`. "
                       "\"At once\" means without a ramp; \"new graph, faded\" that a change builds a new graph beside the running one, "
                       "which takes over without a click. \"Extreme since the last frame\": each subscriber hears the highest (of a reduction, the "
                       "deepest) since its last frame, whatever its rate; a single question is answered with that of the last 10 ms.\n";
    for (const auto* type : modules::all()) {
        if (type->internal) continue;
        text += fmt::format("\n## {}\n\n{}\n\n{}", type->name, printed(std::string(type->summary)), markdown(*type));
    }
    return text;
}

void print_columns(const std::vector<Cells>& rows) {
    std::vector<std::size_t> widths;
    const auto letters = [](const std::string& s) {
        return static_cast<std::size_t>(std::ranges::count_if(s, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(0);
            widths[i] = std::max(widths[i], letters(row[i]));
        }
    for (const auto& row : rows) {
        std::string line = " ";
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += " " + row[i];
            if (i + 1 < row.size()) line += std::string(widths[i] - letters(row[i]) + 1, ' ');
        }
        fmt::print("{}\n", line);
    }
}

void print_text(const ModuleType& type) {
    fmt::print("{}: {}\n\n", type.name, type.summary);
    std::vector<Cells> controls{{"parameter", "unit", "range", "default", "scale", "smoothing", "what it does"}};
    std::vector<Cells> readouts{{"read-out", "unit", "value", "what it tells"}};
    for (const auto& line : lines_of(type)) {
        const auto& row = line.row();
        if (row.kind == Kind::meter) readouts.push_back({line.path, std::string(row.unit), smoothing_of(row), std::string(row.help)});
        else controls.push_back({line.path, std::string(row.unit), range_of(row), initial_of(line), scale_of(row), smoothing_of(row), std::string(row.help)});
    }
    print_columns(controls);
    if (readouts.size() == 1) return;
    fmt::print("\n");
    print_columns(readouts);
}

Json json_initial(const Parameter& row) {
    if (row.kind == Kind::toggle) return row.initial >= 0.5F;
    if (row.ports) return Json::array();
    if (row.kind == Kind::choice || row.kind == Kind::text) {
        return row.kind == Kind::text ? std::string(row.initial_text) : initial_of(row);
    }
    return shortest(row.initial);
}

Json json(const Parameter& row) {
    Json json{{"name", engine::parameter_path(row)}, {"kind", name_of(row.kind)}, {"unit", row.unit}};
    if (has_range(row)) {
        json["minimum"] = shortest(row.minimum);
        json["maximum"] = shortest(row.maximum);
        json["scale"] = row.scale == engine::Scale::fader ? "fader" : name_of(row.scale);
    }
    if (row.kind == Kind::choice) json["choices"] = engine::choices_of(row);
    if (row.kind != Kind::meter) json["default"] = json_initial(row);
    if (engine::is_control(row)) json["smoothing_ms"] = row.structural ? 0.0 : shortest(row.smoothing);
    if (row.kind != Kind::meter) json["structural"] = row.structural;
    else json["hold"] = row.hold;
    json["help"] = row.help;
    return json;
}

Json json(const ModuleType& type) {
    Json json{{"name", type.name}, {"summary", type.summary}, {"parameters", Json::array()}};
    for (const auto& row : type.parameters)
        if (!row.follows) json["parameters"].push_back(ton::app::json(row));
    return json;
}

int unknown(const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto* type : modules::all())
        if (!type->internal) names.push_back(type->name);
    const auto near = config::nearest(name, names);
    fmt::print(stderr, "tonmeister modules: there is no module {}{}\n", config::quote(name),
               near ? fmt::format("; did you mean {}?", config::quote(*near)) : "; `tonmeister modules` lists them");
    return 2;
}

int print_all(Form form) {
    if (form == Form::markdown) return fmt::print("{}", markdown_of_all()), 0;
    if (form == Form::json) {
        Json all = Json::array();
        for (const auto* type : modules::all())
            if (!type->internal) all.push_back(json(*type));
        return fmt::print("{}\n", all.dump(2)), 0;
    }
    std::vector<Cells> rows;
    for (const auto* type : modules::all())
        if (!type->internal) rows.push_back({std::string(type->name), std::string(type->summary)});
    print_columns(rows);
    fmt::print("\n`tonmeister modules NAME` shows a module's parameters.\n");
    return 0;
}

} // namespace

int print_modules(const std::string& name, Form form) {
    if (name.empty()) return print_all(form);
    const auto* type = modules::find(name);
    if (!type) return unknown(name);
    if (form == Form::markdown) fmt::print("{}", markdown(*type));
    else if (form == Form::json) fmt::print("{}\n", json(*type).dump(2));
    else print_text(*type);
    return 0;
}

} // namespace ton::app
