// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/state_lock.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace ton::control {

namespace {

/// The number that the holder wrote into its lock file; "another" where it has not yet.
std::string holder(int fd) {
    std::array<char, 16> text{};
    const auto size = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view read(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto digits = read.substr(0, read.find_first_not_of("0123456789"));
    return digits.empty() ? "another process" : fmt::format("process {}", digits);
}

} // namespace

tl::expected<StateLock, StateLock::Refusal> StateLock::take(const std::string& state_file) {
    const auto path = state_file + ".lock";
    StateLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.fd_ < 0) return tl::make_unexpected(Refusal{false, fmt::format("{}: {}", path, std::generic_category().message(errno))});
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return tl::make_unexpected(Refusal{true, fmt::format("{} saves its settings in {}", holder(lock.fd_), state_file)});
        return tl::make_unexpected(Refusal{false, fmt::format("{}: {}", path, std::generic_category().message(errno))});
    }
    // For people who look, and for the one who is refused; the lock itself does not depend on it.
    const auto number = fmt::format("{}\n", ::getpid());
    if (::ftruncate(lock.fd_, 0) == 0) [[maybe_unused]]
        const auto written = ::pwrite(lock.fd_, number.data(), number.size(), 0);
    return lock;
}

StateLock::~StateLock() {
    if (fd_ >= 0) ::close(fd_);
}

StateLock::StateLock(StateLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StateLock& StateLock::operator=(StateLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

} // namespace ton::control
