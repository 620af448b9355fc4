// SPDX-License-Identifier: GPL-3.0-or-later
// Rate limits of error answers: one token bucket per source, one for all. Private to this folder. Control
// thread.
#pragma once

#include "control/osc/peer.hpp"

#include <chrono>
#include <unordered_map>

namespace ton::control::osc {

/// Holds at most `per_second` tokens (so a burst of one second's worth) and refills at that rate.
class TokenBucket {
  public:
    using Time = std::chrono::steady_clock::time_point;
    explicit TokenBucket(double per_second, Time now) : rate_(per_second), tokens_(per_second), last_(now) {}

    bool take(Time now);
    bool full(Time now) const;

  private:
    double level(Time now) const;
    double rate_;
    double tokens_;
    Time last_;
};

class AnswerLimits {
  public:
    using Time = TokenBucket::Time;
    AnswerLimits(double per_source, double in_all, std::size_t sources, Time now)
        : per_source_(per_source), sources_(sources), all_(in_all, now), strangers_(per_source, now) {}

    /// True when an answer to `peer` may be sent; takes the tokens.
    bool take(const Peer& peer, Time now);

  private:
    double per_source_;
    std::size_t sources_;
    TokenBucket all_;
    TokenBucket strangers_; ///< shared by the sources beyond the table: spoofed ones, most likely
    std::unordered_map<Peer, TokenBucket> buckets_;
};

} // namespace ton::control::osc
