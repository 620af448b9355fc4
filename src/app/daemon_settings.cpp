// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's settings on disk: the state that comes back after a restart, and configs saved and loaded by name.
#include "app/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <filesystem>

namespace ton::app {

namespace fs = std::filesystem;

namespace {

constexpr double kSceneAhead = 0.05; // s: what a scene switches at its end reaches the audio side this much early

/// What a client may call a config: a file in the config's own folder, and no way out of it.
std::string file_name_error(std::string_view name) {
    const bool plain = !name.empty() && name.size() <= 200 && name.find('/') == std::string_view::npos && !name.starts_with('.') &&
                       name.find('\0') == std::string_view::npos;
    return plain ? "" : config::quote(name) + " can't be a config's name, expected a file name in the config's own folder, without slashes";
}

std::string beside(const std::string& config, std::string_view name) {
    auto path = fs::path(config).parent_path() / name;
    if (path.extension() != ".json") path += ".json";
    return path.string();
}

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
    if (error) spdlog::warn("{}: {}; settings may not be saved", path, error.message());
    if (auto lock = control::StateLock::take(path)) {
        state_lock_ = std::move(*lock);
    } else if (lock.error().taken) {
        fmt::print(stderr, "tonmeister: {}; stop that one, or give this one its own file with --state\n", lock.error().why);
        return false;
    } else {
        spdlog::warn("{}; settings may not be saved", lock.error().why);
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
            spdlog::warn("{}", text.error());
            continue;
        }
        auto saved = control::read_state(*text, loaded_);
        if (!saved) {
            put_aside(file, saved.error());
            continue;
        }
        for (const auto& name : saved->unused) spdlog::info("{}: the saved setting is not used: the config has no such address or it takes another kind of value", name);
        if (saved->settings > 0) spdlog::info("{} back from {}", config::counted(static_cast<std::size_t>(saved->settings), "setting"), file);
        return console_.resume(std::move(saved->loaded), std::move(saved->live));
    }
    spdlog::info("no settings are back: starting from the config alone");
}

void Daemon::open_scenes(const std::string& path) {
    scenes_.book() = {};
    scene_file_ = std::make_unique<control::SceneFile>(scenes_, path);
    scene_verbs_.refresh = [this] { return scene_file_->refresh(); };
    scene_verbs_.changed = [this] { scene_file_->save(); };
    if (const auto broken = scene_file_->refresh(); !broken.empty()) spdlog::error("the scenes can't be used before this is mended:\n{}", broken);
}

void Daemon::poll_scenes() {
    scenes_.poll(engine_.counters().frames.load(std::memory_order_acquire) + std::llround(kSceneAhead * console_.sample_rate()));
    if (!scene_file_) return;
    if (const auto error = scene_file_->poll(); !error.empty()) spdlog::error("the scenes can't be saved: {}", error);
}

void Daemon::put_aside(const std::string& path, const std::string& why) {
    const auto aside = path + ".broken";
    std::error_code error;
    fs::rename(path, aside, error);
    spdlog::warn("{}: {}; {}", path, why, error ? "it can't be kept: " + error.message() : "kept as " + aside);
}

/// Makes the loaded config, and what was moved by hand before, the desk. False with errors told.
bool Daemon::first_desk() {
    const auto rate = static_cast<double>(loaded_.engine.sample_rate.value);
    if (!open_state(options_.fresh)) return false;
    auto errors = console_.apply(loaded_, rate);
    if (!errors.empty() && state_ && !options_.fresh) {
        // A config that was right alone: what was saved does not go with it any more.
        const auto why = errors.front().message;
        errors = console_.apply(loaded_, rate, control::Carry::nothing);
        if (errors.empty()) put_aside(state_->path(), "the saved settings don't fit the config: " + why);
    }
    if (errors.empty()) return true;
    fmt::print(stderr, "{}", config::format(errors));
    return false;
}

void Daemon::poll_state() {
    if (!state_) return;
    if (state_->due()) state_->write(control::state_text(console_.loaded(), console_.desk()));
    if (const auto error = state_->take_error(); !error.empty()) spdlog::error("settings can't be saved: {}", error);
}

/// For /tonmeister/status.
std::string Daemon::saving() const {
    if (!state_) return "off";
    if (auto error = state_->error(); !error.empty()) return error;
    if (auto error = scene_file_->error(); !error.empty()) return error;
    return state_->dirty() || state_->busy() ? "saving" : "saved";
}

void Daemon::flush_state() {
    if (state_ && state_->dirty()) state_->write(control::state_text(console_.loaded(), console_.desk()));
}

void Daemon::close_state() {
    flush_state();
    state_.reset(); // waits for the disk
    scene_file_.reset();
}

// --------------------------------------------------------------------------------------------- save and load

/// /tonmeister/save [NAME]: the desk as it stands becomes a config. Without a name that is the loaded one, whose text
/// is kept beside it as NAME.bak; templates are written out, since the desk knows only their modules.
void Daemon::save(const control::osc::Message& message, control::Answers& answers) {
    auto path = loaded_.file;
    if (!message.args.empty()) {
        const auto name = control::osc::string(message.args.front());
        if (!name) return answers.error(message.address, "expected a file name, or nothing for the loaded config");
        if (const auto error = file_name_error(*name); !error.empty()) return answers.error(message.address, error);
        path = beside(loaded_.file, *name);
    }
    if (fs::exists(path)) {
        const auto old = control::read_whole(path);
        const auto kept = old ? control::replace_file(path + ".bak", *old) : tl::make_unexpected(old.error());
        if (!kept) return answers.error(message.address, kept.error());
    }
    if (const auto saved = control::replace_file(path, config::to_json(graph::to_config(console_.desk()))); !saved)
        return answers.error(message.address, saved.error());
    spdlog::info("{}: saved", path);
    answers.reply({"/tonmeister/saved", {path}});
}

/// /tonmeister/load NAME: that config instead of the loaded one, exactly as it is in the file.
void Daemon::load(const control::osc::Message& message, control::Answers& answers) {
    const auto name = message.args.empty() ? std::nullopt : control::osc::string(message.args.front());
    if (!name) return answers.error(message.address, "expected the file name of a config beside the loaded one");
    if (const auto error = file_name_error(*name); !error.empty()) return answers.error(message.address, error);
    bool good = true;
    const auto before = loaded_.file, path = beside(before, *name);
    const bool moves = state_ && options_.state.empty() && state_file(path) != state_file(before);
    if (moves) // asked now, while no can still be said
        if (const auto lock = control::StateLock::take(state_file(path)); !lock && lock.error().taken) return answers.error(message.address, lock.error().why);
    if (moves) flush_state(); // of the config before: there it is when that is loaded again
    reload(path, control::Carry::nothing, [&](const std::string& text) {
        good = false;
        answers.error(message.address, text);
    });
    if (!good) return;
    if (moves) {
        state_.reset();
        state_lock_.reset();
        open_state(true);
    }
    answers.reply({"/tonmeister/loaded", {loaded_.file}});
}

} // namespace ton::app
