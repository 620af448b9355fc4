// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/test_desk.hpp"
#include "subject.hpp"

#include <string>
#include <vector>

namespace ton::conformance {

/// One parameter as a config has it: its path, and its value as JSON.
struct Written {
    std::string path, json;
};

/// `{ "TYPE": { … }, "as": "tested" }`, an entry of a chain.
std::string entry(const engine::ModuleType& type, const std::vector<Written>& parameters);

/// Settings at which a module does more than at its defaults: numbers at six tenths of their travel, and what can be on.
std::vector<Written> lively(const engine::ModuleType& type);

/// Two strips with that module, "x" and "y", which share lanes but nothing else: each has a "side" of its own ("side_x", "side_y")
/// that its points name, and what a send feeds ("bus_x", "bus_y").
std::string twins(const Subject& s, const std::vector<Written>& parameters);
test::TestDesk::Options twin_options(const Subject& s);

} // namespace ton::conformance
