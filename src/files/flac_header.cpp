// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/flac_header.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <unistd.h>

namespace ton::files {

namespace {

constexpr std::size_t block_size_at = 8;
constexpr std::size_t length_at = 21; // its upper 4 bits share a byte with the sample width

} // namespace

bool patch_flac_length(int fd, std::int64_t frames) {
    std::array<unsigned char, length_at + 5> head{};
    const auto got = pread(fd, head.data(), head.size(), 0);
    if (got < 0) return false;
    if (got != static_cast<ssize_t>(head.size()) || std::memcmp(head.data(), "fLaC", 4) != 0) return true;
    const std::int64_t block = head[block_size_at] * 256 + head[block_size_at + 1];
    if (block == 0) return true;
    // libFLAC emits a block once it has seen the first sample of the next one.
    auto length = static_cast<std::uint64_t>(std::max<std::int64_t>(frames - 1, 0) / block * block);
    for (std::size_t byte = 4; byte > 0; --byte, length >>= 8)
        head[length_at + byte] = static_cast<unsigned char>(length & 0xff);
    head[length_at] = static_cast<unsigned char>((head[length_at] & 0xf0) | (length & 0x0f));
    return pwrite(fd, head.data() + length_at, 5, length_at) == 5;
}

} // namespace ton::files
