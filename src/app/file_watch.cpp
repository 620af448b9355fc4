// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/file_watch.hpp"

#include <boost/asio/buffer.hpp>

#include <sys/inotify.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

namespace ton::app {

namespace {
constexpr auto kRest = std::chrono::milliseconds(200); // editors write in several strokes
constexpr std::uint32_t kWritten = IN_CLOSE_WRITE | IN_MOVED_TO;
} // namespace

FileWatch::FileWatch(boost::asio::io_context& io, const std::string& file, std::function<void()> changed)
    : inotify_(io), timer_(io), changed_(std::move(changed)) {
    const int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) {
        error_ = std::generic_category().message(errno);
        return;
    }
    inotify_.assign(descriptor);
    add(file);
    std::error_code ignored; // a name that can't be resolved is watched as it is
    if (const auto target = std::filesystem::canonical(file, ignored); !target.empty() && target != file) add(target.string());
    if (error_.empty()) read();
}

void FileWatch::add(const std::string& file) {
    const std::filesystem::path path(file);
    const auto folder = path.has_parent_path() ? path.parent_path().string() : ".";
    if (inotify_add_watch(inotify_.native_handle(), folder.c_str(), kWritten) < 0) error_ = std::generic_category().message(errno);
    names_.insert(path.filename().string());
}

bool FileWatch::concerns(std::size_t bytes) const {
    for (std::size_t at = 0; at + sizeof(inotify_event) <= bytes;) {
        const auto* event = reinterpret_cast<const inotify_event*>(events_.data() + at);
        if ((event->mask & IN_Q_OVERFLOW) != 0) return true; // whatever was lost may have been ours
        if (event->len > 0 && names_.contains(event->name)) return true;
        at += sizeof(inotify_event) + event->len;
    }
    return false;
}

void FileWatch::read() {
    inotify_.async_read_some(boost::asio::buffer(events_), [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error, std::size_t bytes) {
        if (error || alive.expired()) return;
        if (concerns(bytes)) {
            timer_.expires_after(kRest); // from the last change
            timer_.async_wait([this, alive](const boost::system::error_code& stopped) {
                if (!stopped && !alive.expired()) changed_();
            });
        }
        read();
    });
}

} // namespace ton::app
