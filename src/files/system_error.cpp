// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/system_error.hpp"

#include <cerrno>
#include <sndfile.h>
#include <system_error>

namespace ton::files {

FileError system_error(const std::string& path, int errno_value) {
    switch (errno_value) {
    case ENOENT:
        return {path, "no such file or folder", "check the spelling and that the folder exists"};
    case ENOTDIR:
        return {path, "a part of the path is not a folder", "check the path"};
    case EISDIR:
        return {path, "is a folder, not a file", "name a file in it"};
    case ESPIPE:
        return {path, "is a pipe or a device, not a file", "name a file"};
    case EACCES:
    case EPERM:
        return {path, "permission denied", "check the owner and mode of the file and its folder"};
    case EROFS:
        return {path, "the file system is read-only", "choose another folder"};
    case ENOSPC:
        return {path, "the disk is full", "free some space or choose another disk"};
    case EDQUOT:
        return {path, "the disk quota is used up", "free some space or choose another disk"};
    case EFBIG:
        return {path, "the file has reached the biggest size allowed here",
                "raise the limit (ulimit -f) or use another file system"};
    case EMFILE:
    case ENFILE:
        return {path, "too many files are open", "raise the limit (ulimit -n)"};
    case EIO:
        return {path, "the disk reports an input/output error", "check the disk (dmesg)"};
    default:
        return {path, std::generic_category().message(errno_value), ""};
    }
}

FileError sndfile_error(const std::string& path, SNDFILE* file, int errno_value) {
    if (errno_value != 0) return system_error(path, errno_value);
    switch (sf_error(file)) {
    case SF_ERR_UNRECOGNISED_FORMAT:
        return {path, "not a sound file of a known format", "use WAV, RF64, FLAC, Ogg, MP3, AIFF or CAF"};
    case SF_ERR_UNSUPPORTED_ENCODING:
        return {path, "its encoding is not supported", "convert it to WAV or FLAC first"};
    default:
        return {path, sf_strerror(file), ""};
    }
}

} // namespace ton::files
