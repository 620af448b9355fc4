// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/console.hpp"
#include "files/disk_thread.hpp"

#include <map>
#include <string>
#include <vector>

namespace ton::test {

using Planes = std::vector<std::vector<float>>;

/// Noise of at most 1/8: multiples of 1/1024, so that a sum or half of some is exact.
Planes noise(int channels, int frames, unsigned seed);

/// A whole desk, offline, for tests: JSON in, audio in by strip, audio out by strip.
class TestDesk {
  public:
    struct Options {
        int lane_width = 0;
        std::map<std::string, int> inputs;    ///< strips fed by the test, and their channels
        std::vector<std::string> outputs;     ///< strips the test listens to
        void (*around_process)(bool begins) = nullptr; ///< called before and after each callback that plays
    };
    TestDesk(const std::string& json, Options options);

    /// A new config over the running one; throws with the diagnostics.
    void reload(const std::string& json);
    void set(const std::string& address, double value, double seconds = -1);
    /// Plays `frames` frames in blocks of `block` and returns what each listened-to strip gave. Beside strips `input` may name
    /// an insert, "x/insert:insert", for what comes back to it; without that the strip's own comes back.
    std::map<std::string, Planes> play(int frames, const std::map<std::string, Planes>& input, int block = 64);
    int latency(const std::string& strip) const;

    control::Console& console() { return *console_; }
    engine::Engine& engine() { return engine_; }

  private:
    static graph::Desk desk_of(const std::string& json);
    files::DiskThread disk_; // outlives the players in the engine's plan
    engine::Engine engine_;
    Options options_;
    std::unique_ptr<control::Console> console_;
};

} // namespace ton::test
