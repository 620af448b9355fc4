// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/module.hpp"
#include "modules/limiter/gain_path.hpp"
#include "modules/limiter/history.hpp"
#include "modules/limiter/sliding_minimum.hpp"

#include <vector>

namespace ton::modules::limiter {

enum Row { ceiling, gain, release, lookahead, mode };
enum Readout { reduction, invalid };

/// Look-ahead in samples, and the whole delay; the same in both modes.
int lookahead_frames(const engine::Settings& settings, double sample_rate);
int latency(const engine::Settings& settings, double sample_rate);

/// A look-ahead limiter whose ceiling holds by construction, without a clipper. All channels share one gain, those of the
/// strip that this one is linked to (the side-chain), too.
///
///   e[n] = max over the channels of |x[n]| and, for true peaks, of the 7 points between x[n] and x[n+1]
///   r[n] = 1 where e[n] <= C[n], else (1 - 2^-22) C[n] / e[n]        the gain that sample n asks for
///   m[n] = min r[n - (L + 2P + 1) … n]                               sliding minimum
///   0 <= q[n] <= m[n]                                                release: only ever makes it smaller
///   g[n] = sum over k = 0…L of h[k] q[n - k],  h >= 0, sum h = 1     smoothing
///   y[n] = x[n - L - P] g[n]
///
/// Proof: y[n] carries sample s = n - L - P. Each of the q[n - k] is at most the minimum of r over n - k - L
/// - 2P - 1 … n - k, and for every k from 0 to L that stretch holds s - P - 1 … s + P. So every term of g[n]
/// is at most r there, and as g is their mean, g[n] <= r[s]: |y[n]| <= (1 - 2^-22) C[s]. What is lost to
/// rounding, in r, g and the product half a unit of 2^-24 each, is less than the 2^-22 that r keeps back.
/// q.e.d. That g is at most what the P neighbours on either side ask for as well, and is nearly constant
/// around a peak, makes the same true of the points between the samples: not proven, as a moving gain makes
/// new ones, but measured.
///
/// C[s] is the ceiling in force when sample s came in: while the ceiling moves, each sample keeps to its own.
/// Where nothing is limited g is exactly 1 and every bit passes.
class Limiter final : public engine::Processor {
  public:
    explicit Limiter(const engine::ProcessorContext& context);

    void update(const engine::Update& u) TM_NONBLOCKING override;
    void run(const engine::Block& b) TM_NONBLOCKING override;
    void silence() TM_NONBLOCKING override;

    static constexpr int kPlateau = 16; ///< P
    static constexpr int kDetector =
        Interpolation::kHalf; ///< frames until the points after a sample are known

  private:
    void detect(const float* x, float lowest_ceiling, float* peaks, int count) TM_NONBLOCKING;
    bool find_gain(const float* peaks, const float* ceiling, float* gain, int count) TM_NONBLOCKING;

    const Kernels* kernels_;
    const Interpolation* filter_;
    int channels_, delay_, heard_; ///< heard: channels, its own and then its partner's
    double per_millisecond_;
    bool true_peak_ = true;
    std::vector<History> inputs_;
    History* input_;
    History ceilings_;
    SlidingMinimum minimum_;
    Release release_;
    Smoother smoother_;
};

} // namespace ton::modules::limiter
