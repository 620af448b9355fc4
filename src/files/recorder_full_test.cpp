// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/recorder_test_support.hpp"

#include <cerrno>
#include <csignal>
#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ton::files;
using namespace ton::files::test;

namespace {

/// Runs in a child process, whose limits and mounts are its own; CHECKs there would not count, so it answers
/// 0 for good.
int in_child(const std::function<int()>& job) {
    fflush(nullptr); // or the child might print it again
    const pid_t child = fork();
    if (child == 0) {
        int result = 99;
        try {
            result = job();
        } catch (...) {
        }
        _exit(result);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// Records until the disk refuses, then on; every expectation that fails has its own number.
int record_until_full(const std::string& path, const std::string& reason) {
    auto sink = RecorderSink::open(options(path));
    if (!sink) return 1;
    Source source{**sink, 2};
    if (!(*sink)->start()) return 2;
    for (int block = 0; block < 2000; ++block) { // 2.6 MB of 24 bit, 1 MB fits
        if (!source.play(220)) return 3;         // the audio side never notices
        settle(**sink);
    }
    const auto status = (*sink)->status();
    if (status.state != RecorderState::failed) return 4;
    if (!status.error || status.error->what != reason) return 5;
    if (status.frames < 100000 || status.frames > 400000) return 6;
    auto file = read_all(path); // in good order and nearly as long as the disk is big
    if (!file) return 7;
    const auto kept = static_cast<std::int64_t>(file->samples[0].size());
    if (kept > status.frames || kept < status.frames - 4700) return 8;
    for (std::int64_t n = 0; n < kept; ++n)
        if (file->samples[1][static_cast<std::size_t>(n)] != grid_sample(n, 1)) return 9;
    if (!(*sink)->stop()) return 10;
    settle(**sink);
    return 0;
}

} // namespace

TEST_CASE("a full disk ends the file in good order and is told; the audio side notices nothing") {
    TempFolder folder;
    for (const char* ending : {".wav", ".rf64", ".flac"}) {
        CAPTURE(ending);
        const int result = in_child([&] {
            // A small disk of its own; without root, in a user namespace where this process is root.
            if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return 50;
            if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 && errno != EINVAL) return 51; // EINVAL: a chroot's root
            if (mount("none", (folder / "").c_str(), "tmpfs", 0, "size=1m") != 0) return 52;
            const int recorded = record_until_full(folder / test::named("a", ending), "the disk is full");
            return umount2((folder / "").c_str(), MNT_DETACH) != 0 ? 53 : recorded;
        });
        CHECK(result == 0);
    }
}

TEST_CASE("so does a limit on the size of files") {
    TempFolder folder;
    for (const char* ending : {".wav", ".rf64", ".flac"}) {
        CAPTURE(ending);
        const int result = in_child([&] {
            const rlimit limit{1'000'001, 1'000'001};
            if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0) return 50;
            return record_until_full(folder / test::named("a", ending),
                                     "the file has reached the biggest size allowed here");
        });
        CHECK(result == 0);
        CHECK_NOTHROW(test::decoded_by_ffmpeg<std::int32_t>(folder / test::named("a", ending), "s32le"));
    }
}
