// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/tone/oscillator.hpp"

#include "dsp/changeover.hpp"
#include "engine/module.hpp"

#include <algorithm>
#include <cmath>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { type, frequency, level, sweep_time, on };
enum Type { kSine, kSquare, kSweep, kIdent };

constexpr double kSweepStart = 20.0, kSweepOctaves = 9.965784284662087; // Hz; log2 1000, so up to 20 kHz
constexpr double kSweepEdge = 0.01;                                     // s, fades at both ends of a sweep
constexpr double kIdentEvery = 3.0, kIdentGap = 0.25; // s: EBU stereo ident, the left leg interrupted
constexpr double kIdentEdge = 0.005;                  // s
constexpr double kHighest = 0.49;                     // of the sample rate

constexpr auto kRows = parameter_table(std::array{
    Parameter{
        .name = "type",
        .minimum = 0,
        .maximum = 3,
        .initial = kSine,
        .help = "Sine, square, a sweep from 20 Hz to 20 kHz, or the EBU ident (left interrupted every 3 s).",
        .kind = Kind::choice,
        .smoothing = 0,
        .choices = "sine|square|sweep|ident"},
    Parameter{.name = "frequency",
              .unit = "Hz",
              .minimum = 10,
              .maximum = 20000,
              .initial = 1000,
              .help = "Of sine, square and ident.",
              .scale = Scale::logarithmic,
              .rate = Rate::sample},
    Parameter{.name = "level",
              .unit = "dBFS",
              .minimum = -120,
              .maximum = 0,
              .initial = -18,
              .help = "Peak of the sine, height of the square; -18 dBFS is EBU alignment level.",
              .scale = Scale::fader,
              .rate = Rate::sample,
              .domain = Domain::amplitude},
    Parameter{.name = "sweep_time",
              .unit = "s",
              .minimum = 1,
              .maximum = 60,
              .initial = 10,
              .help = "Length of a sweep; the next one follows at once.",
              .scale = Scale::logarithmic,
              .smoothing = 0},
    Parameter{.name = "on", .initial = 1, .help = "Sounds.", .kind = Kind::toggle, .rate = Rate::sample},
});

struct Voice {
    int type = kSine;
    std::int64_t sweep = 1; ///< frames
    bool operator==(const Voice&) const = default;
};

/// y[n] = x[n] + level on s(phase[n]). With a frequency that stands still, phase[n] = n f/fs in turns, n the
/// absolute sample clock: equal tones in several strips agree. A moving frequency moves the phase's step,
/// never the phase.
class Tone final : public Processor {
  public:
    explicit Tone(const Setup& setup)
        : rate_(setup.sample_rate), channels_(setup.channels_out),
          voice_(static_cast<int>(std::lround(0.02 * setup.sample_rate))) {}

    void update(const Update& u) TM_NONBLOCKING override {
        voice_.aim({static_cast<int>(*u.row(type)),
                    static_cast<std::int64_t>(static_cast<double>(*u.row(sweep_time)) * rate_)});
    }

    void silence() TM_NONBLOCKING override { started_ = false; }

    void run(const Block& b) TM_NONBLOCKING override {
        for (int i = 0; i < b.frames; ++i) {
            const auto position = b.position + i;
            const double f = static_cast<double>(*b.controls[frequency].at(i));
            const auto step = static_cast<Phase>(std::min(f / rate_, kHighest) * tone::kTurn);
            if (!started_) {
                phase_ = step * static_cast<Phase>(position);
                started_ = true;
            }
            const double gain =
                static_cast<double>(*b.controls[level].at(i)) * static_cast<double>(*b.controls[on].at(i));
            for (int c = 0; c < channels_; ++c) {
                double y = sound(voice_.to(), step, position, c);
                if (voice_.fading()) {
                    const double old = sound(voice_.from(), step, position, c);
                    y = old + static_cast<double>(voice_.weight()) * (y - old);
                }
                b.audio[c][i] += static_cast<float>(gain * y);
            }
            voice_.advance();
            phase_ += step;
        }
    }

  private:
    using Phase = tone::Phase;

    double sound(const Voice& voice, Phase step, std::int64_t position, int channel) const TM_NONBLOCKING {
        switch (voice.type) {
        case kSquare:
            return tone::square(phase_, step);
        case kSweep:
            return sweep(voice, position);
        case kIdent:
            return channel == 0 ? ident_gate(position) * tone::sine(phase_) : tone::sine(phase_);
        default:
            return tone::sine(phase_);
        }
    }

    /// f(t) = 20 Hz 1000^(t/T), so phase(t) = 20 T/ln 1000 (1000^(t/T) - 1): every sweep has the same
    /// samples.
    double sweep(const Voice& voice, std::int64_t position) const TM_NONBLOCKING {
        const auto frame = static_cast<double>(position % voice.sweep),
                   length = static_cast<double>(voice.sweep);
        const double seconds = length / rate_;
        const double turns = kSweepStart * seconds / (kSweepOctaves * 0.6931471805599453) *
                             (std::exp2(kSweepOctaves * frame / length) - 1.0);
        return tone::plateau(frame, length, kSweepEdge * rate_) * tone::sine(tone::phase_of(turns));
    }

    double ident_gate(std::int64_t position) const TM_NONBLOCKING {
        const auto period = static_cast<std::int64_t>(kIdentEvery * rate_);
        return 1.0 -
               tone::plateau(static_cast<double>(position % period), kIdentGap * rate_, kIdentEdge * rate_);
    }

    double rate_;
    int channels_;
    dsp::Changeover<Voice> voice_;
    Phase phase_ = 0;
    bool started_ = false;
};

std::unique_ptr<Processor> make(const ProcessorContext& context) {
    return std::make_unique<Tone>(context.setup);
}
} // namespace

extern const ModuleType tone_module;
const ModuleType tone_module{
    .name = "tone",
    .summary = "Tone: calibrated sine, square, sweep and channel ident, added to what comes in.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
    .source = true,
};

} // namespace ton::modules
