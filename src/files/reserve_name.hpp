// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/file_error.hpp"

#include <string>
#include <tl/expected.hpp>

namespace ton::files {

/// Creates `path`, or the first free of name-2, name-3, … (before the ending), as an empty file: what is there is
/// never touched, and no two can choose the same. Returns its name. Control or disk thread.
tl::expected<std::string, FileError> reserve_name(const std::string& path);

} // namespace ton::files
