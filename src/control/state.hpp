// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// The live settings across restarts: what was moved since the config was loaded, by address. Beside each value
/// stands what the config said, so that a restart does what a reload does: what the config's author changed
/// meanwhile goes before what was moved by hand, all else is as it was.
namespace ton::control {

/// A config's text that was edited live and is not in its file yet.
struct Unsaved {
    std::string text;
    std::string file_print; ///< text_print() of the file that it was made from
    std::string save_print; ///< and of the text that a save is about to put in its place; empty where none is under way
};
/// Tells texts apart: length and 64-bit FNV-1a.
std::string text_print(std::string_view text);

/// The settings of `live` that differ from `loaded`, as JSON. Both are the same strips and chains. With `unsaved` its
/// text, and the settings that differ from `file`, too: what the config's file says. Control thread.
std::string state_text(const graph::Desk& loaded, const graph::Desk& live, const Unsaved* unsaved = nullptr, const graph::Desk* file = nullptr);

struct SavedState {
    graph::Desk loaded, live;        ///< the desk that was asked about, with the values as they were then
    int settings = 0;                ///< how many were found
    std::vector<std::string> unused; ///< addresses that this desk has not, or whose value it does not take
};

/// What `desk` was read from.
enum class ReadFrom {
    file,    ///< the config's file: what its author changed since goes before what was moved
    unsaved, ///< the state's own unsaved text
};
/// Reads state_text() for a desk that may have changed since. The error says what is wrong with the text as a whole:
/// no state, or one of a newer version.
tl::expected<SavedState, std::string> read_state(std::string_view text, const graph::Desk& desk, ReadFrom from = ReadFrom::file);
/// The config whose state this is, where that is another file than `config` and still there; else empty. One that is gone was
/// moved or renamed, and its state goes with it. Looks at the disk.
std::string other_config(std::string_view text, const std::string& config);
/// The unsaved text in a state; nothing where there is none, or the state can't be read.
std::optional<Unsaved> read_unsaved(std::string_view text);

/// Where the state of a config is kept: in $STATE_DIRECTORY, else $XDG_STATE_HOME/tonmeister, else
/// ~/.local/state/tonmeister, under the config's name and a number made of its whole path. Empty where the
/// environment names no directory.
std::string state_path(const std::string& config);

/// Puts `text` in the place of a file so that a crash or power cut leaves the old or the new one whole: written
/// beside it, synced, renamed, the directory synced. A symbolic link stays and its target is replaced. Keeps the
/// mode of the file it replaces. Blocks on the disk.
tl::expected<void, std::string> replace_file(const std::string& path, std::string_view text);

/// All of a file, or why it can't be read.
tl::expected<std::string, std::string> read_whole(const std::string& path);

/// Earlier files of a state: FILE.1 is the newest. One is kept at the first write of a process, one an hour, and one when asked for.
inline constexpr int kGenerations = 3;
std::string generation_path(const std::string& path, int generation);

/// Writes the state on a thread of its own, at most a quarter of a second (and what the disk takes) after a change.
/// All members on the control thread.
class StateWriter {
  public:
    using Clock = std::chrono::steady_clock;
    enum class Keep { one, generations };
    explicit StateWriter(std::string path, Keep keep = Keep::one);
    ~StateWriter(); ///< as finish()

    const std::string& path() const { return path_; }
    /// Something changed.
    void touch(Clock::time_point now = Clock::now());
    /// A write is due, and the last one is done: call write() with the state as it is.
    bool due(Clock::time_point now = Clock::now());
    void write(std::string text);
    /// What comes is of another config: what is there is kept as a generation before the next write.
    void turn_page() { new_page_ = true; }
    /// Something changed that was not written yet.
    bool dirty() const { return first_change_.has_value(); }
    /// Until what was handed over is written, or has failed, or that time is over. Blocks on the disk.
    void wait(Clock::duration patience);
    /// How many texts were handed over, and how many of them are written, have failed, or made room for a newer one.
    std::uint64_t handed() const { return handed_; }
    std::uint64_t done() const;
    /// What was handed over is written, and nothing more. Why the last write failed, or empty.
    std::string finish();
    /// A write is under way or waits for its turn.
    bool busy() const;
    /// Why the last write failed; empty if it did not. A failed write is tried again with the state as it is then.
    std::string error() const;

  private:
    void run();
    void keep_generation(bool asked); // writer thread

    std::string path_;
    Keep keep_;
    std::optional<Clock::time_point> kept_; // writer thread's
    std::optional<Clock::time_point> first_change_; // since the last write()
    Clock::time_point last_write_{};
    std::uint64_t handed_ = 0;
    bool new_page_ = false;

    mutable std::mutex mutex_; // guards what follows; shared with the writer thread
    std::condition_variable wake_, idle_;
    struct Page {
        std::string text;
        bool another;             ///< than what is there: that is kept
        std::uint64_t number = 0; ///< of texts, with this one
    };
    std::uint64_t done_ = 0;
    std::deque<Page> pages_; // to be written; a newer text takes the place of one that waits
    std::string error_;
    bool busy_ = false, stop_ = false;
    std::thread thread_;
};

} // namespace ton::control
