// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

namespace ton::dsp {

/// Takes a setting that can't glide (a delay in samples, a kind of signal) from one value to the next by
/// fading between two renderings: `from()` fades out while `to()` fades in, weighted by 1 - weight() and
/// weight() = t^2 (3 - 2t). A setting that comes during a fade waits for its end; only the newest one is
/// kept.
///
/// Everything: audio thread (or whoever owns it). `T` is a small value with ==.
template <class T> class Changeover {
  public:
    /// `frames` >= 1: length of a fade.
    explicit Changeover(int frames) : length_(frames), inverse_(1.0F / static_cast<float>(frames)) {}

    /// The first value is there at once, later ones are faded to.
    void aim(const T& value) TM_NONBLOCKING {
        wanted_ = value;
        if (!primed_) {
            primed_ = true;
            from_ = to_ = value;
        } else if (!fading_) {
            begin();
        }
    }

    bool fading() const TM_NONBLOCKING { return fading_; }
    const T& from() const TM_NONBLOCKING { return from_; }
    const T& to() const TM_NONBLOCKING { return to_; }
    /// Share of `to()` in the present sample, 0…1; exactly 0 in the first one of a fade.
    float weight() const TM_NONBLOCKING {
        const float t = static_cast<float>(elapsed_) * inverse_;
        return t * t * (3.0F - 2.0F * t);
    }

    /// A sample has passed.
    void advance() TM_NONBLOCKING {
        if (!fading_ || ++elapsed_ < length_) return;
        fading_ = false;
        from_ = to_;
        begin();
    }

  private:
    void begin() TM_NONBLOCKING {
        elapsed_ = 0;
        to_ = wanted_;
        fading_ = !(to_ == from_);
    }

    T from_{}, to_{}, wanted_{};
    int length_, elapsed_ = 0; // frames
    float inverse_;
    bool primed_ = false, fading_ = false;
};

} // namespace ton::dsp
