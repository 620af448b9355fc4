// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/console.hpp"
#include "files/disk_thread.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ton::app::benching {

/// A desk on a bench: built from JSON text, fed with noise, run as fast as the machine can.
class DeskRig {
  public:
    /// Throws std::runtime_error with the diagnostics where the text is wrong: the bench's own mistake.
    explicit DeskRig(const std::string& json, int lane_width = 0);

    /// Runs that many callbacks of `block` frames.
    void run(int callbacks, int block);
    /// Like a hand on every fader: sets the address now, over `seconds`.
    void move(const std::string& address, double value, double seconds);
    /// What the last callback gave, by port slot.
    const float* output(int slot) const { return outputs_[static_cast<std::size_t>(slot)]; }
    control::Console& console() { return *console_; }
    engine::Engine& engine() { return engine_; }
    static graph::Desk desk_of(const std::string& json);

  private:
    engine::Engine engine_;
    files::DiskThread disk_;
    std::unique_ptr<control::Console> console_;
    std::vector<std::vector<float>> memory_;
    std::vector<const float*> inputs_;
    std::vector<float*> outputs_;
};

/// `count` mono strips with that chain into a stereo bus with ports.
std::string strips_into_bus(int count, const std::string& chain, bool ports = true);

} // namespace ton::app::benching
