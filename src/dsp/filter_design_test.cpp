// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/filter_design-inl.h"
#include "dsp/filter_math-inl.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

// References: the analogue prototypes of the Audio EQ Cookbook (R. Bristow-Johnson), Vicanek's formulas in z
// as acceptance 2.1 gives them, and the magnitude of a filter with impulse-invariant poles through given
// points.

namespace {
namespace hn = hwy::HWY_NAMESPACE;
using namespace ton::dsp;
using namespace ton::dsp::HWY_NAMESPACE;
using Complex = std::complex<double>;
constexpr double kPi = std::numbers::pi;

struct Point {
    Shape shape;
    double f0, gain, q;
};

double decibels(double x) {
    return 20.0 * std::log10(x);
}
double amplitude(double x) {
    return std::pow(10.0, x / 20.0);
}

/// |H| of the analogue prototype.
double analogue(const Point& p, double f) {
    const Complex s(0.0, f / p.f0);
    const double a = std::sqrt(amplitude(p.gain)), r = std::sqrt(a) / p.q;
    switch (p.shape) {
    case bell:
        return std::abs((s * s + s * (a / p.q) + 1.0) / (s * s + s / (a * p.q) + 1.0));
    case low_shelf:
        return std::abs(a * (s * s + r * s + a) / (a * s * s + r * s + 1.0));
    case high_shelf:
        return std::abs(a * (a * s * s + r * s + 1.0) / (s * s + r * s + a));
    case highpass:
        return std::abs(s * s / (s * s + s / p.q + 1.0));
    case lowpass:
        return std::abs(1.0 / (s * s + s / p.q + 1.0));
    default:
        return std::abs((s * s + 1.0) / (s * s + s / p.q + 1.0));
    }
}

/// |H| of the recursion itself, solved for z on the unit circle: (zI - A) i = B x.
double respond(const SvfCoefficients<double>& c, double w) {
    const Complex z = std::polar(1.0, w);
    // v3 = x - i2; z i1 = (1 + damp) i1 + turn v3; z i2 = i2 + turn i1 + pull v3, with x = 1
    const Complex a11 = z - 1.0 - c.damp, a12 = c.turn, a21 = -c.turn, a22 = z - 1.0 + c.pull;
    const Complex det = a11 * a22 - a12 * a21;
    const Complex i1 = (c.turn * a22 - a12 * c.pull) / det, i2 = (a11 * c.pull - a21 * c.turn) / det;
    return std::abs(c.direct * (1.0 - i2) + c.band * i1 + c.low * i2);
}

using D = hn::CappedTag<float, 1>;
using Lanes = LaneMath<D>;

SvfCoefficients<double> in_double(const Point& p, double fs) {
    return realise<ExactMath>(
        matched<ExactMath>({static_cast<double>(p.shape), angle<ExactMath>(p.f0, fs), p.gain, p.q}));
}
SvfCoefficients<double> in_float(const Point& p, double fs) {
    const auto c = realise<Lanes>(matched<Lanes>(
        {Lanes::set(p.shape), angle<Lanes>(Lanes::set(p.f0), fs), Lanes::set(p.gain), Lanes::set(p.q)}));
    const auto lane = [](hn::Vec<D> v) { return static_cast<double>(hn::GetLane(v)); };
    return {lane(c.damp), lane(c.turn), lane(c.pull), lane(c.direct), lane(c.band), lane(c.low)};
}

std::vector<double> steps(double from, double to, int count) {
    std::vector<double> all;
    for (int i = 0; i < count; ++i) all.push_back(from * std::pow(to / from, i / (count - 1.0)));
    return all;
}

/// Worst deviation in dB from the analogue curve, 20 Hz to 20 kHz.
double worst(const Point& p, double fs) {
    const auto c = in_double(p, fs);
    double most = 0;
    for (const double f : steps(20, 20000, 400)) {
        const double a = analogue(p, f);
        if (decibels(a) < (p.shape == notch ? -20.0 : -60.0)) continue; // a notch's hole, a pass's far end
        const double e = decibels(respond(c, 2 * kPi * f / fs) / a);
        if (std::abs(e) > std::abs(most)) most = e;
    }
    return most;
}

double worst(Shape shape, double fs, double highest, const std::vector<double>& gains,
             const std::vector<double>& qs) {
    double most = 0;
    for (const double f0 : steps(20, highest, 25))
        for (const double gain : gains)
            for (const double q : qs) most = std::max(most, std::abs(worst({shape, f0, gain, q}, fs)));
    return most;
}

const std::vector<double> kGains{-18, -12, -6, -3, 3, 6, 12, 18};
const std::vector<double> kQs{0.3, 0.5, 0.707, 1, 2, 3, 5, 10};

} // namespace

TEST_CASE("FIL-1: bells against the analogue curve, the cases of acceptance 2.1") {
    struct Case {
        double fs, f0, gain, q, error;
    };
    for (const auto& c : {Case{48000, 1000, 12, 1, 0.01},
                          {48000, 10000, 12, 1, 0.53},
                          {48000, 12000, 6, 1, 0.34},
                          {48000, 15000, 12, 0.707, 0.38},
                          {48000, 16000, 12, 1, 0.33},
                          {48000, 16000, 12, 3, 0.28},
                          {44100, 16000, 12, 1, 0.62},
                          {44100, 10000, 12, 1, 0.84},
                          {96000, 16000, 12, 1, 0.01},
                          {96000, 10000, 12, 1, 0.02}}) {
        CAPTURE(c.f0);
        CAPTURE(c.gain);
        CHECK(std::abs(std::abs(worst({bell, c.f0, c.gain, c.q}, c.fs)) - c.error) < 0.006);
    }
}

TEST_CASE("FIL-1: bells over the whole grid") {
    CHECK(worst(bell, 48000, 16000, kGains, kQs) < 0.85);
    CHECK(worst(bell, 44100, 16000, kGains, kQs) < 1.25);
    CHECK(worst(bell, 96000, 16000, kGains, kQs) < 0.05);
    CHECK(worst(bell, 48000, 20000, kGains, kQs) < 1.25);
    CHECK(worst(bell, 44100, 20000, kGains, kQs) < 1.95);
}

namespace {
/// Sixty-four bits of mantissa, for z's formulas lose half of a double's digits at 20 Hz.
using Real = long double;

/// Impulse-invariant poles of 1/(s^2 + 2 q s + 1) at w, and squared magnitudes in Vicanek's terms:
/// |x0 + x1/z + x2/z^2|^2 = X0 cos^2(w/2) + X1 sin^2(w/2) + X2 sin^2 w.
struct Reference {
    Real a0, a1, a2;

    Reference(Real w, Real q) {
        const Real e = std::exp(-q * w);
        const Real one =
            -2 * e * (q <= 1 ? std::cos(std::sqrt(1 - q * q) * w) : std::cosh(std::sqrt(q * q - 1) * w));
        a0 = std::pow(1 + one + e * e, 2), a1 = std::pow(1 - one + e * e, 2), a2 = -4 * e * e;
    }
    static Real sum(Real x0, Real x1, Real x2, Real w) {
        const Real s = std::pow(std::sin(w / 2), 2);
        return x0 * (1 - s) + x1 * s + x2 * 4 * s * (1 - s);
    }
    Real poles(Real w) const { return sum(a0, a1, a2, w); }

    /// |H| of the filter with those poles and |H| = 1 at DC, `g` at w0 with a slope of zero there
    /// (acceptance 2.1).
    Real bell(Real w0, Real g, Real w) const {
        const Real p1 = std::pow(std::sin(w0 / 2), 2), p0 = 1 - p1;
        const Real r1 = poles(w0) * g * g, r2 = (-a0 + a1 + 4 * (p0 - p1) * a2) * g * g;
        const Real b2 = (r1 - r2 * p1 - a0) / (4 * p1 * p1), b1 = r2 + a0 - 4 * (p0 - p1) * b2;
        return std::sqrt(sum(a0, b1, b2, w) / poles(w));
    }
    /// … that goes through |H| at DC, at w0 and at Nyquist.
    Real through(Real dc, Real w0, Real here, Real nyquist, Real w) const {
        const Real s = std::pow(std::sin(w0 / 2), 2), b0 = a0 * dc * dc, b1 = a1 * nyquist * nyquist;
        const Real b2 = (here * here * poles(w0) - b0 * (1 - s) - b1 * s) / (4 * s * (1 - s));
        return std::sqrt(sum(b0, b1, b2, w) / poles(w));
    }
    /// … with a double zero at DC and |H| = `here` at w0.
    Real above(Real w0, Real here, Real w) const {
        return here * std::pow(std::sin(w / 2) / std::sin(w0 / 2), 2) * std::sqrt(poles(w0) / poles(w));
    }
};

/// |H| of a notch at w0 with |H| = 1 at DC, `nyquist` there, and around w0 the prototype's |H| = Q |x - 1|,
/// where x = (w/w0)^2: (u - u0)^2/(u0^2 + c1 u + u^2/nyquist^2), u = tan^2(w/2).
Real notch_reference(Real w0, Real q, Real nyquist, Real w) {
    const Real u0 = std::pow(std::tan(w0 / 2), 2), u = std::pow(std::tan(w / 2), 2);
    const Real slope = std::tan(w0 / 2) / std::pow(std::cos(w0 / 2), 2) * w0 / 2 / q; // du/dx / Q
    const Real c1 = (slope * slope - u0 * u0 - u0 * u0 / (nyquist * nyquist)) / u0;
    return std::abs(u - u0) / std::sqrt(u0 * u0 + c1 * u + u * u / (nyquist * nyquist));
}

double reference(const Point& p, double fs, double f) {
    const Real w0 = 2 * kPi * p.f0 / fs, w = 2 * kPi * f / fs;
    const Real g = amplitude(std::abs(p.gain)), half = 0.5L;
    switch (p.shape) {
    case bell: {
        const Real h = Reference(w0, half / (p.q * std::sqrt(g))).bell(w0, g, w);
        return static_cast<double>(p.gain < 0 ? 1 / h : h);
    }
    case low_shelf:
    case high_shelf: { // the low shelf's boost, its inverse, or these times the gain
        const Point up{low_shelf, p.f0, std::abs(p.gain), p.q};
        const Real pole = w0 / std::sqrt(std::sqrt(g));
        const Real h = Reference(pole, half / p.q).through(g, w0, std::sqrt(g), analogue(up, fs / 2), w);
        if (p.shape == low_shelf) return static_cast<double>(p.gain < 0 ? 1 / h : h);
        return static_cast<double>(p.gain < 0 ? h / g : g / h);
    }
    case highpass:
        return static_cast<double>(Reference(w0, half / p.q).above(w0, p.q, w));
    case lowpass:
        return static_cast<double>(Reference(w0, half / p.q).through(1, w0, p.q, analogue(p, fs / 2), w));
    default:
        return static_cast<double>(notch_reference(w0, p.q, analogue(p, fs / 2), w));
    }
}

template <class Check> void over_the_grid(const Check& check) {
    for (const double fs : {44100.0, 48000.0, 192000.0})
        for (const double f0 : steps(20, 20000, 13))
            for (const double gain : {-24.0, -6.0, 0.5, 18.0})
                for (const double q : {0.3, 0.707, 1.0, 1.9, 10.0})
                    for (const Shape shape : {bell, low_shelf, high_shelf, highpass, lowpass, notch})
                        if (q < 2 || (shape != low_shelf && shape != high_shelf))
                            check({shape, f0, gain, q}, fs);
}
} // namespace

TEST_CASE("FIL-2: every shape against its own reference, computed in z") {
    over_the_grid([](const Point& p, double fs) {
        const auto c = in_double(p, fs);
        double most = 0;
        for (const double f : steps(20, 0.49 * fs, 16)) {
            const double wanted = reference(p, fs, f);
            most = std::max(most, std::abs(respond(c, 2 * kPi * f / fs) - wanted) / std::max(wanted, 1e-3));
        }
        CAPTURE(fs);
        CAPTURE(p.shape);
        CAPTURE(p.f0);
        CAPTURE(p.gain);
        CAPTURE(p.q);
        CHECK(most < 1.15e-7); // 1e-6 dB
    });
}

TEST_CASE("float lanes are double to 0.003 dB") {
    over_the_grid([](const Point& p, double fs) {
        const auto exact = in_double(p, fs), lanes = in_float(p, fs);
        double most = 0;
        for (const double f : steps(20, 0.49 * fs, 16)) {
            const double wanted = respond(exact, 2 * kPi * f / fs);
            most =
                std::max(most, std::abs(respond(lanes, 2 * kPi * f / fs) - wanted) / std::max(wanted, 1e-2));
        }
        CAPTURE(fs);
        CAPTURE(p.shape);
        CAPTURE(p.f0);
        CAPTURE(p.gain);
        CAPTURE(p.q);
        CHECK(most < 3.5e-4);
    });
}

TEST_CASE("shelves, passes and notches against the analogue curve") {
    const std::vector<double> gains{-24, -12, -3, 3, 12, 24}, none{0}, qs{0.3, 0.5, 0.707, 1};
    CHECK(worst(low_shelf, 48000, 16000, gains, qs) < 0.75);
    CHECK(worst(high_shelf, 48000, 16000, gains, qs) < 0.75);
    CHECK(worst(high_shelf, 44100, 16000, gains, qs) < 0.85);
    CHECK(worst(high_shelf, 96000, 16000, gains, qs) < 0.3);
    CHECK(worst(lowpass, 48000, 16000, none, kQs) < 1.15);
    CHECK(worst(highpass, 48000, 16000, none, kQs) < 1.3);
    CHECK(worst(notch, 48000, 16000, none, kQs) < 2.8);
    CHECK(worst(notch, 96000, 16000, none, kQs) < 0.3);
}

TEST_CASE("poles stay inside for every setting: the state's matrix has a radius below 1") {
    for (const Shape shape : {bell, low_shelf, high_shelf, highpass, lowpass, notch})
        for (const double fs : {44100.0, 192000.0})
            for (const double f0 : steps(10, 22000, 14))
                for (const double gain : {-24.0, -12.0, 0.0, 12.0, 24.0})
                    for (const double q : {0.1, 0.5, 0.71, 2.0, 40.0})
                        for (const auto& c :
                             {in_float({shape, f0, gain, q}, fs), in_double({shape, f0, gain, q}, fs)}) {
                            // z^2 - t z + d: stable where |d| < 1 and |t| < 1 + d; here 1 - d and 1 + d ± t
                            // by parts
                            const double square = c.turn * c.turn - c.damp * c.pull;
                            CHECK(-c.damp + c.pull - square > 0.0);              // 1 - d
                            CHECK(square > 0.0);                                 // 1 - t + d
                            CHECK(4.0 + 2.0 * (c.damp - c.pull) + square > 0.0); // 1 + t + d
                        }
}
