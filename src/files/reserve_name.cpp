// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/reserve_name.hpp"
#include "files/system_error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace ton::files {

tl::expected<std::string, FileError> reserve_name(const std::string& path) {
    const std::filesystem::path wanted(path);
    for (int number = 1; number < 10000; ++number) {
        auto name = wanted;
        if (number > 1)
            name.replace_filename(wanted.stem().string() + "-" + std::to_string(number) +
                                  wanted.extension().string());
        const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            ::close(fd);
            return name.string();
        }
        if (errno != EEXIST) return tl::unexpected(system_error(name.string(), errno));
    }
    return tl::unexpected(FileError{path, "10,000 files of that name exist", "choose another name"});
}

} // namespace ton::files
