// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>

namespace ton::modules::limiter {

/// The last samples of a signal in one straight piece of memory, so that vector loops need no wrap: new ones
/// are appended, and when the memory is full the last `reach` are moved to its front. That is one copied
/// sample per sample on average, and never more than `reach` at once. The constructor allocates (control
/// thread).
class History {
  public:
    /// `reach`: how many past samples stay readable besides those of the newest append. `rest` is the value
    /// before the first sample. At most kMost samples are appended at once, and as many may be written beyond
    /// the end.
    History(int reach, float rest)
        : reach_(reach), size_(2 * reach + 8 * kMost),
          memory_(std::make_unique<float[]>(static_cast<std::size_t>(size_ + kMost))), data_(memory_.get()),
          rest_(rest) {
        clear();
    }
    static constexpr int kMost = 64;

    /// Room for `count` new samples; the ones before lie at negative indices.
    float* append(int count) TM_NONBLOCKING {
        if (end_ + count > size_) {
            std::copy(data_ + end_ - reach_, data_ + end_, data_);
            end_ = reach_;
        }
        float* const place = data_ + end_;
        end_ += count;
        return place;
    }
    void clear() TM_NONBLOCKING {
        std::fill(data_, data_ + size_ + kMost, rest_);
        end_ = reach_;
    }

  private:
    int reach_, size_;
    std::unique_ptr<float[]> memory_;
    float* data_;
    float rest_;
    int end_ = 0;
};

} // namespace ton::modules::limiter
