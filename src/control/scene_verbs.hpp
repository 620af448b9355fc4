// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/dispatch.hpp"
#include "control/scenes.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace ton::control {

/// /tonmeister/scene/store, recall, delete, list, diff, safe, fade and switch. The same over OSC and in
/// `render --events`. Control thread.
class SceneVerbs {
  public:
    SceneVerbs(Dispatcher& dispatcher, Scenes& scenes);

    /// Before each verb, where scenes live in a file: what is wrong with it (a line for each error), or empty.
    std::function<std::string()> refresh;
    /// After each change of the scenes.
    std::function<void()> changed;
    /// A scene was stored, recalled or deleted: what, for people.
    std::function<void(std::string_view what)> on_done;

  private:
    using Work = void (SceneVerbs::*)(const osc::Message&, Answers&);
    void add(const char* verb, Work work);
    void store(const osc::Message& m, Answers& a);
    void recall(const osc::Message& m, Answers& a);
    void remove(const osc::Message& m, Answers& a);
    void list(const osc::Message& m, Answers& a);
    void diff(const osc::Message& m, Answers& a);
    void safe(const osc::Message& m, Answers& a);
    void fade(const osc::Message& m, Answers& a);
    void switch_at(const osc::Message& m, Answers& a);
    Scene* named(const osc::Message& m, Answers& a);
    void keep() const;
    void tell(std::string_view what) const;

    Dispatcher& dispatcher_;
    Scenes& scenes_;
};

} // namespace ton::control
