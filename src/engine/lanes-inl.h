// SPDX-License-Identifier: GPL-3.0-or-later
// Included once per instruction set (Highway's foreach_target), after <hwy/foreach_target.h>.
//
// A lane kernel is a struct template over a Highway tag D; its number type is V = hn::Vec<D>, W strips side by side:
//
//   template <class D> struct Trim {
//       using V = hn::Vec<D>;
//       struct Shared { V gain; };            // state per strip; plain vectors only (leave empty if none)
//       struct Channel { V z; };              // state per channel of the strip
//       using Memory = LaneMemory<Trim, D>;   // shared, channel[c], extra (rows asked for by extra_rows), setup
//       static void update(D d, Memory m, const Update& u);   // grid point: new coefficients
//       static void run(D d, Memory m, const Block& b);       // in place
//       static void silence(D d, Memory m);                   // forget the signal, keep the coefficients
//       // optional: static int extra_rows(const Setup&);     // delay lines and the like, in vectors
//   };
//   TON_LANE_KERNELS(Trim)
//
// Every operation works lane by lane, so all widths of an instruction set give the same bits.

#if defined(TON_ENGINE_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TON_ENGINE_LANES_INL_H
#undef TON_ENGINE_LANES_INL_H
#else
#define TON_ENGINE_LANES_INL_H
#endif

#include "engine/lane_kernel.hpp"

#include <hwy/highway.h>

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace ton::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <template <class> class Kernel, class D> struct LaneMemory {
    using V = hn::Vec<D>;
    typename Kernel<D>::Shared& shared;
    typename Kernel<D>::Channel* channel;
    V* extra;
    const Setup& setup;
};

/// A coefficient that moves in a straight line from grid point to grid point.
template <class V> struct Moving {
    V value, step, target;

    /// At a grid point: arrive exactly, then head for `next`.
    HWY_INLINE void aim(V next) {
        value = target;
        target = next;
        step = (target - value) * hn::Set(hn::DFromV<V>(), 1.0F / static_cast<float>(kGrid));
    }
    HWY_INLINE void advance() { value = value + step; }
};

template <template <class> class Kernel, class D> struct LaneAdaptor {
    using K = Kernel<D>;
    using V = hn::Vec<D>;
    static constexpr int kStride = static_cast<int>(sizeof(V) / sizeof(float));

    template <class S> static constexpr int rows_of() {
        if constexpr (std::is_empty_v<S>) {
            return 0;
        } else {
            static_assert(sizeof(S) % sizeof(V) == 0, "a kernel's state is a plain struct of vectors");
            return static_cast<int>(sizeof(S) / sizeof(V));
        }
    }
    static int rows(const Setup& setup) {
        const int channels = setup.channels_in > setup.channels_out ? setup.channels_in : setup.channels_out;
        int n = rows_of<typename K::Shared>() + channels * rows_of<typename K::Channel>();
        if constexpr (requires { K::extra_rows(setup); }) n += K::extra_rows(setup);
        return n;
    }
    static HWY_INLINE LaneMemory<Kernel, D> memory(float* state, const Setup& setup) {
        const int channels = setup.channels_in > setup.channels_out ? setup.channels_in : setup.channels_out;
        float* channel = state + rows_of<typename K::Shared>() * kStride;
        float* extra = channel + channels * rows_of<typename K::Channel>() * kStride;
        return {*reinterpret_cast<typename K::Shared*>(state), reinterpret_cast<typename K::Channel*>(channel),
                reinterpret_cast<V*>(extra), setup};
    }
    static void update(float* state, const Setup& setup, const Update& u) TM_NONBLOCKING {
        K::update(D(), memory(state, setup), u);
    }
    static void run(float* state, const Setup& setup, const Block& b) TM_NONBLOCKING {
        K::run(D(), memory(state, setup), b);
    }
    static void silence(float* state, const Setup& setup) TM_NONBLOCKING { K::silence(D(), memory(state, setup)); }

    static constexpr LaneKernel kernel(int width) { return {width, kStride, rows, update, run, silence}; }
};

template <template <class> class Kernel> constexpr LaneKernels lane_kernels() {
    LaneKernels k{};
    k.instruction_set = hwy::TargetName(HWY_TARGET);
    k.widths[0] = LaneAdaptor<Kernel, hn::CappedTag<float, 1>>::kernel(1);
    k.count = 1;
#if HWY_TARGET != HWY_SCALAR
    k.widths[1] = LaneAdaptor<Kernel, hn::CappedTag<float, 4>>::kernel(4);
    k.count = 2;
#endif
#if HWY_MAX_BYTES >= 32
    k.widths[2] = LaneAdaptor<Kernel, hn::CappedTag<float, 8>>::kernel(8);
    k.count = 3;
#endif
#if HWY_MAX_BYTES >= 64
    k.widths[3] = LaneAdaptor<Kernel, hn::CappedTag<float, 16>>::kernel(16);
    k.count = 4;
#endif
    return k;
}

} // namespace ton::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

/// Ends a kernel's per-target part: a control-side function per instruction set that returns its table. (Highway
/// 1.0.3 can't export a noexcept function, so the audio side calls through the table instead.)
#define TON_LANE_KERNELS(Kernel)                                                                                \
    static const ::ton::engine::LaneKernels& Kernel##Lanes() {                                                  \
        static const auto table = ::ton::engine::HWY_NAMESPACE::lane_kernels<Kernel>();                         \
        return table;                                                                                           \
    }

#endif
