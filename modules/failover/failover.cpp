// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "modules/failover/watch.hpp"
#include "modules/support/sources.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <utility>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { main_source, reserve_source, mode, threshold, watch, warn, hold, comes_back, return_hold, hysteresis, fade };
enum Readout { active, switches, main_silent, reserve_silent, main_level, reserve_level };

// Defaults after acceptance.md section 8, dead air: RMS of 100 ms below -60 dBFS, 3 s to warn, 10 s to act.
constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "main", .help = "What is heard as a rule: a strip's output, or \"strip/module\".",
              .kind = Kind::text, .structural = true, .point = true},
    Parameter{.name = "reserve", .help = "What is heard when the main source is silent.", .kind = Kind::text,
              .structural = true, .point = true},
    Parameter{.name = "mode", .maximum = 2, .help = "By itself, or always the one or the other.", .kind = Kind::choice, .smoothing = 0,
              .choices = "auto|main|reserve"},
    Parameter{.name = "threshold", .unit = "dBFS", .minimum = -100, .maximum = -10, .initial = -60,
              .help = "RMS of 100 ms below which a source is silent.", .smoothing = 0},
    Parameter{.name = "watch", .help = "Silent is a source with every channel below the threshold, or with any one.",
              .kind = Kind::choice, .smoothing = 0, .choices = "all|any"},
    Parameter{.name = "warn", .unit = "s", .minimum = 0.1F, .maximum = 60, .initial = 3,
              .help = "Silence before it is reported.", .scale = Scale::logarithmic, .smoothing = 0},
    Parameter{.name = "hold", .unit = "s", .minimum = 0.1F, .maximum = 600, .initial = 10,
              .help = "Silence of the main source before the reserve is taken, if that isn't silent itself.",
              .scale = Scale::logarithmic, .smoothing = 0},
    Parameter{.name = "comes_back", .initial = 1, .help = "Goes back to the main source by itself.", .kind = Kind::toggle,
              .smoothing = 0},
    Parameter{.name = "return_hold", .unit = "s", .minimum = 0.1F, .maximum = 3600, .initial = 10,
              .help = "Signal on the main source, without a pause of a second, before it is gone back to.", .scale = Scale::logarithmic,
              .smoothing = 0},
    Parameter{.name = "hysteresis", .unit = "dB", .minimum = 0, .maximum = 20, .initial = 6,
              .help = "How far above the threshold that signal must be.", .smoothing = 0},
    Parameter{.name = "fade", .unit = "ms", .minimum = 5, .maximum = 5000, .initial = 50,
              .help = "Time of the fade from one to the other.", .scale = Scale::logarithmic, .smoothing = 0},
    Parameter{.name = "active", .minimum = 0, .maximum = 1, .help = "0: the main source is heard; 1: the reserve.",
              .kind = Kind::meter},
    Parameter{.name = "switches", .minimum = 0, .maximum = 1e9F, .help = "How often it has changed from one to the other.",
              .kind = Kind::meter},
    Parameter{.name = "main_silent", .minimum = 0, .maximum = 1, .help = "1 while the main source is reported silent.",
              .kind = Kind::meter},
    Parameter{.name = "reserve_silent", .minimum = 0, .maximum = 1, .help = "1 while the reserve is reported silent.",
              .kind = Kind::meter},
    Parameter{.name = "main_level", .unit = "dBFS", .minimum = -120, .maximum = 20, .initial = -120,
              .help = "RMS of 100 ms of the main source; a full-scale sine reads -3.01.", .kind = Kind::meter,
              .domain = Domain::amplitude},
    Parameter{.name = "reserve_level", .unit = "dBFS", .minimum = -120, .maximum = 20, .initial = -120,
              .help = "RMS of 100 ms of the reserve.", .kind = Kind::meter, .domain = Domain::amplitude},
});

/// y[n] = x[n] + (1 - s) main[n] + s reserve[n]. Both are watched all the time; decisions fall every 10 ms of the
/// absolute clock.
class Failover final : public Processor {
  public:
    explicit Failover(const Setup& setup)
        : setup_(setup), per_second_(setup.sample_rate),
          every_(std::max(1, static_cast<int>(std::lround(setup.sample_rate / 100.0)))),
          watches_{failover::Watch(setup.channels_in, every_), failover::Watch(setup.channels_in, every_)} {}

    void update(const Update& u) TM_NONBLOCKING override {
        const auto steps = [&](int row) TM_NONBLOCKING {
            return std::llround(static_cast<double>(*u.row(row)) * per_second_ / every_);
        };
        mode_ = static_cast<int>(*u.row(mode) + 0.5F);
        any_ = *u.row(watch) >= 0.5F;
        const float power = static_cast<float>(std::pow(10.0, static_cast<double>(*u.row(threshold)) / 10.0));
        limits_ = {power, power * static_cast<float>(std::pow(10.0, static_cast<double>(*u.row(hysteresis)) / 10.0))};
        warn_ = steps(warn);
        hold_ = steps(hold);
        return_ = *u.row(comes_back) >= 0.5F ? steps(return_hold) : -1;
        fade_ = std::max(1, static_cast<int>(std::lround(static_cast<double>(*u.row(fade)) * per_second_ / 1000.0)));
    }

    void run(const Block& b) TM_NONBLOCKING override {
        for (int i = 0; i < b.frames;) {
            const auto now = b.position + i;
            if (now % every_ == 0) decide();
            const int n = std::min(b.frames - i, every_ - static_cast<int>(now % every_));
            for (int s = 0; s < 2; ++s)
                for (int c = 0; c < setup_.channels_in; ++c)
                    if (const float* plane = source_plane(setup_, b, s, c)) watches_[s].hear(c, plane + i, n);
            mix(b, i, n);
            i += n;
        }
        show(b.readouts);
    }

    void silence() TM_NONBLOCKING override {}

    std::string take_report() override {
        const auto now = told_.load(std::memory_order_relaxed); // written by the audio thread alone; one word, no order needed
        const auto before = std::exchange(reported_, now);
        std::string text;
        const auto say = [&](std::uint32_t bit, const char* yes, const char* no) {
            if (((now ^ before) & bit) == 0) return;
            text += std::string(text.empty() ? "" : "; ") + ((now & bit) != 0 ? yes : no);
        };
        say(kMainSilent, "the main source is silent", "the main source is back");
        say(kReserveSilent, "the reserve is silent", "the reserve is back");
        say(kOnReserve, "switched to the reserve", "switched to the main source");
        return text;
    }

  private:
    static constexpr std::uint32_t kOnReserve = 1, kMainSilent = 2, kReserveSilent = 4;

    void decide() TM_NONBLOCKING {
        for (auto& w : watches_) w.end_step(limits_, any_);
        const auto& first = watches_[0];
        if (mode_ != 0) {
            go(mode_ == 2);
        } else if (!on_reserve_) {
            if (first.silent_for() >= hold_ && watches_[1].silent_for() == 0) go(true);
        } else if (return_ >= 0 && first.good_for() >= return_) {
            go(false);
        }
        const auto silent = [&](int s) TM_NONBLOCKING { return watches_[s].silent_for() >= warn_; };
        told_.store((on_reserve_ ? kOnReserve : 0U) | (silent(0) ? kMainSilent : 0U) | (silent(1) ? kReserveSilent : 0U),
                    std::memory_order_relaxed);
    }

    void go(bool to_reserve) TM_NONBLOCKING {
        if (to_reserve == on_reserve_) return;
        on_reserve_ = to_reserve;
        ++switches_;
        heard_.aim(to_reserve ? 1.0F : 0.0F, fade_);
    }

    void mix(const Block& b, int first, int frames) TM_NONBLOCKING {
        for (int i = first; i < first + frames; ++i) {
            const float s = heard_.now(), m = 1.0F - s;
            for (int c = 0; c < setup_.channels_out; ++c) {
                const float *main = source_plane(setup_, b, 0, c), *reserve = source_plane(setup_, b, 1, c);
                if (main) b.audio[c][i] += m * main[i] + s * reserve[i];
            }
            heard_.advance();
        }
    }

    void show(float* to) TM_NONBLOCKING {
        const auto told = told_.load(std::memory_order_relaxed);
        to[active] = on_reserve_ ? 1.0F : 0.0F;
        to[switches] = static_cast<float>(switches_);
        to[main_silent] = (told & kMainSilent) != 0 ? 1.0F : 0.0F;
        to[reserve_silent] = (told & kReserveSilent) != 0 ? 1.0F : 0.0F;
        to[main_level] = std::sqrt(watches_[0].level());
        to[reserve_level] = std::sqrt(watches_[1].level());
    }

    Setup setup_;
    double per_second_;
    int every_; // frames of a step
    failover::Watch watches_[2];
    failover::Limits limits_{1e-6F, 4e-6F};
    int mode_ = 0, fade_ = 1;
    bool any_ = false, on_reserve_ = false;
    std::int64_t warn_ = 300, hold_ = 1000, return_ = 1000; // steps
    int switches_ = 0;
    Glide heard_{0.0F}; // 0 main, 1 reserve
    std::atomic<std::uint32_t> told_{0}; // what take_report() tells: written by the audio thread, read by the control thread
    std::uint32_t reported_ = 0;         // control thread
};

std::unique_ptr<Processor> make(const ProcessorContext& context) { return std::make_unique<Failover>(context.setup); }
} // namespace

extern const ModuleType failover_module;
const ModuleType failover_module{
    .name = "failover",
    .summary = "Failover: a main source, and a reserve for when it is silent.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
    .sources = true,
};

} // namespace ton::modules
