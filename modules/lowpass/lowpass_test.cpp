// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/support/cut_tests.hpp"

using namespace ton::test;

namespace {
const CutModule kLowpass{"lowpass", false};
}

TEST_CASE("lowpass is the bilinear Butterworth filter of its order") {
    check_closed_form(kLowpass);
}
TEST_CASE("lowpass is 3.01 dB down at its frequency and falls by its slope") {
    check_slopes(kLowpass);
}
TEST_CASE("lowpass is bit-identical at any block size and lane width") {
    check_cut_bits(kLowpass);
}
TEST_CASE("lowpass agrees across instruction sets") {
    check_cut_instruction_sets(kLowpass);
}
TEST_CASE("lowpass steps without a click") {
    check_cut_clicks(kLowpass);
}
TEST_CASE("lowpass stays bounded however it is swept") {
    check_cut_bounded(kLowpass);
}
TEST_CASE("lowpass forgets: no denormal is left after a burst") {
    check_cut_forgets(kLowpass);
}

TEST_CASE("lowpass passes DC, to float's dead band at 20 Hz (-90 dB)") {
    Rig rig("lowpass");
    rig.set("frequency", 20).set("slope", 5);
    const auto y = rig.run({std::vector<float>(96000, 1.0F)})[0];
    CHECK(y.back() == doctest::Approx(1.0).epsilon(3e-5));
}
