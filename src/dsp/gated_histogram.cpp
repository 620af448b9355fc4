// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/gated_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ton::dsp {

double loudness_of_power(double power) TM_NONBLOCKING {
    return power > 0.0 ? -0.691 + 10.0 * std::log10(power) : -std::numeric_limits<double>::infinity();
}

double power_of_loudness(double loudness) TM_NONBLOCKING {
    return std::pow(10.0, (loudness + 0.691) / 10.0);
}

GatedHistogram::GatedHistogram() : bins_(units * bins_per_unit), units_(units) {}

int GatedHistogram::bin_of(double power) TM_NONBLOCKING {
    const double place = (loudness_of_power(power) - lowest) * bins_per_unit;
    return static_cast<int>(std::clamp(place, 0.0, units * bins_per_unit - 1.0));
}

void GatedHistogram::add(double power) TM_NONBLOCKING {
    if (!(loudness_of_power(power) >= lowest) || !std::isfinite(power)) return;
    const int bin = bin_of(power);
    for (Sum* sum : {bins_.data() + bin, units_.data() + bin / bins_per_unit, &all_}) {
        ++sum->count;
        sum->power += power;
    }
}

void GatedHistogram::clear() TM_NONBLOCKING {
    for (int u = 0; u < units; ++u) {
        Sum& unit = units_.data()[u];
        if (unit.count == 0) continue; // most are empty: a restart on the audio thread touches little memory
        std::fill_n(bins_.data() + u * bins_per_unit, bins_per_unit, Sum{});
        unit = Sum{};
    }
    all_ = Sum{};
}

int GatedHistogram::first_bin_above(double gate) const TM_NONBLOCKING {
    const int bin = bin_of(gate);
    const Sum& cut = bins_.data()[bin];
    return cut.power > gate * static_cast<double>(cut.count) ? bin : bin + 1;
}

GatedHistogram::Sum GatedHistogram::sum_from(int bin) const TM_NONBLOCKING {
    Sum sum;
    const auto take = [&sum](const Sum& part) TM_NONBLOCKING {
        sum.count += part.count;
        sum.power += part.power;
    };
    const int unit = (bin + bins_per_unit - 1) / bins_per_unit;
    for (int b = bin; b < unit * bins_per_unit; ++b) take(bins_.data()[b]);
    for (int u = unit; u < units; ++u) take(units_.data()[u]);
    return sum;
}

double GatedHistogram::gated_loudness(double below) const TM_NONBLOCKING {
    if (all_.count == 0) return -std::numeric_limits<double>::infinity();
    const double mean = all_.power / static_cast<double>(all_.count);
    const Sum kept = sum_from(first_bin_above(mean * std::pow(10.0, -below / 10.0)));
    return loudness_of_power(kept.power / static_cast<double>(kept.count));
}

double GatedHistogram::loudness_at_rank(std::uint64_t rank) const TM_NONBLOCKING {
    std::uint64_t passed = 0;
    int u = 0;
    while (u < units - 1 && passed + units_.data()[u].count <= rank) passed += units_.data()[u++].count;
    int b = u * bins_per_unit;
    const int last = b + bins_per_unit - 1;
    while (b < last && passed + bins_.data()[b].count <= rank) passed += bins_.data()[b++].count;
    const Sum& bin = bins_.data()[b];
    return loudness_of_power(bin.power / static_cast<double>(bin.count));
}

double GatedHistogram::range(double below, double low, double high) const TM_NONBLOCKING {
    if (all_.count == 0) return 0.0;
    const double mean = all_.power / static_cast<double>(all_.count);
    const std::uint64_t kept = sum_from(first_bin_above(mean * std::pow(10.0, -below / 10.0))).count;
    const auto rank = [&](double percentile) TM_NONBLOCKING {
        // EBU Tech 3342's MATLAB: round((n - 1) * p / 100 + 1), counted from 1
        const double place = std::round(static_cast<double>(kept - 1) * percentile / 100.0);
        return all_.count - kept + static_cast<std::uint64_t>(place);
    };
    return loudness_at_rank(rank(high)) - loudness_at_rank(rank(low));
}

} // namespace ton::dsp
