// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/console.hpp"
#include "control/scene_book.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ton::control {

/// False where a fade for that pattern would say nothing of what the scene has.
bool covers_any(const Scene& scene, const std::string& pattern);

/// The scenes of a desk: what is stored, and what a recall does to the console. Control thread.
///
/// A pattern of a scope, a safe or a fade covers the addresses it matches and all below: "/host" is the whole strip.
/// A scope that is not given covers everything except solos and recorders, which nobody wants to be started by a scene.
///
/// A recall is one edit at one sample. What can move fades from wherever it is; switches, words and what alters the
/// graph change when the fade begins, or when it is over. A later recall, or a hand, takes over an address from where
/// it is, and calls off the switch that waits for its end.
class Scenes {
  public:
    explicit Scenes(Console& console) : console_(console) {
        console_.on_set = [this](const std::string& address) { touched(address); };
    }

    struct Recalled {
        std::size_t set = 0, safe = 0;
        std::vector<std::pair<std::string, std::string>> left_out; ///< address, and why
    };
    struct Difference {
        std::string address;
        Value now, then;
    };

    /// How many values were stored. What the scene says about fades stays when it is stored anew.
    tl::expected<std::size_t, std::string> store(const std::string& name, std::vector<std::string> scope);
    /// At that absolute sample or now. `seconds` for what has no time of its own.
    tl::expected<Recalled, std::string> recall(std::string_view name, std::optional<double> seconds, std::int64_t time);
    bool remove(std::string_view name);
    /// What a recall would change now; safes and what no longer exists are left out.
    tl::expected<std::vector<Difference>, std::string> diff(std::string_view name) const;

    const Control* find(std::string_view address) const { return console_.find(address); }
    const SceneBook& book() const { return book_; }
    SceneBook& book() { return book_; }

    /// What a recall sets, for who remembers it.
    std::function<void(const std::string& address, const Value& before, const Value& after)> on_move;

    /// From Console::on_change.
    void changed(const Control& control) { touched(control.address); }
    /// From Editor::on_renamed. True where the book is another now. Switches that wait for a strip that is gone are called off.
    bool renamed(const Origins& names);
    /// Another desk was loaded: no switch of the one before waits any more.
    void call_off() { waiting_.clear(); }
    /// What waits is put where it will be: for what is kept of a desk, which has the goal of a fade, too.
    void arrive(graph::Desk& desk) const;
    /// Switches that fall due before or at that absolute sample change there.
    void poll(std::int64_t until);
    /// The absolute sample of the next of them.
    std::optional<std::int64_t> next_due() const;

  private:
    struct Step {
        const Control* control;
        Value value;
        double seconds; ///< negative: the row's own smoothing
        engine::Way way;
    };
    struct Waiting {
        std::int64_t due;
        std::string address;
        Value value;
    };
    std::unordered_set<std::string_view> led(const Scene& scene) const;
    std::vector<Step> steps(const Scene& scene, std::optional<double> seconds, Recalled& recalled) const;
    void take(const std::vector<Step>& steps, bool switch_at_end, std::int64_t time);
    std::int64_t now(std::int64_t time) const;
    void touched(std::string_view address);

    Console& console_;
    SceneBook book_;
    std::vector<Waiting> waiting_; ///< by due
    bool own_ = false;             ///< what changes is our doing
};

} // namespace ton::control
