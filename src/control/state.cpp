// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/state.hpp"

#include "control/console.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <unordered_map>

namespace ton::control {

namespace {

using Json = nlohmann::ordered_json;
using engine::Kind;

constexpr int kVersion = 1;
constexpr const char* kMark = "tonmeister_state";

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// A setting's place in a desk; module -1 is the strip's solo.
struct Place {
    int strip, module, row;
};

/// Calls `take(place)` for everything in a desk that can be set.
template <class Take> void each_setting(const graph::Desk& desk, Take take) {
    for (int s = 0; s < static_cast<int>(desk.strips.size()); ++s) {
        const auto& strip = desk.strips[at(s)];
        for (int m = 0; m < static_cast<int>(strip.chain.size()); ++m) {
            const auto& module = strip.chain[at(m)];
            for (int r = 0; r < static_cast<int>(module.type->parameters.size()); ++r)
                if (const auto& row = module.type->parameters[at(r)]; row.kind != Kind::meter && !row.momentary && graph::is_setting(module, row)) take(Place{s, m, r});
        }
        take(Place{s, -1, 0});
    }
}

std::string address(const graph::Desk& desk, Place p) {
    const auto& strip = desk.strips[at(p.strip)];
    if (p.module < 0) return solo_address(strip);
    const auto& module = strip.chain[at(p.module)];
    return address_of(strip, module, module.type->parameters[at(p.row)]);
}

std::unordered_map<std::string, Place> places_of(const graph::Desk& desk) {
    std::unordered_map<std::string, Place> places;
    each_setting(desk, [&](Place p) { places.emplace(address(desk, p), p); });
    return places;
}

Json to_json(const graph::Desk& desk, Place p) {
    const auto& strip = desk.strips[at(p.strip)];
    if (p.module < 0) return strip.solo;
    const auto value = strip.chain[at(p.module)].written(at(p.row));
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth;
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    return std::get<double>(value.data);
}

bool equal(const graph::Desk& a, const graph::Desk& b, Place p) {
    const auto &x = a.strips[at(p.strip)], &y = b.strips[at(p.strip)];
    if (p.module < 0) return x.solo == y.solo;
    const auto &m = x.chain[at(p.module)], &n = y.chain[at(p.module)];
    return m.values[at(p.row)] == n.values[at(p.row)] && m.texts[at(p.row)] == n.texts[at(p.row)];
}

/// False where the table does not take the value.
bool take(graph::Desk& desk, Place p, const Json& json) {
    config::Value value;
    if (json.is_boolean()) value.data = json.get<bool>();
    else if (json.is_number()) value.data = json.get<double>();
    else if (json.is_string()) value.data = json.get<std::string>();
    else return false;
    auto& strip = desk.strips[at(p.strip)];
    if (p.module < 0) {
        if (!json.is_boolean()) return false;
        strip.solo = json.get<bool>();
        return true;
    }
    auto& module = strip.chain[at(p.module)];
    return graph::accept_value(module.type->parameters[at(p.row)], value, module.values[at(p.row)], module.texts[at(p.row)]).empty();
}

/// FNV-1a (Fowler, Noll, Vo).
template <class Word> Word number_of(std::string_view text, Word hash, Word prime) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
    return hash;
}

/// What the config's file says, as far as it is another desk than the one that runs.
class InFile {
  public:
    explicit InFile(const graph::Desk* file) : file_(file) {
        if (file) places_ = places_of(*file);
    }
    /// Null where the file says `loaded`, or has no such setting.
    Json other(const std::string& address, const Json& loaded) const {
        const auto place = places_.find(address);
        if (place == places_.end()) return nullptr;
        auto said = to_json(*file_, place->second);
        return said == loaded ? Json(nullptr) : said;
    }

  private:
    const graph::Desk* file_;
    std::unordered_map<std::string, Place> places_;
};

Json parse_state(std::string_view text) { return Json::parse(text, nullptr, false); }

std::filesystem::path state_directory() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
    };
    // systemd may name several, divided by colons; the first is the unit's own.
    if (const auto own = variable("STATE_DIRECTORY"); !own.empty()) return own.substr(0, own.find(':'));
    if (const auto base = variable("XDG_STATE_HOME"); base.starts_with('/')) return std::filesystem::path(base) / "tonmeister";
    if (const auto home = variable("HOME"); !home.empty()) return std::filesystem::path(home) / ".local/state/tonmeister";
    return {};
}

std::string whole_path(const std::string& config) {
    std::error_code ignored; // the path as given is as good a name where it can't be resolved
    const auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(config, ignored), ignored);
    return whole.empty() ? config : whole.string();
}

} // namespace

std::string other_config(std::string_view text, const std::string& config) {
    const auto state = parse_state(text);
    if (!state.is_object() || !state.contains("config") || !state["config"].is_string()) return {};
    auto whose = whole_path(state["config"].get<std::string>());
    std::error_code ignored; // what can't be looked at is not there for us
    return whose != whole_path(config) && std::filesystem::exists(whose, ignored) ? whose : std::string();
}

std::string text_print(std::string_view text) {
    return fmt::format("{}-{:016x}", text.size(), number_of<std::uint64_t>(text, 14695981039346656037U, 1099511628211U));
}

std::string state_text(const graph::Desk& loaded, const graph::Desk& live, const Unsaved* unsaved, const graph::Desk* file) {
    const InFile in_file(file);
    Json settings = Json::object();
    each_setting(live, [&](Place p) {
        const bool moved = !equal(loaded, live, p);
        if (!moved && !file) return;
        auto name = address(live, p);
        auto said = to_json(loaded, p);
        auto other = in_file.other(name, said);
        if (!moved && other.is_null()) return;
        Json entry{{"now", to_json(live, p)}, {"config", std::move(said)}};
        if (!other.is_null()) entry["file"] = std::move(other);
        // Appended, not looked up: every address is there once.
        settings.get_ref<Json::object_t&>().emplace_back(std::move(name), std::move(entry));
    });
    Json state{{kMark, kVersion}, {"config", whole_path(live.file)}};
    if (unsaved) {
        state["unsaved"] = Json{{"file", unsaved->file_print}, {"text", unsaved->text}};
        if (!unsaved->save_print.empty()) state["unsaved"]["save"] = unsaved->save_print;
    }
    state["settings"] = std::move(settings);
    return state.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Unsaved> read_unsaved(std::string_view text) {
    const auto state = parse_state(text);
    if (!state.is_object() || !state.contains(kMark) || state[kMark] != kVersion || !state.contains("unsaved")) return {};
    const auto& unsaved = state["unsaved"];
    const auto is_text = [&](const char* key) { return unsaved.is_object() && unsaved.contains(key) && unsaved[key].is_string(); };
    if (!is_text("file") || !is_text("text")) return {};
    return Unsaved{unsaved["text"].get<std::string>(), unsaved["file"].get<std::string>(), is_text("save") ? unsaved["save"].get<std::string>() : ""};
}

tl::expected<SavedState, std::string> read_state(std::string_view text, const graph::Desk& desk, ReadFrom from) {
    const auto state = parse_state(text);
    if (!state.is_object() || !state.contains(kMark) || !state[kMark].is_number_integer()) return tl::make_unexpected("it is no saved state");
    if (state[kMark] != kVersion)
        return tl::make_unexpected(fmt::format("it is of version {}, and this Tonmeister knows version {}", state[kMark].dump(), kVersion));
    if (!state.contains("settings") || !state["settings"].is_object()) return tl::make_unexpected("it has no settings");
    SavedState saved{desk, desk, 0, {}};
    const auto places = places_of(desk);
    for (const auto& [name, entry] : state["settings"].items()) {
        const auto place = places.find(name);
        const bool whole = entry.is_object() && entry.contains("now") && entry.contains("config");
        const char* said = from == ReadFrom::file && entry.contains("file") ? "file" : "config";
        // "now" first: a pair of which only the config's was taken would read as moved.
        if (place != places.end() && whole && take(saved.live, place->second, entry["now"]) && take(saved.loaded, place->second, entry[said])) ++saved.settings;
        else saved.unused.push_back(name);
    }
    return saved;
}

std::string state_path(const std::string& config) {
    const auto directory = state_directory();
    if (directory.empty()) return {};
    const std::filesystem::path whole = whole_path(config);
    return directory / fmt::format("{}-{:08x}.state.json", whole.stem().string(), number_of<std::uint32_t>(whole.string(), 2166136261U, 16777619U));
}

} // namespace ton::control
