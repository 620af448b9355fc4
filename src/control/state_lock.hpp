// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <string>

namespace ton::control {

/// Two daemons that write one state file would undo each other's saving: whoever writes holds `FILE.lock` (flock(2), so
/// it is free again with the process, however that ends). Control thread.
class StateLock {
  public:
    struct Refusal {
        bool taken = false; ///< another process holds it; else the lock file can't be made
        std::string why;
    };
    /// Takes the lock of that state file. The file stays when the lock is given back: removing it would race.
    static tl::expected<StateLock, Refusal> take(const std::string& state_file);
    ~StateLock();
    StateLock(StateLock&& other) noexcept;
    StateLock& operator=(StateLock&& other) noexcept;

  private:
    explicit StateLock(int fd) : fd_(fd) {}
    int fd_;
};

} // namespace ton::control
