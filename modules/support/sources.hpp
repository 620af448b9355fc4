// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/block.hpp"

#include <algorithm>

namespace ton::modules {

/// Planes of the n-th source of a module that is declared with ModuleType::sources, channel c: they come at the width of
/// the module's input, one source after another. Null where the module was made without (in a test, say).
inline const float* source_plane(const engine::Setup& setup, const engine::Block& b, int source, int c) TM_NONBLOCKING {
    const int index = source * setup.channels_in + c;
    return b.sidechain && index < setup.sidechain_channels ? b.sidechain[index] : nullptr;
}

/// A value that goes to its targets along t^2 (3 - 2t), from wherever it is. Audio thread.
class Glide {
  public:
    explicit Glide(float value = 0.0F) : from_(value), to_(value), now_(value) {}
    void aim(float target, int frames) TM_NONBLOCKING {
        from_ = now_;
        to_ = target;
        elapsed_ = 0;
        length_ = std::max(1, frames);
    }
    float now() const TM_NONBLOCKING { return now_; }
    float target() const TM_NONBLOCKING { return to_; }
    bool moving() const TM_NONBLOCKING { return elapsed_ < length_; }
    /// A sample has passed.
    void advance() TM_NONBLOCKING {
        if (!moving()) return;
        if (++elapsed_ == length_) {
            now_ = to_;
            return;
        }
        const float t = static_cast<float>(elapsed_) / static_cast<float>(length_);
        now_ = from_ + (to_ - from_) * (t * t * (3.0F - 2.0F * t));
    }

  private:
    float from_, to_, now_;
    int elapsed_ = 0, length_ = 0;
};

} // namespace ton::modules
