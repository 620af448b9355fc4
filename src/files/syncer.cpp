// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/syncer.hpp"
#include "files/system_error.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace ton::files {

namespace {

/// 0, or the errno of what failed.
int sync_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : errno; // deleted meanwhile: nothing to save
    const int reason = fdatasync(fd) == 0 ? 0 : errno;
    ::close(fd);
    return reason;
}

} // namespace

Syncer::Syncer() : thread_([this] { run(); }) {}

Syncer::~Syncer() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Syncer::request(const std::string& path) {
    {
        const std::lock_guard lock(mutex_);
        if (std::find(paths_.begin(), paths_.end(), path) == paths_.end()) paths_.push_back(path);
    }
    changed_.notify_one();
}

std::optional<FileError> Syncer::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

void Syncer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return !paths_.empty() || quit_; });
        if (paths_.empty()) return;
        const auto path = std::move(paths_.front());
        paths_.pop_front();
        lock.unlock();
        const int reason = sync_file(path);
        lock.lock();
        if (reason != 0) error_ = system_error(path, reason);
    }
}

} // namespace ton::files
