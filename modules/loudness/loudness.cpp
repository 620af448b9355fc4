// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/loudness.hpp"
#include "engine/module.hpp"
#include "modules/support/edge.hpp"

#include <algorithm>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { reset, pause };
enum Readout { momentary, short_term, integrated, range, true_peak, momentary_max, short_term_max, stable };

constexpr float kSilence = -120.0F; // stands for no reading at all

constexpr Parameter loudness_row(std::string_view name, std::string_view help) {
    return {.name = name,
            .unit = "LUFS",
            .minimum = kSilence,
            .maximum = 24,
            .initial = kSilence,
            .help = help,
            .kind = Kind::meter};
}

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "reset",
              .help = "Set to on: integrated, range and all maxima begin anew, together.",
              .kind = Kind::toggle,
              .rate = Rate::sample,
              .smoothing = 0},
    Parameter{.name = "pause",
              .help = "Integrated, range and maxima stand still.",
              .kind = Kind::toggle,
              .rate = Rate::sample,
              .smoothing = 0},
    loudness_row("momentary", "Loudness of the last 400 ms."),
    loudness_row("short_term", "Loudness of the last 3 s."),
    loudness_row("integrated", "Gated loudness of the programme since the last reset."),
    Parameter{.name = "range",
              .unit = "LU",
              .minimum = 0,
              .maximum = 100,
              .initial = 0,
              .help = "Loudness range (LRA) of the programme; steady only after its first minute.",
              .kind = Kind::meter},
    Parameter{.name = "true_peak",
              .unit = "dBTP",
              .minimum = kSilence,
              .maximum = 24,
              .initial = kSilence,
              .help = "Highest true peak of the programme.",
              .kind = Kind::meter,
              .domain = Domain::amplitude},
    loudness_row("momentary_max", "Highest momentary loudness of the programme."),
    loudness_row("short_term_max", "Highest short-term loudness of the programme."),
    Parameter{.name = "range_stable",
              .minimum = 0,
              .maximum = 1,
              .initial = 0,
              .help = "1 once the range rests on a minute of programme or more.",
              .kind = Kind::meter},
});

float shown(double lufs) TM_NONBLOCKING {
    return std::max(kSilence, static_cast<float>(lufs));
}

/// The audio passes; dsp::LoudnessMeter listens (BS.1770-5, EBU Tech 3341 and 3342). A healed NaN leaves no
/// trace in it, so silence() has nothing to do and the programme's reading goes on.
class Loudness final : public Processor {
  public:
    explicit Loudness(const Setup& setup) : meter_(setup.channels_in, setup.sample_rate) {}

    void run(const Block& b) TM_NONBLOCKING override {
        const float* in[kMaxChannels];
        const auto &reset_row = b.controls[reset], &pause_row = b.controls[pause];
        reset_set_.look(reset_row);
        // Both rows jump, so a block that begins at an event has one value throughout; with a fade time it
        // may switch in the middle, at half way.
        for (int i = 0; i < b.frames;) {
            const bool moving = reset_row.stride != 0 || pause_row.stride != 0;
            const int n = moving ? 1 : b.frames - i;
            const bool up = *reset_row.at(i) >= 0.5F;
            if (up && (!was_up_ || (i == 0 && reset_set_.set_now()))) meter_.restart();
            was_up_ = up;
            if (const bool hold = *pause_row.at(i) >= 0.5F; hold != meter_.paused()) meter_.pause(hold);
            for (int c = 0; c < meter_.channels(); ++c) in[c] = b.audio[c] + i;
            meter_.process(in, n);
            i += n;
        }
        show(b.readouts);
    }

  private:
    void show(float* to) TM_NONBLOCKING {
        const auto now = meter_.reading();
        to[momentary] = shown(now.momentary);
        to[short_term] = shown(now.shortterm);
        to[integrated] = shown(now.integrated);
        to[range] = static_cast<float>(now.range);
        to[true_peak] = now.true_peak;
        to[momentary_max] = shown(now.momentary_max);
        to[short_term_max] = shown(now.shortterm_max);
        to[stable] = now.range_stable ? 1.0F : 0.0F;
    }

    dsp::LoudnessMeter meter_;
    SetEdge reset_set_;
    bool was_up_ = false;
};

std::unique_ptr<Processor> make(const ProcessorContext& context) {
    return std::make_unique<Loudness>(context.setup);
}
} // namespace

extern const ModuleType loudness_module;
const ModuleType loudness_module{
    .name = "loudness",
    .summary = "Loudness: momentary, short-term, integrated, range and true peak after EBU R 128.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
};

} // namespace ton::modules
