// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace ton::files {

/// Writes into a FLAC file that is still being encoded how many samples it surely holds, so that a reader
/// that finds it after a crash knows its length. `frames`: handed to the encoder so far; the encoder holds
/// one block back. False with errno on failure. A file that is no FLAC yet is left alone. Internal to
/// src/files.
///
/// RFC 9639 section 8.2 (STREAMINFO): after "fLaC" and a 4-byte block header come minimum and maximum block
/// size (16 bits each), frame sizes (24 bits each), then 20 bits of rate, 3 of channels, 5 of width and 36 of
/// length.
bool patch_flac_length(int fd, std::int64_t frames);

} // namespace ton::files
