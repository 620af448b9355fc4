// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/loudness.hpp"
#include "engine/module.hpp"
#include "modules/support/sources.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { a, b, select, match };
enum Readout { loudness_a, loudness_b, trim_a, trim_b };

constexpr double kSwitch = 0.02;        // s: fade from one to the other
constexpr double kEvery = 0.1;          // s: how often the match is looked at, and how long its gain moves
constexpr double kUnmeasured = -70;     // LUFS: BS.1770's absolute gate; below it nothing is matched
constexpr float kSilence = -120;        // LUFS as shown

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "a", .help = "One thing to hear: a strip's output, or \"strip/module\".", .kind = Kind::text,
              .structural = true, .point = true},
    Parameter{.name = "b", .help = "The other: a strip's output, or \"strip/module\".", .kind = Kind::text,
              .structural = true, .point = true},
    Parameter{.name = "select", .help = "Which is heard.", .kind = Kind::choice, .smoothing = 0, .choices = "a|b"},
    Parameter{.name = "match", .initial = 1, .help = "Turns the louder one down to the other's short-term loudness.",
              .kind = Kind::toggle, .smoothing = 0},
    Parameter{.name = "loudness_a", .unit = "LUFS", .minimum = kSilence, .maximum = 20, .initial = kSilence,
              .help = "Short-term loudness of a, before its trim.", .kind = Kind::meter},
    Parameter{.name = "loudness_b", .unit = "LUFS", .minimum = kSilence, .maximum = 20, .initial = kSilence,
              .help = "Short-term loudness of b, before its trim.", .kind = Kind::meter},
    Parameter{.name = "trim_a", .unit = "dB", .minimum = -120, .maximum = 0, .initial = 0,
              .help = "Gain that matches a.", .kind = Kind::meter, .domain = Domain::amplitude},
    Parameter{.name = "trim_b", .unit = "dB", .minimum = -120, .maximum = 0, .initial = 0,
              .help = "Gain that matches b.", .kind = Kind::meter, .domain = Domain::amplitude},
});

/// y[n] = x[n] + (1 - s) ga a[n] + s gb b[n]. Every 100 ms of the absolute clock the louder one's gain heads for
/// 10^(-|La - Lb| / 20) and the other's for 1, L the short-term loudness after BS.1770-5.
class Ab final : public Processor {
  public:
    explicit Ab(const Setup& setup)
        : setup_(setup), switch_(static_cast<int>(std::lround(kSwitch * setup.sample_rate))),
          every_(static_cast<int>(std::lround(kEvery * setup.sample_rate))),
          meters_{dsp::LoudnessMeter(setup.channels_in, setup.sample_rate, {.weights = {}, .true_peak = false}),
                  dsp::LoudnessMeter(setup.channels_in, setup.sample_rate, {.weights = {}, .true_peak = false})} {}

    void update(const Update& u) TM_NONBLOCKING override {
        matching_ = *u.row(match) >= 0.5F;
        const float wanted = *u.row(select) >= 0.5F ? 1.0F : 0.0F;
        if (wanted != heard_.target()) heard_.aim(wanted, primed_ ? switch_ : 1);
        if (!primed_) heard_.advance();
    }

    void run(const Block& block) TM_NONBLOCKING override {
        primed_ = true;
        for (int i = 0; i < block.frames;) {
            const auto now = block.position + i;
            if (now % every_ == 0) adjust();
            const int n = std::min(block.frames - i, every_ - static_cast<int>(now % every_));
            measure(block, i, n);
            mix(block, i, n);
            i += n;
        }
        show(block.readouts);
    }

  private:
    void measure(const Block& block, int first, int frames) TM_NONBLOCKING {
        const float* in[kMaxChannels];
        for (int s = 0; s < 2; ++s) {
            for (int c = 0; c < setup_.channels_in; ++c) {
                const float* plane = source_plane(setup_, block, s, c);
                if (!plane) return;
                in[c] = plane + first;
            }
            meters_[s].process(in, frames);
        }
    }

    void adjust() TM_NONBLOCKING {
        const double la = meters_[0].reading().shortterm, lb = meters_[1].reading().shortterm;
        if (!matching_) {
            trim_[0].aim(1.0F, every_);
            trim_[1].aim(1.0F, every_);
        } else if (la > kUnmeasured && lb > kUnmeasured) {
            trim_[0].aim(static_cast<float>(std::pow(10.0, std::min(0.0, lb - la) / 20.0)), every_);
            trim_[1].aim(static_cast<float>(std::pow(10.0, std::min(0.0, la - lb) / 20.0)), every_);
        }
    }

    void mix(const Block& block, int first, int frames) TM_NONBLOCKING {
        for (int i = first; i < first + frames; ++i) {
            const float ga = (1.0F - heard_.now()) * trim_[0].now(), gb = heard_.now() * trim_[1].now();
            for (int c = 0; c < setup_.channels_out; ++c) {
                const float *from_a = source_plane(setup_, block, 0, c), *from_b = source_plane(setup_, block, 1, c);
                if (from_a) block.audio[c][i] += ga * from_a[i] + gb * from_b[i];
            }
            heard_.advance();
            trim_[0].advance();
            trim_[1].advance();
        }
    }

    void show(float* to) TM_NONBLOCKING {
        to[loudness_a] = std::max(kSilence, static_cast<float>(meters_[0].reading().shortterm));
        to[loudness_b] = std::max(kSilence, static_cast<float>(meters_[1].reading().shortterm));
        to[trim_a] = trim_[0].now();
        to[trim_b] = trim_[1].now();
    }

    Setup setup_;
    int switch_, every_;
    dsp::LoudnessMeter meters_[2];
    Glide heard_{0.0F};
    Glide trim_[2] = {Glide(1.0F), Glide(1.0F)};
    bool matching_ = true, primed_ = false;
};

std::unique_ptr<Processor> make(const ProcessorContext& context) { return std::make_unique<Ab>(context.setup); }
} // namespace

extern const ModuleType ab_module;
const ModuleType ab_module{
    .name = "ab",
    .summary = "A/B switch: one of two sources, at the same loudness.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
    .sources = true,
};

} // namespace ton::modules
