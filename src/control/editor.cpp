// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/editor.hpp"

#include "control/bake.hpp"
#include "control/desk_values.hpp"
#include "control/verb_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace ton::control {

namespace {

double machine_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string and_more(const std::string& first, std::size_t count) { return count > 1 ? fmt::format("{} and {} more", first, count - 1) : first; }

} // namespace

Editor::Editor(Console& console, Dispatcher& dispatcher) : clock(machine_seconds), console_(console), dispatcher_(dispatcher) {
    dispatcher_.attach(*this);
    console_.on_released = [this](const Control& solo) { note(solo.address, Value{1.0}, Value{0.0}); };
    add_edit_verbs();
    dispatcher_.add_verb("undo", [this](const osc::Message& m, Answers& a) { step_back(m, a); });
    dispatcher_.add_verb("redo", [this](const osc::Message& m, Answers& a) { step_forth(m, a); });
}

void Editor::open(std::string text) {
    auto same = text;
    open(std::move(text), std::move(same));
}

void Editor::open(std::string text, std::string file_text) {
    file_text_ = std::move(file_text);
    document_ = config::Document(std::move(text));
    Step of_another_desk;
    take_moves(of_another_desk);
    journal_.clear();
    file_desk_.reset();
    std::vector<config::Diagnostic> errors; // none: it was read before
    if (unsaved()) file_desk_ = Console::load_text(file_text_, console_.desk().file, errors);
}

/// Before the document's text leaves the file's.
void Editor::remember_file() {
    if (!unsaved()) file_desk_ = console_.loaded();
}

/// The document's text, or the file's, is another.
void Editor::text_changed() {
    if (!unsaved()) file_desk_.reset();
    if (on_edit) on_edit();
}

graph::Desk Editor::desk_to_keep() const {
    auto desk = console_.desk_to_come();
    if (arrive) arrive(desk);
    return desk;
}

std::string Editor::text_to_save() const { return with_values(document_, console_.loaded(), desk_to_keep()); }

void Editor::saved(const std::string& text) {
    close_moves();
    file_text_ = text;
    if (text == document_.text()) return text_changed();
    Step step;
    step.text = {config::Splice::between(document_.text(), text)};
    step.silent = true;
    journal_.add(std::move(step));
    adopt(config::Document(text));
}

/// The text says something else now, and nothing sounds different.
void Editor::adopt(config::Document document) {
    remember_file();
    document_ = std::move(document);
    std::vector<config::Diagnostic> errors; // none: it was read before
    console_.adopt(Console::load_text(document_.text(), console_.desk().file, errors));
    text_changed();
}

// -------------------------------------------------------------------------------------------- transactions

/// The text of `next` becomes the desk; what is in it as `said` had it keeps its live value. Completes the step with what
/// its undoing needs.
std::vector<config::Diagnostic> Editor::transact(Step& step, const config::Document& next, const graph::Desk& said, std::vector<Unfit>& unfit) {
    std::vector<config::Diagnostic> errors;
    const auto loaded = Console::load_text(next.text(), console_.desk().file, errors);
    if (!errors.empty()) return errors;
    auto was = said, is = console_.desk();
    rename_in_texts(was, step.renames);
    rename_in_texts(is, step.renames, &was);
    auto live = loaded;
    carry_settings(live, was, is, step.origins);
    step.back = inverse(step.origins, console_.desk(), live);
    for (const auto& move : step.moves) put_setting(live, move.address, move.after);
    step.lost = lost_settings(console_.loaded(), console_.desk(), loaded, live, step.back);
    errors = swap(loaded, std::move(live), step.origins, step.back, next, step.yields ? &unfit : nullptr);
    for (const auto& setting : unfit) step.lost.emplace_back(setting.address, Value{setting.value});
    return errors;
}

/// `origins` leads from the new desk's strips to the old one's, `names` the other way.
std::vector<config::Diagnostic> Editor::swap(const graph::Desk& loaded, graph::Desk live, const Origins& origins, const Origins& names,
                                             const config::Document& document, std::vector<Unfit>* unfit) {
    remember_file();
    auto errors = console_.apply(loaded, std::move(live), console_.sample_rate(), origins, time_, unfit);
    if (!errors.empty()) return errors;
    document_ = document;
    if (!names.empty() && on_renamed) on_renamed(names);
    return {};
}

Editor::Result Editor::reload(const std::string& text, std::vector<config::Diagnostic>& errors, std::vector<Unfit>& unfit) {
    if (text == file_text_) return Result::unchanged;
    if (!console_.ready()) {
        errors.push_back({console_.desk().file, 0, 0, "", change_under_way});
        return Result::refused;
    }
    auto next = config::read_text(text, console_.desk().file);
    if (next.errors.empty() && next.config == config::read_text(document_.text(), console_.desk().file).config) {
        saved(text); // another layout, other comments
        return Result::unchanged;
    }
    if (!next.errors.empty()) {
        Console::load_text(text, console_.desk().file, errors); // all errors at once
        return Result::refused;
    }
    close_moves();
    Step step;
    step.what = "reload";
    step.text = {config::Splice::between(document_.text(), text)};
    step.time = clock();
    step.yields = true;
    errors = transact(step, config::Document(text), file_desk(), unfit);
    if (!errors.empty()) return Result::refused;
    file_text_ = text;
    journal_.add(std::move(step));
    text_changed();
    return Result::done;
}

// --------------------------------------------------------------------------------------------- one message

void Editor::begin(std::int64_t time, bool edits) {
    if (depth_++ > 0) return;
    time_ = time;
    edits_ = edits;
}

void Editor::moved(const std::string& address, const Value& before, const Value& after) {
    if (first_moved_.empty() && before != after) first_moved_ = address;
    const auto known = moves_.size();
    note(address, before, after);
    by_hand_ += moves_.size() - known;
    // The other strip of a link moved along, from where it was linked: to undo it beside an edit both are put back.
    const auto* control = console_.find(address);
    const auto* partner = control ? console_.partner_of(*control) : nullptr;
    if (!partner) return;
    note(partner->address, console_.on_partner(*control, before), console_.on_partner(*control, after));
}

void Editor::note(const std::string& address, const Value& before, const Value& after) {
    if (depth_ == 0) return;
    const auto known = moved_.find(address);
    if (known != moved_.end()) {
        moves_[known->second].after = after;
    } else if (before != after) {
        moved_.emplace(address, moves_.size());
        moves_.push_back({address, before, after});
    }
}

bool Editor::keep(const osc::Message& message) {
    if (!edits_ || !sets(message.address)) return false;
    kept_.push_back(message);
    return true;
}

void Editor::commit(Answers& answers) {
    if (--depth_ > 0) return;
    Step step;
    step.time = clock();
    const bool edited = edit_ && commit_edit(step, answers);
    if (refused_ || (edit_ && !edited)) kept_.clear();
    edit_.reset();
    edits_ = false;
    ++depth_; // what was kept belongs to this step
    obey_kept(answers);
    --depth_;
    take_moves(step);
    if (edited || !step.moves.empty()) journal_.add(std::move(step));
    if (edited) text_changed();
    done_.clear();
    refused_ = false;
}

void Editor::take_moves(Step& step) {
    step.moves = std::exchange(moves_, {});
    moved_.clear();
    auto what = std::exchange(what_, {}), first = std::exchange(first_moved_, {});
    const auto by_hand = std::exchange(by_hand_, 0);
    if (step.what.empty() && !step.moves.empty()) step.what = !what.empty() ? std::move(what) : and_more(first.empty() ? step.moves.front().address : first, by_hand);
}

/// What stands in a bundle in front of what has a step of its own, or steps back, is done by then, and a step before it.
void Editor::close_moves() {
    Step step;
    step.time = clock();
    take_moves(step);
    if (!step.moves.empty()) journal_.add(std::move(step));
}

void Editor::obey_kept(Answers& answers) {
    for (const auto& message : std::exchange(kept_, {})) dispatcher_.obey(message, time_, answers);
}

bool Editor::commit_edit(Step& step, Answers& answers) {
    if (refused_) return false; // it has been answered
    step.text = edit_->splices();
    step.origins = edit_->origins();
    step.renames = edit_->renames();
    step.what = and_more(done_.front(), done_.size());
    std::vector<Unfit> none; // an edit is refused rather
    const auto errors = transact(step, edit_->document(), console_.loaded(), none);
    if (!errors.empty()) {
        refuse(answers, first_verb_, errors);
        return false;
    }
    answers.reply({"/tonmeister/edited", {step.what}});
    if (on_done) on_done(step.what);
    return true;
}

void tell_unfit(const std::vector<Unfit>& unfit, Answers& answers) {
    const auto count = std::min(unfit.size(), most_errors_told);
    for (std::size_t i = 0; i < count; ++i) answers.reply({"/tonmeister/left_out", {unfit[i].address, unfit[i].why}});
    if (unfit.size() > count) answers.reply({"/tonmeister/left_out", {std::string(), fmt::format("and {} more, see the log", unfit.size() - count)}});
}

/// Places in a text that nobody has on disk help nobody: the JSON path does.
void Editor::refuse(Answers& answers, std::string_view address, const std::vector<config::Diagnostic>& errors) const {
    for (std::size_t i = 0; i < std::min(errors.size(), most_errors_told); ++i)
        answers.error(address, errors[i].path.empty() ? errors[i].message : errors[i].path + ": " + errors[i].message);
    if (errors.size() > most_errors_told)
        answers.error(address, fmt::format("and {} more, see the log", errors.size() - most_errors_told));
    if (on_refused) on_refused(errors);
}

} // namespace ton::control
