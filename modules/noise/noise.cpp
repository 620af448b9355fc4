// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/noise/noise_source.hpp"

#include "dsp/changeover.hpp"
#include "engine/module.hpp"

#include <cmath>
#include <vector>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { type, level, seed, on };
enum Type { kWhite, kPink };

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "type",
              .minimum = 0,
              .maximum = 1,
              .initial = kPink,
              .help = "White has the same power in every hertz, pink in every octave.",
              .kind = Kind::choice,
              .smoothing = 0,
              .choices = "white|pink"},
    Parameter{.name = "level",
              .unit = "dBFS",
              .minimum = -120,
              .maximum = 0,
              .initial = -20,
              .help = "RMS; peaks reach some 11 dB above it.",
              .scale = Scale::fader,
              .rate = Rate::sample,
              .domain = Domain::amplitude},
    Parameter{.name = "seed",
              .minimum = 0,
              .maximum = 65535,
              .initial = 0,
              .help = "Strips with different seeds are uncorrelated, with the same one alike.",
              .kind = Kind::integer,
              .smoothing = 0},
    Parameter{.name = "on", .initial = 1, .help = "Sounds.", .kind = Kind::toggle, .rate = Rate::sample},
});

/// y[n] = x[n] + level on w[n], w white or pink of unit RMS. White noise is a function of seed, channel and
/// the absolute sample clock; pink noise is that, filtered.
class Noise final : public Processor {
  public:
    explicit Noise(const Setup& setup)
        : filters_(static_cast<std::size_t>(setup.channels_out), noise::PinkFilter(setup.sample_rate)),
          filter_(filters_.data()), channels_(setup.channels_out),
          type_(static_cast<int>(std::lround(0.02 * setup.sample_rate))) {}

    void update(const Update& u) TM_NONBLOCKING override {
        type_.aim(static_cast<int>(*u.row(type)));
        seed_ = static_cast<std::uint64_t>(*u.row(seed));
    }

    void silence() TM_NONBLOCKING override {
        for (int c = 0; c < channels_; ++c) filter_[c].reset();
    }

    void run(const Block& b) TM_NONBLOCKING override {
        for (int i = 0; i < b.frames; ++i) {
            const double gain =
                static_cast<double>(*b.controls[level].at(i)) * static_cast<double>(*b.controls[on].at(i));
            const double to = type_.fading() ? static_cast<double>(type_.weight()) : 1.0;
            const double pink = (type_.to() == kPink ? to : 0.0) + (type_.from() == kPink ? 1.0 - to : 0.0);
            for (int c = 0; c < channels_; ++c) {
                const double white = noise::white(noise::random_word(
                    seed_, static_cast<std::uint64_t>(c), static_cast<std::uint64_t>(b.position + i)));
                const double w =
                    white + pink * (filter_[c].process(white) - white); // the filter is always warm
                b.audio[c][i] += static_cast<float>(gain * w);
            }
            type_.advance();
        }
    }

  private:
    std::vector<noise::PinkFilter> filters_;
    noise::PinkFilter* filter_; // one per channel
    int channels_;
    dsp::Changeover<int> type_;
    std::uint64_t seed_ = 0;
};

std::unique_ptr<Processor> make(const ProcessorContext& context) {
    return std::make_unique<Noise>(context.setup);
}
} // namespace

extern const ModuleType noise_module;
const ModuleType noise_module{
    .name = "noise",
    .summary = "Noise: calibrated white and pink noise, added to what comes in.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
    .source = true,
};

} // namespace ton::modules
