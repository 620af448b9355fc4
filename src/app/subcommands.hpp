// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ton::app {

/// Every subcommand fills its options and leaves what to do in `work`, which returns the exit code.
using Work = std::function<int()>;

/// modules, schema, graph: what derives from the tables and from a config.
void add_reference_commands(CLI::App& app, Work& work);
/// measure: quality control of files.
void add_measure(CLI::App& app, Work& work);
/// get, set, watch, send: the OSC client.
void add_remote_commands(CLI::App& app, Work& work);

/// The words after the program's name, so that CLI11 takes what `set` and `send` are to send as it is: -inf, negative
/// numbers, lists. Options go first, then "--", then all that is no option.
std::vector<std::string> values_last(std::vector<std::string> words);
/// Of `run` and `render`: a word among several values of --osc, --input or --output that can be none of them is the config,
/// and goes first, where no list swallows it.
std::vector<std::string> config_first(std::vector<std::string> words);

} // namespace ton::app
