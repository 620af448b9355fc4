// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/file_error.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace ton::files {

/// Brings files' data to the disk, for power cuts, on a thread of its own: a busy disk can take seconds over
/// that, and the disk thread has rings to empty meanwhile. Any thread; internal to src/files.
class Syncer {
  public:
    Syncer();
    ~Syncer(); ///< after all that was asked for
    Syncer(const Syncer&) = delete;
    Syncer& operator=(const Syncer&) = delete;

    void request(const std::string& path);  ///< returns at once; asking twice while it waits is asking once
    std::optional<FileError> error() const; ///< the last that happened

  private:
    void run();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> paths_;
    std::optional<FileError> error_;
    bool quit_ = false;
    std::thread thread_;
};

} // namespace ton::files
