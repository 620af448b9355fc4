// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/support/cut_tests.hpp"

using namespace ton::test;

namespace {
const CutModule kHighpass{"highpass", true};
}

TEST_CASE("highpass is the bilinear Butterworth filter of its order") {
    check_closed_form(kHighpass);
}
TEST_CASE("highpass is 3.01 dB down at its frequency and falls by its slope") {
    check_slopes(kHighpass);
}
TEST_CASE("highpass is bit-identical at any block size and lane width") {
    check_cut_bits(kHighpass);
}
TEST_CASE("highpass agrees across instruction sets") {
    check_cut_instruction_sets(kHighpass);
}
TEST_CASE("highpass steps without a click") {
    check_cut_clicks(kHighpass);
}
TEST_CASE("highpass stays bounded however it is swept") {
    check_cut_bounded(kHighpass);
}
TEST_CASE("highpass forgets: no denormal is left after a burst") {
    check_cut_forgets(kHighpass);
}

TEST_CASE("highpass takes out DC, to float's dead band at 20 Hz (-90 dB at 12 dB/oct)") {
    for (const int slope : {1, 5}) {
        CAPTURE(slope);
        Rig rig("highpass");
        rig.set("frequency", 20).set("slope", static_cast<float>(slope));
        const auto y = rig.run({std::vector<float>(96000, 1.0F)})[0];
        CHECK(decibels(peak(y, 90000)) < (slope == 1 ? -90.0 : -140.0));
    }
}
