// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/memory.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using ton::engine::allocate;
using Block = ton::engine::Memory<float>;

bool on_a_line(const Block& block) { return reinterpret_cast<std::uintptr_t>(block.get()) % 64 == 0; }

bool silent(const Block& block, std::size_t count) {
    return std::all_of(block.get(), block.get() + count, [](float x) { return x == 0.0F; });
}

/// Whether every page of it is in memory, so that the audio thread meets no fault.
bool there(const Block& block, std::size_t count) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(block.get()) / page * page;
    const auto end = reinterpret_cast<std::uintptr_t>(block.get() + count);
    std::vector<unsigned char> resident((end - begin + page - 1) / page);
    REQUIRE(mincore(reinterpret_cast<void*>(begin), end - begin, resident.data()) == 0);
    return std::ranges::all_of(resident, [](unsigned char r) { return (r & 1) != 0; });
}

/// The flags of the mapping that it lies in, as in proc(5), smaps.
std::string flags_of(const Block& block) {
    std::ifstream maps("/proc/self/smaps");
    const auto address = reinterpret_cast<std::uintptr_t>(block.get());
    bool here = false;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0, end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) here = begin <= address && address < end;
        if (here && line.starts_with("VmFlags:")) return line;
    }
    return {};
}

constexpr std::size_t kSizes[] = {1, 15, 16, 17, 1000, 4096, 50000, 70000, 600000, 3000000}; // up to 12 MB

} // namespace

TEST_CASE("blocks of every size begin on a cache line, are zero, in memory, and keep out of each other's way") {
    std::vector<Block> blocks;
    for (int round = 0; round < 3; ++round)
        for (const auto size : kSizes) {
            blocks.push_back(allocate<float>(size));
            CHECK(on_a_line(blocks.back()));
            CHECK(there(blocks.back(), size)); // before it is looked at: to read an untouched page brings it
            CHECK(silent(blocks.back(), size));
            std::fill_n(blocks.back().get(), size, static_cast<float>(blocks.size()));
        }
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const auto size = kSizes[b % std::size(kSizes)];
        CHECK(std::count(blocks[b].get(), blocks[b].get() + size, static_cast<float>(b + 1)) == static_cast<std::ptrdiff_t>(size));
    }
}

TEST_CASE("what has come on small pages is not gathered later, while the audio thread plays on it") {
    for (const auto size : kSizes) {
        const auto block = allocate<float>(size);
        const auto flags = flags_of(block);
        CHECK(flags.starts_with("VmFlags:"));
        CHECK(flags.find(" hg") == std::string::npos); // MADV_HUGEPAGE: khugepaged may come
    }
}

TEST_CASE("what was given back comes again as zeroes") {
    for (const auto size : kSizes) {
        for (int again = 0; again < 3; ++again) {
            const auto block = allocate<float>(size);
            CHECK(silent(block, size));
            std::fill_n(block.get(), size, 1.0F);
        }
    }
}

TEST_CASE("edits that take and give the same blocks take no more memory") {
    const auto pages = [] {
        std::FILE* const file = std::fopen("/proc/self/statm", "r");
        REQUIRE(file != nullptr);
        long size = 0, resident = 0;
        const int read = std::fscanf(file, "%ld %ld", &size, &resident);
        std::fclose(file);
        REQUIRE(read == 2);
        return size;
    };
    const auto edit = [] {
        std::vector<Block> desk;
        for (int i = 0; i < 100; ++i)
            for (const auto size : kSizes)
                if (size < 100000) desk.push_back(allocate<float>(size));
    };
    for (int i = 0; i < 8; ++i) edit(); // AddressSanitizer keeps 256 MB of what was freed
    const long before = pages();
    for (int i = 0; i < 50; ++i) edit();
    CHECK(pages() - before < 10000); // of 4 kB: less than one desk more
}
