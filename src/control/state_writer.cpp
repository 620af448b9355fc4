// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/state.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace ton::control {

namespace {

constexpr auto kPatience = std::chrono::milliseconds(250); // changes that come together are written together
constexpr auto kGeneration = std::chrono::hours(1);
constexpr auto kRetry = std::chrono::seconds(2);          // after a failure: a full disk may have room again

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

  private:
    int fd_;
};

tl::unexpected<std::string> failed(const std::string& path) {
    return tl::make_unexpected(fmt::format("{}: {}", path, std::generic_category().message(errno)));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto done = ::write(fd, text.data(), text.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
}

/// A new file in the place of what a crash, or somebody else, may have left there: a link is not followed.
tl::expected<void, std::string> write_synced(const std::string& path, std::string_view text, mode_t mode) {
    ::unlink(path.c_str()); // where that fails open() does, and tells
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (file.get() < 0) return failed(path);
    const bool good = ::fchmod(file.get(), mode) == 0 && write_all(file.get(), text) && ::fsync(file.get()) == 0 && file.close();
    return good ? tl::expected<void, std::string>{} : failed(path);
}

/// Where a file's links end, whether or not there is a file. Empty where they don't.
std::filesystem::path end_of_links(std::filesystem::path path, std::error_code& error) {
    constexpr int kMost = 40; // as many as Linux follows
    for (int links = 0; std::filesystem::is_symlink(std::filesystem::symlink_status(path, error)); ++links) {
        if (links == kMost) return error = std::make_error_code(std::errc::too_many_symbolic_link_levels), std::filesystem::path();
        path = path.parent_path() / std::filesystem::read_symlink(path, error);
        if (error) return {};
    }
    return std::filesystem::weakly_canonical(path, error);
}

} // namespace

tl::expected<std::string, std::string> read_whole(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return failed(path);
    std::string text;
    for (;;) {
        std::array<char, 1 << 16> chunk;
        const auto got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(path);
        if (got == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
}

tl::expected<void, std::string> replace_file(const std::string& path, std::string_view text) {
    std::error_code error;
    const auto target = end_of_links(std::filesystem::absolute(path, error), error);
    if (error) return tl::make_unexpected(fmt::format("{}: {}", path, error.message()));
    struct stat old{};
    const bool exists = ::stat(target.c_str(), &old) == 0;
    const auto aside = target.string() + ".new";
    if (auto written = write_synced(aside, text, exists ? old.st_mode & 07777U : 0644U); !written) {
        ::unlink(aside.c_str()); // its own failure is told
        return written;
    }
    if (std::rename(aside.c_str(), target.c_str()) != 0) {
        auto why = failed(target.string());
        ::unlink(aside.c_str());
        return why;
    }
    const Descriptor directory(::open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed(target.parent_path().string());
    return {};
}

std::string generation_path(const std::string& path, int generation) { return fmt::format("{}.{}", path, generation); }

StateWriter::StateWriter(std::string path, Keep keep) : path_(std::move(path)), keep_(keep), thread_([this] { run(); }) {}

/// What is there gets a second name before it is replaced. Where that fails the state is written all the same.
void StateWriter::keep_generation(bool asked) {
    const auto now = Clock::now();
    if (keep_ == Keep::one || (!asked && kept_ && now - *kept_ < kGeneration)) return;
    kept_ = now;
    if (::access(path_.c_str(), F_OK) != 0) return;
    for (int g = kGenerations; g > 1; --g) std::rename(generation_path(path_, g - 1).c_str(), generation_path(path_, g).c_str());
    [[maybe_unused]] const int linked = ::link(path_.c_str(), generation_path(path_, 1).c_str());
}

StateWriter::~StateWriter() { finish(); }

std::string StateWriter::finish() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    return error();
}

void StateWriter::wait(Clock::duration patience) {
    std::unique_lock lock(mutex_);
    idle_.wait_for(lock, patience, [this] { return done_ == handed_; });
}

std::uint64_t StateWriter::done() const {
    const std::lock_guard lock(mutex_);
    return done_;
}

void StateWriter::touch(Clock::time_point now) {
    if (!first_change_) first_change_ = now;
}

bool StateWriter::busy() const {
    const std::lock_guard lock(mutex_);
    return busy_ || !pages_.empty();
}

std::string StateWriter::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

bool StateWriter::due(Clock::time_point now) {
    if (!first_change_ && now - last_write_ >= kRetry && !error().empty()) first_change_ = last_write_;
    if (!first_change_ || now - *first_change_ < kPatience) return false;
    const std::lock_guard lock(mutex_);
    return !busy_ && pages_.empty();
}

void StateWriter::write(std::string text) {
    first_change_.reset();
    last_write_ = Clock::now();
    {
        const std::lock_guard lock(mutex_);
        const bool another = std::exchange(new_page_, false);
        if (pages_.empty() || another) pages_.push_back({{}, another});
        pages_.back().text = std::move(text);
        pages_.back().number = ++handed_;
    }
    wake_.notify_one();
}

void StateWriter::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stop_ || !pages_.empty(); });
        if (pages_.empty()) return;
        const auto page = std::move(pages_.front());
        pages_.pop_front();
        busy_ = true;
        lock.unlock();
        keep_generation(page.another);
        auto written = replace_file(path_, page.text);
        lock.lock();
        busy_ = false;
        done_ = page.number;
        idle_.notify_one();
        error_ = written ? std::string{} : std::move(written.error());
    }
}

} // namespace ton::control
