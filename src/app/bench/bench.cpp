// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/bench/bench.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>

namespace ton::app {

namespace {

struct Benchmark {
    const char* name;
    void (*run)(nlohmann::json&, bool quick);
};
constexpr Benchmark kAll[] = {{"strips", benching::strips},
                              {"empty_graph", benching::empty_graph},
                              {"reload", benching::reload},
                              {"edit", benching::edit},
                              {"loudness", benching::loudness},
                              {"limiter", benching::limiter},
                              {"osc", benching::osc},
                              {"scenes", benching::scenes},
                              {"monitor", benching::monitor},
                              {"matrix", benching::matrix}};

void print(const nlohmann::json& value, const std::string& name, int depth) {
    if (value.is_object()) {
        fmt::print("{:{}}{}\n", "", depth * 2, name);
        for (const auto& [key, inner] : value.items()) print(inner, key, depth + 1);
    } else if (value.is_number_float()) {
        fmt::print("{:{}}{:<34} {:>12.3f}\n", "", depth * 2, name, value.get<double>());
    } else if (value.is_string()) {
        fmt::print("{:{}}({})\n", "", depth * 2, value.get<std::string>());
    } else {
        fmt::print("{:{}}{:<34} {:>12}\n", "", depth * 2, name, value.dump());
    }
}

} // namespace

std::vector<std::string> bench_names() {
    std::vector<std::string> names;
    for (const auto& benchmark : kAll) names.emplace_back(benchmark.name);
    return names;
}

int bench(const BenchOptions& options) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& benchmark : kAll) {
        if (!options.only.empty() && std::ranges::find(options.only, benchmark.name) == options.only.end()) continue;
        if (!options.json) fmt::print(stderr, "{}…\n", benchmark.name);
        try {
            benchmark.run(out, options.quick);
        } catch (const std::exception& e) {
            fmt::print(stderr, "bench: {}: {}\n", benchmark.name, e.what());
            return 1;
        }
    }
    if (options.json) fmt::print("{}\n", out.dump(2));
    else for (const auto& [name, value] : out.items()) print(value, name, 0);
    return 0;
}

} // namespace ton::app
