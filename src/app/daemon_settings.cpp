// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's settings on disk: the state that comes back after a restart.
#include "app/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace ton::app {

namespace fs = std::filesystem;

namespace {
constexpr double kSceneAhead = 0.05; // s: what a scene switches at its end reaches the audio side this much early
} // namespace

// ------------------------------------------------------------------------------------------------- the state

std::string Daemon::state_file(const std::string& config) const { return !options_.state.empty() ? options_.state : control::state_path(config); }

/// Opens the file of the live settings; what was saved in it goes to the console, unless `fresh`. False where another
/// process has it: two that save would undo each other's work, and to play without saving would lose a show's.
bool Daemon::open_state(bool fresh) {
    const auto path = state_file(loaded_.file);
    if (path.empty()) return spdlog::warn("no HOME, XDG_STATE_HOME or STATE_DIRECTORY: settings are not saved"), true;
    std::error_code error;
    if (const auto folder = fs::path(path).parent_path(); !folder.empty()) fs::create_directories(folder, error);
    if (error) spdlog::warn(fmt::format("{}: {}; settings may not be saved", path, error.message()));
    if (auto lock = control::StateLock::take(path)) {
        state_lock_ = std::move(*lock);
    } else if (lock.error().taken) {
        fmt::print(stderr, "tonmeister: {}; stop that one, or give this one its own file with --state\n", lock.error().why);
        return false;
    } else {
        spdlog::warn(fmt::format("{}; settings may not be saved", lock.error().why));
    }
    if (!fresh) restore(path);
    state_ = std::make_unique<control::StateWriter>(path, control::StateWriter::Keep::generations);
    open_scenes(control::scenes_path(path));
    return true;
}

/// The state as it was, or the newest earlier one that can be read; what can't is kept aside and told.
void Daemon::restore(const std::string& path) {
    for (int generation = 0; generation <= control::kGenerations; ++generation) {
        const auto file = generation == 0 ? path : control::generation_path(path, generation);
        if (!fs::exists(file)) continue;
        const auto text = control::read_whole(file);
        if (!text) {
            spdlog::warn(text.error());
            continue;
        }
        if (const auto other = control::other_config(*text, loaded_.file); !other.empty()) {
            spdlog::warn(fmt::format("{}: these are the settings of {}; they are not used here, and kept", file, other));
            continue;
        }
        const bool unsaved = take_up_unsaved(*text, file);
        auto saved = control::read_state(*text, loaded_, unsaved ? control::ReadFrom::unsaved : control::ReadFrom::file);
        if (!saved) {
            put_aside(file, saved.error());
            continue;
        }
        for (const auto& name : saved->unused) spdlog::info(fmt::format("{}: the saved setting is not used: the config has no such address, or it does not take the value", name));
        if (saved->settings > 0) spdlog::info(fmt::format("{} back from {}", config::counted(static_cast<std::size_t>(saved->settings), "setting"), file));
        return console_.resume(std::move(saved->loaded), std::move(saved->live));
    }
    spdlog::info("no settings are back: starting from the config alone");
}

/// Live edits that were not saved to the config's file go on, unless that was changed since.
bool Daemon::take_up_unsaved(const std::string& state, const std::string& path) {
    const auto unsaved = control::read_unsaved(state);
    if (!unsaved) return false;
    std::vector<config::Diagnostic> errors;
    auto desk = control::Console::load_text(unsaved->text, loaded_.file, errors);
    const bool changed = unsaved->file_print != control::text_print(text_);
    if (unsaved->save_print == control::text_print(text_)) { // by a save whose process was killed before the state knew
        spdlog::info(fmt::format("{}: its file has the live edits that {} has", loaded_.file, path));
        return false;
    }
    if (!changed) {
        if (errors.empty()) errors = console_.check(desk, static_cast<double>(desk.engine.sample_rate.value));
        if (errors.empty()) {
            loaded_ = std::move(desk);
            unsaved_text_ = unsaved->text;
            spdlog::info(fmt::format("{}: live edits that were not saved are back from {}", loaded_.file, path));
            return true;
        }
        spdlog::error(config::format(errors));
    }
    const auto aside = path + ".unsaved";
    const auto kept = control::replace_file(aside, unsaved->text);
    spdlog::warn(fmt::format("{}: {}, so live edits that were not saved are gone; {}", loaded_.file, changed ? "the file was changed since" : "they make no desk",
                             kept ? "the text is kept as " + aside : "the text can't be kept: " + kept.error()));
    return false;
}

void Daemon::open_scenes(const std::string& path) {
    scenes_.book() = {};
    scene_file_ = std::make_unique<control::SceneFile>(scenes_, path);
    scene_verbs_.refresh = [this] { return scene_file_->refresh(); };
    scene_verbs_.changed = [this] { scene_file_->save(); };
    if (const auto broken = scene_file_->refresh(); !broken.empty()) spdlog::error(fmt::format("the scenes can't be used before this is mended:\n{}", broken));
}

void Daemon::poll_scenes() {
    scenes_.poll(engine_.counters().frames.load(std::memory_order_acquire) + std::llround(kSceneAhead * console_.sample_rate()));
    if (scene_file_) scene_file_->poll();
}

void Daemon::rename_in_scenes(const control::Origins& names) {
    const bool any = std::ranges::any_of(names, [](const auto& name) { return !name.second.empty(); });
    const auto broken = any && scene_file_ ? scene_file_->refresh() : std::string{};
    if (!broken.empty()) spdlog::error(fmt::format("scenes don't follow a strip's new name before this is mended:\n{}", broken));
    const bool changed = scenes_.renamed(names);
    if (changed && scene_file_ && broken.empty()) scene_file_->save();
}

void Daemon::put_aside(const std::string& path, const std::string& why) {
    const auto aside = path + ".broken";
    std::error_code error;
    fs::rename(path, aside, error);
    spdlog::warn(fmt::format("{}: {}; {}", path, why, error ? "it can't be kept: " + error.message() : "kept as " + aside));
}

/// Makes the loaded config, and what was moved by hand before, the desk. False with errors told.
bool Daemon::first_desk() {
    const auto rate = static_cast<double>(loaded_.engine.sample_rate.value);
    if (!open_state(options_.fresh)) return false;
    std::vector<control::Unfit> unfit; // what no longer goes with the config is told, all else is back
    const auto errors = console_.apply(loaded_, rate, control::Carry::untouched, &unfit);
    log_unfit(unfit);
    if (errors.empty()) return true;
    fmt::print(stderr, "{}", config::format(errors));
    return false;
}

std::string Daemon::state_now(std::string_view about_to_save) const {
    if (!editor_.unsaved()) return control::state_text(console_.loaded(), editor_.desk_to_keep());
    const control::Unsaved unsaved{editor_.text(), control::text_print(editor_.file_text()), about_to_save.empty() ? "" : control::text_print(about_to_save)};
    return control::state_text(console_.loaded(), editor_.desk_to_keep(), &unsaved, &editor_.file_desk());
}

void Daemon::poll_state() {
    if (state_ && state_->due()) state_->write(state_now());
}

/// A disk that takes nothing is an alarm, as what a guard sees is.
void Daemon::watch_saving() {
    const std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
    const auto watch = [&](std::string_view what, const std::string& error) {
        if (!error.empty()) alarms_.see({"/tonmeister", std::string(what)}, now.count(), {fmt::format("{} can't be saved: {}", what, error), fmt::format("{} are saved again", what)});
    };
    if (state_) watch("settings", state_->error());
    if (scene_file_) watch("scenes", scene_file_->error());
    for (const auto& [key, text] : alarms_.take(now.count())) tell_people(key.first, text);
}

/// For /tonmeister/status.
std::string Daemon::saving() const {
    if (!state_) return "off";
    if (auto error = state_->error(); !error.empty()) return error;
    if (auto error = scene_file_->error(); !error.empty()) return error;
    return state_->dirty() || state_->busy() || scene_file_->busy() ? "saving" : "saved";
}

void Daemon::flush_state() {
    if (state_ && (state_->dirty() || !state_->error().empty())) state_->write(state_now());
}

void Daemon::close_state() {
    flush_state();
    const auto end = [](const char* what, const std::string& error) {
        if (!error.empty()) spdlog::error(fmt::format("the last {} could not be saved: {}", what, error));
    };
    if (state_) end("settings", state_->finish());
    if (scene_file_) end("scenes", scene_file_->finish());
    state_.reset();
    scene_file_.reset();
    answer_saves();
}

} // namespace ton::app
