// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/changeover.hpp"
#include "engine/module.hpp"
#include "modules/support/sources.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { a, b, position, law };
enum Law { equal_power, equal_gain, cut };

constexpr double kLawFade = 0.02; // s
constexpr float kCutFrom = 0.8F;  // where the other side of a cut begins to go

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "a", .help = "What is heard at -1: a strip's output, or \"strip/module\".", .kind = Kind::text,
              .structural = true, .point = true},
    Parameter{.name = "b", .help = "What is heard at 1: a strip's output, or \"strip/module\".", .kind = Kind::text,
              .structural = true, .point = true},
    Parameter{.name = "position", .minimum = -1, .maximum = 1, .initial = 0,
              .help = "From a, -1, to b, 1; at both ends the other one is silent.", .rate = Rate::sample},
    Parameter{.name = "law", .maximum = 2,
              .help = "In the middle: -3 dB each, for unlike signals; -6 dB each, for like ones; both in full, cut at the ends.",
              .kind = Kind::choice, .smoothing = 0, .choices = "equal_power|equal_gain|cut"},
});

struct Gains {
    float a, b;
};

/// The ends are exact: 1 and 0.
Gains gains_at(float p, int how) TM_NONBLOCKING {
    if (p <= -1.0F) return {1.0F, 0.0F};
    if (p >= 1.0F) return {0.0F, 1.0F};
    switch (how) {
    case equal_gain:
        return {0.5F - 0.5F * p, 0.5F + 0.5F * p};
    case cut: {
        const auto edge = [](float x) TM_NONBLOCKING {
            const float t = std::min(1.0F, x / (1.0F - kCutFrom));
            return t * t * (3.0F - 2.0F * t);
        };
        return {edge(1.0F - p), edge(1.0F + p)};
    }
    default: {
        const double angle = (static_cast<double>(p) + 1.0) * (std::numbers::pi / 4.0);
        return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
    }
    }
}

/// y[n] = x[n] + ga[n] a[n] + gb[n] b[n]; another law is faded to within 20 ms.
class Crossfader final : public Processor {
  public:
    explicit Crossfader(const Setup& setup)
        : setup_(setup), law_(std::max(1, static_cast<int>(std::lround(kLawFade * setup.sample_rate)))) {}

    void update(const Update& u) TM_NONBLOCKING override { law_.aim(static_cast<int>(*u.row(law) + 0.5F)); }

    void run(const Block& block) TM_NONBLOCKING override {
        const auto& at = block.controls[position];
        Gains gains[kSegment];
        const bool still = at.stride == 0 && !law_.fading();
        for (int i = 0; i < block.frames; ++i) gains[i] = still && i > 0 ? gains[0] : next(*at.at(i));
        for (int c = 0; c < setup_.channels_out; ++c) {
            const float *from_a = source_plane(setup_, block, 0, c), *from_b = source_plane(setup_, block, 1, c);
            if (!from_a) return;
            for (int i = 0; i < block.frames; ++i)
                block.audio[c][i] += gains[i].a * from_a[i] + gains[i].b * from_b[i];
        }
    }

  private:
    Gains next(float place) TM_NONBLOCKING {
        const Gains to = gains_at(place, law_.to());
        if (!law_.fading()) return to;
        const Gains from = gains_at(place, law_.from());
        const float w = law_.weight();
        law_.advance();
        return {from.a + w * (to.a - from.a), from.b + w * (to.b - from.b)};
    }

    Setup setup_;
    dsp::Changeover<int> law_;
};

std::unique_ptr<Processor> make(const ProcessorContext& context) { return std::make_unique<Crossfader>(context.setup); }
} // namespace

extern const ModuleType crossfader_module;
const ModuleType crossfader_module{
    .name = "crossfader",
    .summary = "Crossfader: from one source to another by a position, with three laws.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
    .sources = true,
};

} // namespace ton::modules
