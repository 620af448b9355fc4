// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/document.hpp"
#include "control/carry.hpp"
#include "control/console.hpp"

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace ton::control {

struct Move {
    std::string address;
    Value before, after;
};

/// One thing that a person did: an edit of the desk, settings that were moved, or both in one bundle.
struct Step {
    std::string what;                   ///< for people
    std::vector<config::Splice> text;   ///< of the config, in order
    Origins origins, back;              ///< of strips, forth and back
    Renames renames;                    ///< see Edit::renames()
    std::vector<Move> moves;
    std::vector<std::pair<std::string, Value>> lost; ///< settings that the edit took away, as they stood
    double time = 0;                    ///< s, when it was last added to
    bool yields = false;                ///< a reload: settings moved by hand that no longer fit go
    bool silent = false;                ///< changed the text only: a save. Undone together with what was before it

    std::size_t bytes() const;
};

/// What can be undone and redone: at most so many steps and bytes, the oldest forgotten first. Control thread.
class Journal {
  public:
    struct Limits {
        std::size_t steps = 1000;
        std::size_t bytes = std::size_t{16} << 20;
        double together = 1.0; ///< s: moves of the same addresses within this time are one step
    };
    Journal() = default;
    explicit Journal(Limits limits) : limits_(limits) {}

    /// What was undone can't be redone any more.
    void add(Step step);
    /// The step to undo next, or null; undone() goes behind it. Silent steps are steps here.
    const Step* last() const { return done_.empty() ? nullptr : &done_.back(); }
    void undone();
    /// The step to redo next, or null.
    const Step* next() const { return undone_.empty() ? nullptr : &undone_.back(); }
    void redone();
    void clear();
    /// There is something to undo (redo) that is more than silent steps.
    bool can_undo() const;
    bool can_redo() const;
    std::size_t size() const { return done_.size(); }

  private:
    bool merge(const Step& step);
    void forget_oldest();

    Limits limits_;
    std::deque<Step> done_;
    std::vector<Step> undone_; // the next to redo is the last
    std::size_t bytes_ = 0;    // of done_
    bool fresh_ = false;       // the last step was just added, nothing undone since
};

} // namespace ton::control
