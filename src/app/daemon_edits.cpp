// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's config: reloaded, saved, loaded and watched.
#include "app/config_files.hpp"
#include "app/daemon.hpp"
#include "control/config_names.hpp"
#include "control/desk_changes.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace ton::app {

using control::Editor;

namespace {
constexpr auto kStatePatience = std::chrono::seconds(1); // with the state's disk, of who saves
} // namespace

/// The file's text as it is now becomes the desk; what its author did not touch keeps its live value.
Editor::Result Daemon::reload(std::vector<config::Diagnostic>& errors, std::vector<control::Unfit>& unfit) {
    const auto text = control::read_whole(loaded_.file);
    if (!text) {
        control::Console::load(loaded_.file, errors); // in the words of the config's reader
        if (errors.empty()) errors.push_back({loaded_.file, 0, 0, "", "it could not be read"});
        log_refused(loaded_.file, errors);
        return Editor::Result::refused;
    }
    const auto before = console_.desk();
    const auto result = editor_.reload(*text, errors, unfit);
    if (result == Editor::Result::done) {
        log_unfit(unfit);
        loaded_ = console_.loaded();
        spdlog::info(fmt::format("{}: reloaded, {}", loaded_.file, control::changes_between(before, console_.desk())));
        warn();
    } else if (result == Editor::Result::refused) {
        log_refused(loaded_.file, errors);
    } else {
        spdlog::info(fmt::format("{}: unchanged", loaded_.file));
    }
    return result;
}

void Daemon::log_unfit(const std::vector<control::Unfit>& unfit) {
    for (const auto& setting : unfit) spdlog::warn(setting.text());
}

void Daemon::log_refused(const std::string& file, const std::vector<config::Diagnostic>& errors) {
    for (const auto& error : errors) spdlog::error(config::format(error));
    spdlog::error(fmt::format("{}: {}; what played goes on", file, config::counted(errors.size(), "error")));
}

/// From a signal or a change of the file: nobody waits for an answer, so that a refusal is an event. Another change of the
/// graph is waited for.
void Daemon::reload_when_ready() {
    if (!console_.ready()) {
        reload_waits_ = true;
        return;
    }
    reload_waits_ = false;
    notifier_.reloading(service::Notifier::Clock::now());
    std::vector<config::Diagnostic> errors;
    std::vector<control::Unfit> unfit;
    if (reload(errors, unfit) != Editor::Result::refused) return notifier_.reloaded("reloaded");
    const auto more = errors.size() > 1 ? fmt::format(" (and {} more, see the log)", errors.size() - 1) : "";
    const auto why = fmt::format("refused, what played goes on: {}{}", config::format(errors.front()), more);
    notifier_.reloaded("reload " + why);
    osc_->event("/tonmeister/reload", why);
}

void Daemon::reload_verb(const control::osc::Message& message, control::Answers& answers) {
    if (auto why = editor_.alone(); !why.empty()) return answers.error(message.address, why);
    std::vector<config::Diagnostic> errors;
    std::vector<control::Unfit> unfit;
    const auto result = reload(errors, unfit);
    control::tell_unfit(unfit, answers);
    const auto file = control::whole_name(loaded_.file); // as `saved` has it: a client does not know our folder
    if (result == Editor::Result::done) return answers.reply(with_remarks({"/tonmeister/reloaded", {file}}));
    if (result == Editor::Result::unchanged) return answers.reply({"/tonmeister/reloaded", {file, std::string("unchanged")}});
    answer_all(message.address, errors, answers);
}

void Daemon::answer_all(const std::string& address, const std::vector<config::Diagnostic>& errors, control::Answers& answers) {
    for (std::size_t i = 0; i < std::min(errors.size(), control::most_errors_told); ++i) answers.error(address, config::format(errors[i]));
    if (errors.size() > control::most_errors_told)
        answers.error(address, fmt::format("and {} more, see the log", errors.size() - control::most_errors_told));
}

void Daemon::save(const control::osc::Message& message, control::Answers& answers) {
    if (auto why = editor_.alone(); !why.empty()) return answers.error(message.address, why);
    const auto saved = save_config(editor_, options_.config, loaded_.file, message, [this](const std::string& text) { announce_save(text); });
    if (!saved) return answers.error(message.address, saved.error());
    spdlog::info(fmt::format("{}: saved", *saved));
    flush_state();
    saves_.push_back({state_ ? state_->handed() : 0, std::chrono::steady_clock::now() + kStatePatience, osc_->reply_later(), *saved});
    answer_saves();
}

/// A kill behind this, before the state knows of the save, must not make the next start take the file for one that somebody
/// changed, nor bring back what was moved since the state was written. Blocks on the disk, as the save does.
void Daemon::announce_save(const std::string& text) {
    if (!state_ || (!editor_.unsaved() && !state_->dirty())) return;
    state_->write(state_now(text));
    state_->wait(kStatePatience);
}

/// `saved` is said when the state goes with the file, or can't be written, or its disk hangs.
void Daemon::answer_saves() {
    while (!saves_.empty() && (!state_ || saves_.front().state <= state_->done() || std::chrono::steady_clock::now() >= saves_.front().latest)) {
        saves_.front().answer({"/tonmeister/saved", {saves_.front().file}});
        saves_.pop_front();
    }
}

/// /tonmeister/load PATH: that config instead of the loaded one, exactly as it is in the file.
void Daemon::load(const control::osc::Message& message, control::Answers& answers) {
    if (auto why = editor_.alone(); !why.empty()) return answers.error(message.address, why);
    if (!console_.ready()) return answers.error(message.address, control::change_under_way);
    const auto name = message.args.empty() ? std::nullopt : control::osc::string(message.args.front());
    if (!name) return answers.error(message.address, "expected the PATH of a config below the folder of the one that was started with");
    const auto path = control::named_config(options_.config, *name);
    if (!path) return answers.error(message.address, path.error());
    const auto before = loaded_.file;
    const bool moves = state_ && options_.state.empty() && state_file(*path) != state_file(before);
    if (moves) // asked now, while no can still be said
        if (const auto lock = control::StateLock::take(state_file(*path)); !lock && lock.error().taken) return answers.error(message.address, lock.error().why);
    flush_state(); // of the config before: there it is, or its generation, when that is loaded again
    std::vector<config::Diagnostic> errors;
    std::string text;
    auto desk = read_config(*path, text, errors);
    if (errors.empty()) errors = console_.apply(desk, console_.sample_rate(), control::Carry::nothing);
    if (!errors.empty()) {
        log_refused(*path, errors);
        return answer_all(message.address, errors, answers);
    }
    loaded_ = std::move(desk);
    scenes_.call_off();
    editor_.open(std::move(text));
    spdlog::info(fmt::format("{}: loaded, {}", loaded_.file, config::counted(loaded_.strips.size(), "strip")));
    follow_config();
    warn();
    if (moves) {
        state_.reset(); // what was handed over is written
        answer_saves();
        state_lock_.reset();
        open_state(true);
    }
    if (state_) { // the one that is open now: what is heard is the file, whatever was saved beside it once
        state_->turn_page();
        state_->touch();
    }
    if (watch_) watch();
    answers.reply(with_remarks({"/tonmeister/loaded", {loaded_.file}}));
}

/// The text is read once, so that what runs is what can be edited.
graph::Desk Daemon::read_config(const std::string& path, std::string& text, std::vector<config::Diagnostic>& errors) {
    auto read = control::read_whole(path);
    if (!read) return control::Console::load(path, errors); // in the words of the config's reader
    text = std::move(*read);
    return control::Console::load_text(text, path, errors);
}

void Daemon::watch() {
    watch_ = std::make_unique<FileWatch>(io_, loaded_.file, [this] { reload_when_ready(); });
    if (const auto& error = watch_->error(); !error.empty()) spdlog::warn(fmt::format("{}: can't be watched: {}", loaded_.file, error));
}

} // namespace ton::app
