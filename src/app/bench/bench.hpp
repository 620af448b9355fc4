// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/bench/timing.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace ton::app {

struct BenchOptions {
    bool json = false;
    bool quick = false;          ///< a tenth of the work: for tests, not for figures
    std::vector<std::string> only; ///< names of benchmarks; empty: all
};

/// Of all benchmarks, in the order in which they run.
std::vector<std::string> bench_names();

/// `tonmeister bench`: what design section 9 and the README quote, on this machine, in one run.
int bench(const BenchOptions& options);

namespace benching {

void strips(nlohmann::json& out, bool quick);
void empty_graph(nlohmann::json& out, bool quick);
void reload(nlohmann::json& out, bool quick);
void edit(nlohmann::json& out, bool quick);
void loudness(nlohmann::json& out, bool quick);
void limiter(nlohmann::json& out, bool quick);
void osc(nlohmann::json& out, bool quick);
void scenes(nlohmann::json& out, bool quick);
void monitor(nlohmann::json& out, bool quick);
void matrix(nlohmann::json& out, bool quick);

} // namespace benching
} // namespace ton::app
