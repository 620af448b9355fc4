// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/measure.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>

namespace ton::app {

namespace {

tl::expected<Report, files::FileError> measure_file(const std::string& path, const MeasureOptions& options) {
    auto reader = files::Reader::open(path);
    if (!reader) return tl::make_unexpected(reader.error());
    return analyse(*reader, options);
}

} // namespace

int measure(const MeasureCommand& command) {
    auto reports = nlohmann::ordered_json::array();
    int code = 0;
    for (const auto& file : command.files) {
        auto report = measure_file(file, command.options);
        if (!report) {
            fmt::print(stderr, "tonmeister measure: {}\n", report.error().text());
            code = 1;
            continue;
        }
        report->file = file;
        if (command.strict && report->worst() == Severity::fail) code = 1;
        if (command.json) reports.push_back(to_json(*report));
        else fmt::print("{}", to_text(*report));
    }
    if (command.json) fmt::print("{}\n", reports.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return code;
}

} // namespace ton::app
