// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/document.hpp"
#include "control/console.hpp"
#include "control/dispatch.hpp"
#include "control/edit.hpp"
#include "control/journal.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ton::control {

/// The running desk's config as a text that is edited while it plays. Every edit, reload, undo and redo is the same
/// transaction: the text is read and resolved as a file would be, compiled aside, compared with what runs and swapped
/// in, or refused as a whole with every error told. Control thread.
class Editor {
  public:
    Editor(Console& console, Dispatcher& dispatcher);

    /// The console's desk was read from this text, which the config's file has, too; what was done before is forgotten.
    void open(std::string text);
    /// The same where the text was edited and the file still has another.
    void open(std::string text, std::string file_text);
    const std::string& text() const { return document_.text(); }
    /// As the file is, as far as this process knows.
    const std::string& file_text() const { return file_text_; }
    /// The text holds edits that the file has not.
    bool unsaved() const { return document_.text() != file_text_; }
    /// What the file says.
    const graph::Desk& file_desk() const { return file_desk_ ? *file_desk_ : console_.loaded(); }
    /// Why what reads or writes the whole text can't be done now, or empty: an edit of the same bundle is open.
    std::string alone() const { return edit_ ? "can't stand in one bundle with an edit" : ""; }
    /// The desk with the values as they stand, and as they will when what waits has come.
    graph::Desk desk_to_keep() const;
    /// The config with those values; loads to the same sound.
    std::string text_to_save() const;
    /// text_to_save() is now in the config's file: from now on the desk is compared with that.
    void saved(const std::string& text);

    enum class Result { unchanged, done, refused };
    /// The file's text has changed, or may have: what its author did not touch keeps its live value. Live edits that
    /// were not saved go where the author changed the file, and so do settings that no longer fit, which are told in `unfit`; undo
    /// brings them back.
    Result reload(const std::string& text, std::vector<config::Diagnostic>& errors, std::vector<Unfit>& unfit);

    /// Around the messages that are one edit and one step of undo. `edits`: an edit is among them, and what they set waits for
    /// it. Errors of what was staged go to `answers`.
    void begin(std::int64_t time, bool edits);
    void commit(Answers& answers);
    /// A setting was moved by a message.
    void moved(const std::string& address, const Value& before, const Value& after);
    /// What a verb moved them for, as people know it.
    void did(std::string what) { what_ = std::move(what); }
    /// True where a message sets something beside an edit: it is kept, and obeyed on the edited desk or not at all.
    bool keep(const osc::Message& message);
    /// An edit that is under way can't be done, and so none of it.
    void call_off() { refused_ = true; }

    /// Settings that wait for their time, on a desk that is kept.
    std::function<void(graph::Desk&)> arrive;
    /// The text was changed: by an edit, an undo, a redo, a reload or a save.
    std::function<void()> on_edit;
    /// An edit, an undo or a redo was done: what, for people.
    std::function<void(std::string_view what)> on_done;
    /// Strips have new names, from old to new, or are gone (""), another having their name now maybe. What keeps addresses by
    /// itself must follow.
    std::function<void(const Origins& names)> on_renamed;
    /// A transaction was refused: all its errors, for the log.
    std::function<void(const std::vector<config::Diagnostic>&)> on_refused;
    /// Settings that a redone reload left out.
    std::function<void(const std::vector<Unfit>&)> on_unfit;
    /// Seconds; moves close in time are one step. The machine's clock unless it is set.
    std::function<double()> clock;

  private:
    void add_verbs();
    void add_edit_verbs();
    void edit_verb(const char* name, std::function<std::string(Edit&, const osc::Message&)> verb);
    std::vector<config::Diagnostic> transact(Step& step, const config::Document& next, const graph::Desk& said, std::vector<Unfit>& unfit);
    bool commit_edit(Step& step, Answers& answers);
    void obey_kept(Answers& answers);
    void take_moves(Step& step);
    void close_moves();
    void follow(std::string_view verb, const osc::Message& message);
    void step_back(const osc::Message& message, Answers& answers);
    void step_forth(const osc::Message& message, Answers& answers);
    std::vector<config::Diagnostic> take_back(const Step& step, const config::Document& earlier);
    void adopt(config::Document document);
    std::vector<config::Diagnostic> swap(const graph::Desk& loaded, graph::Desk live, const Origins& origins, const Origins& names,
                                         const config::Document& document, std::vector<Unfit>* unfit = nullptr);
    void remember_file();
    void text_changed();
    void note(const std::string& address, const Value& before, const Value& after);
    void set_all(const std::vector<Move>& moves, Value Move::*value);
    void refuse(Answers& answers, std::string_view address, const std::vector<config::Diagnostic>& errors) const;

    Console& console_;
    Dispatcher& dispatcher_;
    config::Document document_{"{}"};
    std::string file_text_;
    std::optional<graph::Desk> file_desk_; // where the file says something else
    Journal journal_;

    // What is between begin() and commit():
    int depth_ = 0;
    bool edits_ = false;                 // what sets parameters is kept
    std::int64_t time_ = engine::Command::kNow;
    std::optional<Edit> edit_;
    bool refused_ = false;               // a verb of this edit was: none of it is done
    std::vector<std::string> done_;      // what the verbs did, for people
    std::string first_verb_;
    std::vector<Move> moves_;
    std::unordered_map<std::string, std::size_t> moved_; // addresses in moves_: a scene has thousands
    std::string first_moved_;            // by a message itself, as
    std::size_t by_hand_ = 0;            // so many of moves_
    std::string what_;                   // of the moves, where a verb says so
    std::vector<osc::Message> kept_;
};

/// At most this many errors of one transaction are answered one by one; all are in the log.
inline constexpr std::size_t most_errors_told = 16;

/// Answers /tonmeister/left_out ADDRESS REASON for as many.
void tell_unfit(const std::vector<Unfit>& unfit, Answers& answers);

} // namespace ton::control
