// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace ton::files {

/// Why a file could not be read or written, in words for the person at the desk.
struct FileError {
    std::string path;   ///< the file, as it was given
    std::string what;   ///< what went wrong ("no such file", "the disk is full")
    std::string remedy; ///< what to do about it; empty when there is nothing better to say

    /// One sentence: `take.wav: the disk is full; free some space and record again`.
    std::string text() const { return path + ": " + what + (remedy.empty() ? "" : "; " + remedy); }
};

} // namespace ton::files
