// SPDX-License-Identifier: GPL-3.0-or-later
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "modules/support/scale.cpp"
#include <hwy/foreach_target.h>

#include "engine/lanes-inl.h"
#include "modules/support/scale.hpp"

HWY_BEFORE_NAMESPACE();
namespace ton::modules::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using engine::HWY_NAMESPACE::LaneMemory;

template <class D> struct Scale {
    struct Shared {};
    struct Channel {};
    using Memory = LaneMemory<Scale, D>;

    static HWY_INLINE void update(D, Memory, const engine::Update&) {}
    static HWY_INLINE void silence(D, Memory) {}
    static HWY_INLINE void run(D d, Memory m, const engine::Block& b) {
        const int width = static_cast<int>(hn::Lanes(d));
        for (int c = 0; c < m.setup.channels_out; ++c) {
            float* x = b.audio[c];
            for (int i = 0; i < b.frames; ++i, x += width) hn::StoreU(hn::LoadU(d, x) * hn::LoadU(d, b.controls[0].at(i)), d, x);
        }
    }
};
TON_LANE_KERNELS(Scale)

} // namespace ton::modules::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ton::modules {

HWY_EXPORT(ScaleLanes);

const engine::LaneKernels& scale_lanes() { return HWY_DYNAMIC_DISPATCH(ScaleLanes)(); }

} // namespace ton::modules
#endif
