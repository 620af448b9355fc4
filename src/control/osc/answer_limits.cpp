// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/answer_limits.hpp"

#include <algorithm>

namespace ton::control::osc {

double TokenBucket::level(Time now) const {
    return std::min(rate_, tokens_ + rate_ * std::chrono::duration<double>(now - last_).count());
}

bool TokenBucket::full(Time now) const {
    return level(now) >= rate_;
}

bool TokenBucket::take(Time now) {
    tokens_ = level(now);
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
}

bool AnswerLimits::take(const Peer& peer, Time now) {
    if (buckets_.size() >= sources_ && !buckets_.contains(peer)) {
        std::erase_if(buckets_, [now](const auto& entry) { return entry.second.full(now); });
    }
    if (buckets_.size() >= sources_ && !buckets_.contains(peer))
        return strangers_.take(now) && all_.take(now);
    auto& bucket = buckets_.try_emplace(peer, per_source_, now).first->second;
    return bucket.take(now) && all_.take(now);
}

} // namespace ton::control::osc
