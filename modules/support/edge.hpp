// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"

namespace ton::modules {

/// Tells when a sample-rate row without smoothing is set, even to the value that it has already: the engine
/// then gives the row one value per frame for one block, which begins at that very frame. Audio thread.
class SetEdge {
  public:
    /// Once per block, before frames are looked at.
    void look(const engine::Control& row) TM_NONBLOCKING {
        fresh_ = row.stride != 0 && !before_;
        before_ = row.stride != 0;
    }
    /// Was the row set at the first frame of this block?
    bool set_now() const TM_NONBLOCKING { return fresh_; }

  private:
    bool fresh_ = false, before_ = false;
};

} // namespace ton::modules
