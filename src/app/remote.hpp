// SPDX-License-Identifier: GPL-3.0-or-later
// An OSC client for people and scripts: get, set, watch and send. Each returns the exit code and tells errors in a
// sentence on stderr. They block; nothing here is for the daemon.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ton::app {

struct Remote {
    std::string url = "udp://127.0.0.1:9000"; ///< where the daemon listens
    double timeout = 2.0;                     ///< s to wait for an answer
};

/// Prints the value of an address with its unit, or `ADDRESS VALUE UNIT` for every address that a pattern matches,
/// sorted. `plain` leaves the units out. An address that is no parameter (/tonmeister/status) prints its answer.
int get(const Remote& remote, const std::string& address, bool plain);

/// Sets, waits until it is in effect, and prints `ADDRESS VALUE` where another value than the one sent was applied.
int set(const Remote& remote, const std::string& address, const std::vector<std::string>& values);

struct WatchOptions {
    std::string pattern;
    std::optional<double> rate;    ///< Hz, of meters
    std::optional<double> seconds; ///< how long; else until SIGINT or SIGTERM
    std::optional<int> count;      ///< how many lines
};

/// Subscribes, prints `ADDRESS VALUE` for all there is at first and for every change, and unsubscribes in the end.
int watch(const Remote& remote, const WatchOptions& options);

/// Sends any message; prints what is answered, until all of it is in effect.
int send(const Remote& remote, const std::string& address, const std::vector<std::string>& arguments);

} // namespace ton::app
