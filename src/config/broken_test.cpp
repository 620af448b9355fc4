// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace ton::config;

namespace {

/// Some of their errors are about modules, of which this layer knows nothing; what it says must be among what is
/// expected. tests/test_broken_configs.py runs them in full.
constexpr std::string_view about_modules[]{
    "all_layers_at_once", "channel_mismatch",       "channel_widths",       "cycle_over_send",
    "missing_file",       "parameter_out_of_range", "parameter_wrong_type", "sidechain_circle",
    "unknown_module",     "unknown_parameter",      "unknown_send_target",  "unknown_sidechain",
    "unknown_sidechain_module", "sidechain_circle_at_a_module",
    "cycle_over_source",  "source_against_the_stages", "source_too_wide",
    "matrix_size",
    "group_members",      "hidden_strip",           "insert_ports",         "insert_wrong_type",
    "linked_in_a_row",    "too_narrow_and_heard"};

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
        if (std::ranges::find(about_modules, name) != std::end(about_modules)) {
            const auto expected = text_of(std::filesystem::path(entry.path()).replace_extension(".expected"));
            for (const auto& error : config ? std::vector<Diagnostic>{} : config.error())
                CHECK(expected.find(format(error) + '\n') != std::string::npos);
            continue;
        }
        REQUIRE_FALSE(config.has_value());
        CHECK(format(config.error()) ==
              text_of(std::filesystem::path(entry.path()).replace_extension(".expected")));
    }
    CHECK(tried >= 25);
}
