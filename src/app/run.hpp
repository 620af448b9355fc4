// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace ton::app {

struct RunOptions {
    std::string config;
    std::string backend = "auto";  ///< auto, jack, pipewire, internal
    std::string name;              ///< client name with the audio server; empty: the config's name, or tonmeister
    std::string server;            ///< JACK server's name; empty: the default one
    std::vector<std::string> osc;  ///< URLs instead of the config's
    std::string state;             ///< file of the live settings; empty: the usual place
    bool watch = false;            ///< reload the config whenever its file is written
    bool fresh = false;            ///< ignore what was saved
    bool verbose = false;
};

/// `tonmeister run`: the daemon, in the foreground, until SIGINT or SIGTERM. Returns the exit code.
int run(const RunOptions& options);

} // namespace ton::app
