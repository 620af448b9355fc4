// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "dsp/changeover.hpp"
#include "modules/support/sources.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

namespace ton::modules {
using namespace engine;

namespace {
constexpr int kSources = 8, kSets = 4, kSetRows = 3, kWidest = 2;

enum Row {
    select, first_source, level = first_source + kSources, dim, dim_level, mono, mute, solo_mode, exclusive, solo_level, talk_dim,
    sets, speakers, first_set, solo_on = first_set + kSets * kSetRows, talk_on, bypass
};
enum SetRow { on, trim, delay };
enum SoloMode { in_place, pfl, afl };
enum Readout { soloing, dimmed };

constexpr double kFade = 0.02;    // s: from one source, loudspeaker or delay to another
constexpr float kMostDelay = 100; // ms

constexpr auto kHead = std::array{
    Parameter{.name = "select", .maximum = kSources, .initial = 1, .help = "Which source is heard; 0 none of them.",
              .kind = Kind::integer, .rate = Rate::sample, .smoothing = 0},
};
constexpr auto kSource = repeat<kSources>("source", std::array{
    Parameter{.name = "from", .help = "A source: a strip's output, or \"strip/module\".", .kind = Kind::text,
              .structural = true, .point = true},
});
constexpr auto kMiddle = std::array{
    Parameter{.name = "level", .unit = "dB", .minimum = -120, .maximum = 12, .initial = 0, .help = "How loud the room is.",
              .scale = Scale::fader, .rate = Rate::sample, .domain = Domain::amplitude},
    Parameter{.name = "dim", .help = "Turns everything down by dim_level.", .kind = Kind::toggle, .rate = Rate::sample},
    Parameter{.name = "dim_level", .unit = "dB", .minimum = -60, .maximum = 0, .initial = -20, .help = "The level while dimmed.",
              .rate = Rate::sample, .domain = Domain::amplitude},
    Parameter{.name = "mono", .help = "Hears 0.5 (left + right) on both sides.", .kind = Kind::toggle, .rate = Rate::sample},
    Parameter{.name = "mute", .help = "Silences all loudspeakers.", .kind = Kind::toggle, .rate = Rate::sample},
    Parameter{.name = "solo_mode", .maximum = afl, .initial = pfl,
              .help = "What a solo does: mutes the others, or is heard here instead of the source, before its fader or behind fader and pan.",
              .kind = Kind::choice, .rate = Rate::sample, .smoothing = 0, .choices = "in_place|pfl|afl"},
    Parameter{.name = "exclusive", .help = "A new solo releases the others.", .kind = Kind::toggle, .smoothing = 0},
    Parameter{.name = "solo_level", .unit = "dB", .minimum = -120, .maximum = 12, .initial = 0, .help = "How loud solos are here.",
              .scale = Scale::fader, .rate = Rate::sample, .domain = Domain::amplitude},
    Parameter{.name = "talk_dim", .initial = 1, .help = "Dims while a talkback is on.", .kind = Kind::toggle, .rate = Rate::sample},
    Parameter{.name = "sets", .minimum = 1, .maximum = kSets, .initial = 1,
              .help = "Sets of loudspeakers: the strip comes out of here as often as that, one set after another.",
              .kind = Kind::integer, .smoothing = 0, .structural = true},
    Parameter{.name = "speakers", .maximum = kSets, .initial = 0, .help = "The one set that is heard; 0: those that are on.",
              .kind = Kind::integer, .rate = Rate::sample, .smoothing = 0},
};
constexpr auto kSet = [] {
    auto rows = repeat<kSets>("set", std::array{
        Parameter{.name = "on", .help = "This set is heard.", .kind = Kind::toggle, .rate = Rate::sample, .smoothing = 0},
        Parameter{.name = "trim", .unit = "dB", .minimum = -40, .maximum = 12, .initial = 0, .help = "Its level beside the others'.",
                  .rate = Rate::sample, .domain = Domain::amplitude},
        Parameter{.name = "delay", .unit = "ms", .minimum = 0, .maximum = kMostDelay, .initial = 0,
                  .help = "Its delay, to the next whole sample; it is not compensated.", .rate = Rate::sample, .smoothing = 0},
    });
    rows[on].initial = 1; // of the first set
    return rows;
}();
constexpr auto kTail = std::array{
    Parameter{.name = "solo_on", .help = "Something is soloed.", .kind = Kind::toggle, .rate = Rate::sample, .smoothing = 10, .follows = true},
    Parameter{.name = "talk_on", .help = "A talkback is on.", .kind = Kind::toggle, .rate = Rate::sample, .follows = true},
    Parameter{.name = "soloing", .maximum = 1, .help = "1 while a solo is heard here.", .kind = Kind::meter},
    Parameter{.name = "dimmed", .maximum = 1, .help = "1 while it is dimmed, by hand or by a talkback.", .kind = Kind::meter},
};
constexpr auto kRows = parameter_table(concat(kHead, concat(kSource, concat(kMiddle, concat(kSet, kTail)))));
static_assert(kRows[level].name == "level" && kRows[speakers].name == "speakers" && kRows[first_set].name == "on" &&
              kRows[solo_on].name == "solo_on" && kRows[bypass].name == "bypass");

/// h = x + source[select]; s the solo's share, d the dimming's, m mono's:
///   u    = (1 - s) h + s solo_level solo
///   v_c  = (1 - m) u_c + m (u_1 + u_2) / 2
///   w    = level (1 - mute) (1 - d + d dim_level) v
///   out_k[n] = on_k trim_k w[n - delay_k]
class Monitor final : public Processor {
  public:
    explicit Monitor(const ProcessorContext& context)
        : setup_(context.setup), sets_(context.setup.channels_out / context.setup.channels_in), per_ms_(context.setup.sample_rate / 1000.0),
          fade_(static_cast<int>(std::lround(kFade * context.setup.sample_rate))),
          longest_(static_cast<int>(std::lround(static_cast<double>(kMostDelay) * per_ms_))),
          mask_(std::bit_ceil(static_cast<std::uint32_t>(longest_ + 1)) - 1),
          memory_(static_cast<std::size_t>(setup_.channels_in) * (mask_ + 1U)), line_(memory_.data()),
          delays_{dsp::Changeover<int>(fade_), dsp::Changeover<int>(fade_), dsp::Changeover<int>(fade_), dsp::Changeover<int>(fade_)} {}

    void run(const Block& b) TM_NONBLOCKING override {
        for (int i = 0; i < b.frames; ++i) {
            follow(b, i);
            float x[kWidest] = {};
            hear(b, i, x);
            shape(b, i, x);
            speak(b, i, x);
        }
        const int last = b.frames - 1;
        b.readouts[soloing] = *b.controls[solo_on].at(last);
        b.readouts[dimmed] = dimming(b, last);
    }

    /// Clearing seconds would take too long: what is older than now is not read any more.
    void silence() TM_NONBLOCKING override { filled_ = 0; }

  private:
    static float row(const Block& b, int index, int i) TM_NONBLOCKING { return *b.controls[index].at(i); }

    /// Switches, which jump, as fades.
    void follow(const Block& b, int i) TM_NONBLOCKING {
        const int source = static_cast<int>(row(b, select, i) + 0.5F), mode = static_cast<int>(row(b, solo_mode, i) + 0.5F);
        const int only = static_cast<int>(row(b, speakers, i) + 0.5F);
        for (int k = 0; k < kSources; ++k) turn(sources_[k], source == k + 1);
        turn(buses_[0], mode == pfl);
        turn(buses_[1], mode == afl);
        for (int k = 0; k < sets_; ++k) {
            const int first = first_set + k * kSetRows;
            turn(set_[k], only == 0 ? row(b, first + on, i) >= 0.5F : only == k + 1);
            delays_[k].aim(static_cast<int>(static_cast<double>(row(b, first + delay, i)) * per_ms_ + 0.5));
        }
        primed_ = true;
    }

    void turn(Glide& glide, bool yes) TM_NONBLOCKING {
        const float wanted = yes ? 1.0F : 0.0F;
        if (!primed_) glide = Glide(wanted);
        else if (glide.target() != wanted) glide.aim(wanted, fade_);
    }

    void hear(const Block& b, int i, float* x) TM_NONBLOCKING {
        float solo[kWidest] = {};
        for (int c = 0; c < setup_.channels_in; ++c) x[c] = b.audio[c][i];
        for (int k = 0; k < kSources; ++k) add(b, k, sources_[k], i, x);
        for (int k = 0; k < 2; ++k) add(b, kSources + k, buses_[k], i, solo);
        const float share = row(b, solo_on, i), gain = share * row(b, solo_level, i);
        if (share == 0.0F) return;
        for (int c = 0; c < setup_.channels_in; ++c) x[c] = (1.0F - share) * x[c] + gain * solo[c];
    }

    void add(const Block& b, int source, Glide& glide, int i, float* x) TM_NONBLOCKING {
        const float g = glide.now();
        glide.advance();
        if (g == 0.0F) return;
        for (int c = 0; c < setup_.channels_in; ++c)
            if (const float* plane = source_plane(setup_, b, source, c)) x[c] += g * plane[i];
    }

    static float dimming(const Block& b, int i) TM_NONBLOCKING { return std::max(row(b, dim, i), row(b, talk_dim, i) * row(b, talk_on, i)); }

    void shape(const Block& b, int i, float* x) TM_NONBLOCKING {
        const float d = dimming(b, i), m = row(b, mono, i);
        const float gain = row(b, level, i) * (1.0F - row(b, mute, i)) * (1.0F - d + d * row(b, dim_level, i));
        if (setup_.channels_in == 2 && m > 0.0F) {
            const float middle = 0.5F * (x[0] + x[1]);
            for (int c = 0; c < 2; ++c) x[c] = (1.0F - m) * x[c] + m * middle;
        }
        for (int c = 0; c < setup_.channels_in; ++c) x[c] *= gain;
    }

    void speak(const Block& b, int i, const float* x) TM_NONBLOCKING {
        for (int c = 0; c < setup_.channels_in; ++c) line(c)[head_ & mask_] = x[c];
        filled_ = std::min(filled_ + 1, longest_ + 1);
        for (int k = 0; k < sets_; ++k) {
            auto& d = delays_[k];
            const float g = set_[k].now() * row(b, first_set + k * kSetRows + trim, i);
            for (int c = 0; c < setup_.channels_in; ++c) {
                float y = read(c, d.to());
                if (d.fading()) y = read(c, d.from()) + d.weight() * (y - read(c, d.from()));
                b.audio[k * setup_.channels_in + c][i] = g * y;
            }
            set_[k].advance();
            d.advance();
        }
        ++head_;
    }

    float* line(int c) TM_NONBLOCKING { return line_ + static_cast<std::size_t>(c) * (mask_ + 1U); }
    float read(int c, int delay) TM_NONBLOCKING { return delay < filled_ ? line(c)[(head_ - static_cast<std::uint32_t>(delay)) & mask_] : 0.0F; }

    Setup setup_;
    int sets_;
    double per_ms_;
    int fade_, longest_; // frames
    std::uint32_t mask_;
    std::vector<float> memory_; // [channel][frame], rings of a power of two
    float* line_;
    Glide sources_[kSources], buses_[2], set_[kSets];
    dsp::Changeover<int> delays_[kSets];
    std::uint32_t head_ = 0;
    int filled_ = 0; // frames in the rings, the present one included
    bool primed_ = false;
};

int width(int channels_in, const Settings& settings) {
    return channels_in <= kWidest ? channels_in * static_cast<int>(settings.value("sets")) : 0;
}

std::unique_ptr<Processor> make(const ProcessorContext& context) { return std::make_unique<Monitor>(context); }
} // namespace

extern const ModuleType monitor_module;
const ModuleType monitor_module{
    .name = "monitor",
    .summary = "Monitor section: sources, solos, dim, mono, and sets of loudspeakers.",
    .parameters = kRows,
    .channels_out = width,
    .make = make,
    .sources = true,
    .hears_solo = true,
};

} // namespace ton::modules
