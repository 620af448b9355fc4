// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace ton::config;

namespace {

/// Right as far as this layer can tell: their errors are about modules. tests/test_broken_configs.py runs
/// them.
constexpr std::array<std::string_view, 9> about_modules{
    "channel_mismatch",       "cycle_over_send",      "missing_file",
    "parameter_out_of_range", "parameter_wrong_type", "unknown_module",
    "unknown_send_target",    "unknown_parameter",    "unknown_sidechain"};

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

// Runs in the project's folder, since a message begins with the file's name as it was given.
TEST_CASE("every broken config gives exactly the errors beside it") {
    const std::filesystem::path folder = "configs/broken";
    REQUIRE(std::filesystem::is_directory(folder));
    int tried = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        const auto name = entry.path().stem().string();
        INFO(name);
        ++tried;
        const auto config = load_file(entry.path().string());
        if (std::find(about_modules.begin(), about_modules.end(), name) != about_modules.end()) {
            if (!config) FAIL_CHECK(format(config.error()));
            continue;
        }
        REQUIRE_FALSE(config.has_value());
        CHECK(format(config.error()) ==
              text_of(std::filesystem::path(entry.path()).replace_extension(".expected")));
    }
    CHECK(tried >= 25);
}
