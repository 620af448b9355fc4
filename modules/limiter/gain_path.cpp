// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/limiter/gain_path.hpp"

#include <algorithm>
#include <cmath>

namespace ton::modules::limiter {

namespace {
constexpr float kEnd = 0x1p-36F; // per sample: far below hearing, but it brings a decay to exactly 0
} // namespace

void Release::aim(double milliseconds, double per_millisecond) TM_NONBLOCKING {
    const double samples = milliseconds * per_millisecond;
    keep_ = static_cast<float>(std::exp(-1.0 / samples));
    rising_ = static_cast<float>(std::exp(-1.0 / (2 * samples)));
    falling_ = static_cast<float>(std::exp(-1.0 / (5 * samples)));
}

void Release::process(float* gain, int count) TM_NONBLOCKING {
    const float keep = keep_, rising = rising_, falling = falling_;
    const float rise = 1.0F - rising, fall = 1.0F - falling; // exact, so that the one-poles' gain is 1
    float fast = fast_, slow = slow_;
    for (int i = 0; i < count; ++i) {
        fast = std::max(1.0F - gain[i], fast * keep - kEnd);
        // The quicker of the two is the larger where fast > slow, the slower where it is not.
        slow = std::max(slow * rising + (fast * rise - kEnd), slow * falling + (fast * fall - kEnd));
        slow = std::max(slow, 0.0F);
        gain[i] = std::min(gain[i], 1.0F - std::max(fast, slow));
    }
    fast_ = fast;
    slow_ = slow;
}

namespace {
constexpr std::int64_t kOne = 1 << 28;
} // namespace

Smoother::Smoother(int length) {
    const int sum = length + 2; // of the three lengths
    length_ = {sum / 3, (sum + 1) / 3, (sum + 2) / 3};
    full_ = kOne;
    for (std::size_t b = 0; b < 3; ++b) {
        memory_[b] = std::make_unique<std::int64_t[]>(static_cast<std::size_t>(length_[b]));
        ring_[b] = memory_[b].get();
        full_ *= length_[b]; // at most 2^28 * 2001^3 < 2^61
    }
    scale_ = 1.0 / static_cast<double>(full_);
    clear();
}

void Smoother::clear() TM_NONBLOCKING {
    std::int64_t value = kOne;
    for (std::size_t b = 0; b < 3; ++b) {
        std::fill(ring_[b], ring_[b] + length_[b], value);
        value *= length_[b];
        sum_[b] = value;
        place_[b] = 0;
    }
}

void Smoother::process(float* gain, int count) TM_NONBLOCKING {
    auto sum = sum_;
    auto place = place_;
    for (int i = 0; i < count; ++i) {
        auto value = static_cast<std::int64_t>(gain[i] * static_cast<float>(kOne));
        for (std::size_t b = 0; b < 3; ++b) {
            sum[b] += value - ring_[b][place[b]];
            ring_[b][place[b]] = value;
            if (++place[b] == length_[b]) place[b] = 0;
            value = sum[b];
        }
        gain[i] = static_cast<float>(static_cast<double>(value) * scale_);
    }
    sum_ = sum;
    place_ = place;
}

} // namespace ton::modules::limiter
