// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

namespace ton::dsp {

struct FoldGains {
    float left, right;
};

/// Gains with which a channel of a signal of more than two is heard in stereo: ITU-R BS.775, Annex 4, table 2 (centre and
/// surrounds at -3 dB, no LFE), in the orders of loudness_weights(): 3 L R C; 4 L R Ls Rs; 5 L R C Ls Rs; 6 L R C LFE Ls Rs;
/// 8 L R C LFE Lb Rb Ls Rs. Any other number is that of so many tracks: the odd ones (from 1) left, the even ones right, at 0 dB.
/// 0 <= channel < channels. Any thread.
constexpr FoldGains fold_gains(int channel, int channels) TM_NONBLOCKING {
    constexpr float kMinus3 = 0.70710678F;
    const bool speakers = (channels >= 3 && channels <= 6) || channels == 8;
    if (!speakers || channel < 2) return channel % 2 == 0 ? FoldGains{1.0F, 0.0F} : FoldGains{0.0F, 1.0F};
    const bool has_centre = channels != 4, has_lfe = channels >= 6;
    if (has_centre && channel == 2) return {kMinus3, kMinus3};
    if (has_lfe && channel == 3) return {0.0F, 0.0F};
    const int surround = channel - 2 - (has_centre ? 1 : 0) - (has_lfe ? 1 : 0);
    return surround % 2 == 0 ? FoldGains{kMinus3, 0.0F} : FoldGains{0.0F, kMinus3};
}

} // namespace ton::dsp
