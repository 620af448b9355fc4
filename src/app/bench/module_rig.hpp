// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/bench/programme.hpp"
#include "engine/stage.hpp"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace ton::app::benching {

/// One planar stereo module as the engine runs it (its ramps, bypass and read-outs included) but without a desk
/// around it: what a plugin host does with a peer's plugin.
class ModuleRig {
  public:
    /// Settings by parameter path, numbers in the table's unit; the rest at its defaults. Throws std::invalid_argument
    /// where the module or a path is unknown. Denormals are flushed on the calling thread from now on.
    ModuleRig(std::string_view module, const std::vector<std::pair<std::string_view, float>>& settings = {});

    /// The whole programme through the module in blocks of 64 frames; `out`, where not null, keeps what comes out.
    /// All read-outs are read after every `poll`-th block (0: never). Returns samples times channels.
    double run(const Programme& in, Programme* out = nullptr, int poll = 0);

    /// In the table's unit, as of the last poll.
    float readout(std::string_view name) const;
    /// The share of polls at which that read-out was below `limit` (table's unit), 0 … 1, in a run that polls.
    double share_below(std::string_view name, float limit, const Programme& in);
    int latency() const { return stage_->setup().latency; } ///< frames

  private:
    std::size_t readout_index(std::string_view name) const;
    void block(const Programme& in, int start, int frames, Programme* out);

    const engine::ModuleType& type_;
    std::unique_ptr<engine::Stage> stage_;
    std::unique_ptr<engine::Scratch> scratch_;
    std::vector<float> readouts_;
    std::int64_t position_ = 0;
};

} // namespace ton::app::benching
