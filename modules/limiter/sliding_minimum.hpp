// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "modules/limiter/history.hpp"
#include "modules/limiter/kernels.hpp"

#include <vector>

namespace ton::modules::limiter {

/// out[n] = min x[n - length + 1 … n], by doubling: minima over 1, 2, 4, … samples, each from two of the one
/// before, and the last step overlaps. log2(length) vector operations per sample, at every sample alike: no
/// worst case. Before the first sample x is 1.
class SlidingMinimum {
  public:
    /// 1 <= length. Control thread.
    explicit SlidingMinimum(int length) : kernels_(&kernels()) {
        int done = 1;
        while (done < length) {
            const int back = std::min(done, length - done);
            backs_.push_back(back);
            stages_.emplace_back(back, 1.0F);
            done += back;
        }
        count_ = static_cast<int>(backs_.size());
        stage_ = stages_.data();
        back_ = backs_.data();
    }

    /// In place; count <= History::kMost.
    void process(float* x, int count) TM_NONBLOCKING {
        for (int s = 0; s < count_; ++s) {
            float* const kept = stage_[s].append(count);
            std::copy_n(x, count, kept);
            kernels_->minima(kept, back_[s], x, count);
        }
    }
    void clear() TM_NONBLOCKING {
        for (int s = 0; s < count_; ++s) stage_[s].clear();
    }

  private:
    const Kernels* kernels_;
    std::vector<History> stages_;
    std::vector<int> backs_;
    History* stage_ = nullptr;
    const int* back_ = nullptr;
    int count_ = 0;
};

} // namespace ton::modules::limiter
