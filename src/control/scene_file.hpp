// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/scenes.hpp"
#include "control/state.hpp"

#include <cstdint>
#include <string>

namespace ton::control {

/// Where the scenes of a state file are kept: `desk.state.json` has `desk.scenes.json` beside it.
std::string scenes_path(const std::string& state_file);

/// Keeps a desk's scenes in a file that people may edit meanwhile: it is read again when it has changed, and as long as
/// it is broken nothing is recalled from it and nothing written over it. Writes on a thread of its own. Control thread.
class SceneFile {
  public:
    SceneFile(Scenes& scenes, std::string path);

    const std::string& path() const { return path_; }
    /// Reads what changed since the last look. What is wrong with the file, a line for each error; empty: nothing.
    std::string refresh();
    /// The scenes were changed: they go to the disk soon. Only after a refresh() that found nothing wrong.
    void save();
    /// Now and then: a write that failed is tried again.
    void poll();
    /// The end: what is not on the disk yet is tried once more. Why it can't be saved, or empty.
    std::string finish();
    /// Why they can't be saved, or empty.
    std::string error() const { return writer_.error(); }
    bool busy() const { return writer_.busy(); }

  private:
    struct Stamp {
        std::int64_t seconds = -1, nanoseconds = 0, size = 0;
        std::uint64_t inode = 0;
        bool operator==(const Stamp&) const = default;
    };
    static Stamp stamp_of(const std::string& path);

    Scenes& scenes_;
    std::string path_;
    Stamp seen_;
    std::string text_;   ///< as last read or written
    std::string broken_; ///< what is wrong with the file as it is
    StateWriter writer_;
};

} // namespace ton::control
