// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/file_error.hpp"

#include <string>

struct sf_private_tag;

namespace ton::files {

/// The sentence for an errno of open, read or write. Internal to src/files.
FileError system_error(const std::string& path, int errno_value);

/// The sentence for libsndfile's last error on `file` (null: of sf_open), given the errno of the failed call
/// (0: none).
FileError sndfile_error(const std::string& path, sf_private_tag* file, int errno_value);

} // namespace ton::files
