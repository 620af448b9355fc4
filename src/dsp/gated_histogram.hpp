// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "dsp/nonblocking.hpp"

#include <cstdint>
#include <vector>

namespace ton::dsp {

/// BS.1770-5 equation 2: loudness in LUFS of a weighted mean square, -infinity for 0; and its inverse.
double loudness_of_power(double power) TM_NONBLOCKING;
double power_of_loudness(double loudness) TM_NONBLOCKING;

/// Gated loudness and loudness range of any number of blocks in fixed memory: a histogram of 0.01 LU bins
/// from -70 to +20 LUFS that holds, per bin, how many blocks fell into it and the exact sum of their powers.
///
/// The gated mean is a mean of powers, so it loses nothing to the bins but the decision for the one bin the
/// relative gate cuts: that bin is taken whole or not, by its mean. Its blocks lie within 0.01 LU of the
/// gate. A percentile is the mean loudness of its bin, off by at most 0.01 LU. Reading walks 90 sums of 1 LU
/// each and at most 100 bins.
///
/// Memory is allocated by the constructor (control thread, 146 kB); the rest belongs to one thread, audio or
/// other.
class GatedHistogram {
  public:
    GatedHistogram();

    /// One block's weighted mean square; below -70 LUFS it isn't counted (the absolute gate), above +20 it
    /// counts with its power in the last bin.
    void add(double power) TM_NONBLOCKING;
    void clear() TM_NONBLOCKING;
    std::uint64_t count() const TM_NONBLOCKING { return all_.count; }

    /// LUFS of the blocks above the relative gate, which lies `below` LU under the mean of all (BS.1770-5:
    /// 10). -infinity without blocks.
    double gated_loudness(double below) const TM_NONBLOCKING;

    /// EBU Tech 3342: the distance in LU from the `low` to the `high` percentile (0..100) of the blocks above
    /// the relative gate. 0 without blocks.
    double range(double below, double low, double high) const TM_NONBLOCKING;

  private:
    static constexpr int bins_per_unit = 100;
    static constexpr int units = 90; // LU
    static constexpr double lowest = -70.0;

    struct Sum {
        std::uint64_t count = 0;
        double power = 0.0;
    };

    static int bin_of(double power) TM_NONBLOCKING;
    int first_bin_above(double gate) const TM_NONBLOCKING;
    Sum sum_from(int bin) const TM_NONBLOCKING;
    double loudness_at_rank(std::uint64_t rank) const TM_NONBLOCKING;

    std::vector<Sum> bins_, units_;
    Sum all_;
};

} // namespace ton::dsp
