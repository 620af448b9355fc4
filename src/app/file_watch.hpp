// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace ton::app {

/// Tells when a file has been written, by whatever way editors write: in place, or beside it and renamed over it, also
/// where the name is a symbolic link. Watches its folder (inotify), since a renamed file is another one. Control thread.
class FileWatch {
  public:
    /// `changed` is called once, 200 ms after the last of a row of changes.
    FileWatch(boost::asio::io_context& io, const std::string& file, std::function<void()> changed);

    /// Why the file can't be watched; empty if it is.
    const std::string& error() const { return error_; }

  private:
    void add(const std::string& file);
    void read();
    bool concerns(std::size_t bytes) const;

    boost::asio::posix::stream_descriptor inotify_;
    boost::asio::steady_timer timer_;
    std::function<void()> changed_;
    std::set<std::string> names_;
    std::string error_;
    alignas(8) std::array<char, 8192> events_{};
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true); // for completions that are queued already
};

} // namespace ton::app
