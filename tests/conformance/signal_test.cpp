// SPDX-License-Identifier: GPL-3.0-or-later
// What every module does to a signal: nothing to silence, no more delay than declared, no infinity.
#include "subject.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace ton;
using namespace ton::conformance;

namespace {
/// Lag in frames at which y is most like x.
int lag(const std::vector<float>& x, const std::vector<float>& y, int most) {
    int best = 0;
    double highest = -1;
    const int n = static_cast<int>(x.size()) - most;
    for (int k = 0; k <= most; ++k) {
        double sum = 0;
        for (int i = 0; i < n; ++i)
            sum += static_cast<double>(x[static_cast<std::size_t>(i)]) *
                   static_cast<double>(y[static_cast<std::size_t>(i + k)]);
        if (sum > highest) highest = sum, best = k;
    }
    return best;
}

/// Sets what makes a source pass its input alone.
void hush(const Subject& s, test::Rig& rig) {
    for (const char* const row : {"on", "play"})
        if (s.type->source && engine::find_parameter(s.type->parameters, row) >= 0) rig.set(row, 0);
}
} // namespace

TEST_CASE("silence in, silence out, exactly, while every parameter moves") {
    for (const auto& s : subjects()) {
        if (s.type->source) continue;
        INFO(s.label());
        const auto options = s.options();
        const auto o =
            outcome(*s.rig(), options, test::silence(s.channels, 9000), 64, storm(*s.type, 9000, 6));
        CHECK(loudest(o.audio) == 0.0);
        CHECK(loudest(o.taps) == 0.0);
    }
}

TEST_CASE("the declared latency is the measured one, at either end of every structural row") {
    for (const auto& s : subjects())
        for (const double rate : {44100.0, 48000.0, 96000.0})
            for (const int end : {-1, 0, 1}) {
                const auto options = s.options(rate);
                const auto rig = s.rig(options);
                hush(s, *rig);
                bool any = false;
                for (const auto& p : s.type->parameters)
                    if (p.structural && engine::is_control(p) && end != 0) {
                        rig->set(engine::parameter_path(p), end < 0 ? p.minimum : p.maximum);
                        any = true;
                    }
                if (end != 0 && (!any || s.type->sized)) continue; // another size is another table
                INFO(s.label() << " at " << rate << ", structural rows at " << end);
                const auto x = test::noise(s.channels, 16000 + rig->latency(), -20, 5);
                const auto y = outcome(*rig, options, x, 64, {}).audio;
                const int measured = lag(x[0], y[0], rig->latency() + 200);
                // A low-pass near the top of the band is most like its input one sample late, and has no
                // latency.
                CHECK(measured >= rig->latency());
                CHECK(measured <= rig->latency() + (s.type->latency ? 0 : 1));
                CHECK((s.type->latency || rig->latency() == 0));
            }
}

TEST_CASE("bypass passes the bits of the input, delayed by the latency") {
    for (const auto& s : subjects()) {
        INFO(s.label());
        const auto options = s.options();
        const auto rig = s.rig();
        rig->set("bypass", 1);
        const auto x = test::noise(s.channels, 3000, -9);
        const auto y = outcome(*rig, options, x, 64, {}).audio;
        const auto late = static_cast<std::size_t>(rig->latency());
        bool same = true;
        for (std::size_t c = 0; c < y.size(); ++c)
            for (std::size_t i = late; i < y[c].size(); ++i)
                same = same && y[c][i] == x[std::min(c, x.size() - 1)][i - late];
        CHECK(same);
    }
}

TEST_CASE("full-scale noise with every parameter at its extremes stays finite") {
    for (const auto& s : subjects())
        for (const int pattern : {0, 1, 2, 3}) { // all low, all high, and both ways in turn
            INFO(s.label() << ", pattern " << pattern);
            const auto options = s.options();
            const auto rig = s.rig();
            int n = 0;
            for (const auto& p : s.type->parameters)
                if (moves(p) && p.name != "bypass") {
                    const bool high =
                        pattern == 1 || (pattern == 2 && n % 2 == 0) || (pattern == 3 && n % 2 == 1);
                    rig->set(engine::parameter_path(p), high ? p.maximum : p.minimum);
                    ++n;
                }
            const auto y = outcome(*rig, options, test::noise(s.channels, 24000, 0), 64, {});
            CHECK(finite(y.audio));
            CHECK(finite(y.taps));
            CHECK(loudest(y.audio) < 1e5); // 100 dB above full scale
        }
}
