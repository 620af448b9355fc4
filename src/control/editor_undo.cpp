// SPDX-License-Identifier: GPL-3.0-or-later
// The editor's way back and forth: undo and redo.
#include "control/desk_values.hpp"
#include "control/editor.hpp"

namespace ton::control {

/// transact() the other way.
std::vector<config::Diagnostic> Editor::take_back(const Step& step, const config::Document& earlier) {
    std::vector<config::Diagnostic> errors;
    const auto loaded = Console::load_text(earlier.text(), console_.desk().file, errors);
    if (!errors.empty()) return errors;
    auto live = loaded;
    carry_settings(live, console_.loaded(), console_.desk(), step.back);
    for (auto move = step.moves.rbegin(); move != step.moves.rend(); ++move) put_setting(live, renamed_address(move->address, step.origins), move->before);
    for (const auto& [address, value] : step.lost) put_setting(live, address, value); // as it was before a link of this step, too
    graph::join_links(live); // of a left side that comes back the right one has it
    errors = swap(loaded, std::move(live), step.back, step.origins, earlier);
    if (errors.empty() && console_.on_set)
        for (const auto& move : step.moves) console_.on_set(renamed_address(move.address, step.origins));
    return errors;
}

void Editor::set_all(const std::vector<Move>& moves, Value Move::*value) {
    const Console::ExactSolos exact(console_);
    console_.begin();
    for (const auto& move : moves)
        if (const auto* control = console_.find(move.address)) console_.set(*control, move.*value, -1, time_);
    console_.commit();
}

void Editor::step_back(const osc::Message& message, Answers& answers) {
    if (auto why = alone(); !why.empty()) return answers.error(message.address, why);
    if (!console_.ready()) return answers.error(message.address, change_under_way);
    close_moves();
    if (!journal_.can_undo()) return answers.error(message.address, "there is nothing to undo");
    auto document = document_;
    const auto revert = [&](const Step& step) {
        for (auto splice = step.text.rbegin(); splice != step.text.rend(); ++splice) document.apply(splice->inverse());
    };
    int silent = 0;
    for (; journal_.last()->silent; journal_.undone(), ++silent) revert(*journal_.last());
    const Step& step = *journal_.last();
    if (step.text.empty()) {
        if (silent > 0) adopt(std::move(document));
        set_all(step.moves, &Move::before);
    } else {
        revert(step);
        if (const auto errors = take_back(step, document); !errors.empty()) {
            for (; silent > 0; --silent) journal_.redone();
            return refuse(answers, message.address, errors);
        }
        text_changed();
    }
    answers.reply({"/tonmeister/undone", {step.what}});
    if (on_done) on_done("undo of " + step.what);
    journal_.undone();
}

void Editor::step_forth(const osc::Message& message, Answers& answers) {
    if (auto why = alone(); !why.empty()) return answers.error(message.address, why);
    if (!console_.ready()) return answers.error(message.address, change_under_way);
    close_moves();
    if (!journal_.can_redo()) return answers.error(message.address, "there is nothing to redo");
    auto document = document_;
    int silent = 0;
    const auto repeat = [&](const Step& step) {
        for (const auto& splice : step.text) document.apply(splice);
    };
    for (; journal_.next()->silent; journal_.redone(), ++silent) repeat(*journal_.next());
    Step step = *journal_.next();
    std::vector<Unfit> unfit;
    if (step.text.empty()) {
        if (silent > 0) adopt(std::move(document));
        set_all(step.moves, &Move::after);
    } else {
        repeat(step);
        if (const auto errors = transact(step, document, console_.loaded(), unfit); !errors.empty()) {
            for (; silent > 0; --silent) journal_.undone();
            return refuse(answers, message.address, errors);
        }
        text_changed();
    }
    if (on_unfit && !unfit.empty()) on_unfit(unfit);
    tell_unfit(unfit, answers);
    answers.reply({"/tonmeister/redone", {step.what}});
    if (on_done) on_done("redo of " + step.what);
    journal_.redone();
}

} // namespace ton::control
