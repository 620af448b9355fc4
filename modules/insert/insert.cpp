// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/loop.hpp"
#include "engine/module.hpp"
#include "modules/support/sources.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <utility>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { send, return_row, latency, on };
enum Readout { returned };

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "send", .help = "Ports that the signal goes out to, one for each channel; none: to be connected by hand.",
              .kind = Kind::text, .structural = true, .ports = true},
    Parameter{.name = "return", .help = "Ports that it comes back from.", .kind = Kind::text, .structural = true, .ports = true},
    Parameter{.name = "latency", .maximum = 48000,
              .help = "Samples that it is away beyond one period of the audio server; /tonmeister/insert/ping measures it.",
              .kind = Kind::integer, .smoothing = 0, .structural = true},
    Parameter{.name = "on", .initial = 1, .help = "What comes back is heard; else the signal itself, delayed alike.",
              .kind = Kind::toggle, .rate = Rate::sample},
    Parameter{.name = "returned", .maximum = 1, .help = "1 while something is connected at both ends.", .kind = Kind::meter},
});

/// A ping on its way: filled by the audio thread, owned by the control thread.
struct Ping {
    std::vector<float> signal;
    std::vector<std::vector<float>> heard; // [channel][frame]
};

/// y[n] = x[n - L] + w[n] (r[n] - x[n - L]), L the declared latency, r what comes back. w is `on`, closed (0) while nothing is
/// connected, while a ping is out, and until what was sent before can have come back.
class Insert final : public Processor, public Loop {
  public:
    explicit Insert(const Setup& setup)
        : channels_(setup.channels_in), latency_(setup.latency),
          line_(static_cast<std::size_t>(setup.channels_in) * static_cast<std::size_t>(setup.latency)), data_(line_.data()), clean_(setup.latency),
          fade_(std::max(1, static_cast<int>(std::lround(setup.sample_rate * kFade)))), quiet_(static_cast<int>(std::lround(setup.sample_rate * kQuiet))),
          closed_for_(setup.latency + fade_) {}

    void run(const Block& b) TM_NONBLOCKING override {
        listen_to_control();
        for (int i = 0; i < b.frames; ++i) {
            const float w = b.controls[on].at(i)[0] * wet_.now();
            const float out = sent_.now();
            const int place = latency_ > 0 ? static_cast<int>((b.position + i) % latency_) : 0;
            for (int c = 0; c < channels_; ++c) {
                const float x = b.audio[c][i];
                if (b.taps) b.taps[c][i] = out * x + test_sample();
                const float dry = delayed(c, place, x);
                const float back = b.sidechain ? b.sidechain[c][i] : 0.0F;
                b.audio[c][i] = w <= 0.0F ? dry : w >= 1.0F ? back : dry + w * (back - dry);
                if (recording()) ping_->heard.data()[c].data()[at_] = back;
            }
            advance();
        }
        b.readouts[returned] = linked_now_ ? 1.0F : 0.0F;
    }

    /// The line is too long to be cleared: what is older than now is not read any more.
    void silence() TM_NONBLOCKING override { clean_ = 0; }

    Loop* external_loop() override { return this; }
    void link(bool linked) override { linked_.store(linked, std::memory_order_relaxed); }

    bool ping(const std::vector<float>& signal, int listen) override {
        if (owned_) return false;
        const auto frames = std::max(static_cast<std::size_t>(listen), signal.size());
        owned_ = std::make_unique<Ping>(Ping{signal, {static_cast<std::size_t>(channels_), std::vector<float>(frames)}});
        asked_.store(owned_.get(), std::memory_order_release);
        return true;
    }
    std::optional<std::vector<std::vector<float>>> take_ping() override {
        if (!owned_ || !over_.exchange(false, std::memory_order_acquire)) return {};
        return std::move(std::exchange(owned_, nullptr)->heard);
    }

  private:
    static constexpr double kFade = 0.01, kQuiet = 0.05; // s: into and out of the dry signal; before a ping, for the loop to be empty

    void listen_to_control() TM_NONBLOCKING {
        if (const bool linked = linked_.load(std::memory_order_relaxed); linked != linked_now_) {
            linked_now_ = linked;
            closed_for_ = std::max(closed_for_, latency_ + fade_);
            if (!linked) wet_.aim(0.0F, fade_);
        }
        if (ping_ || !asked_.load(std::memory_order_relaxed)) return;
        ping_ = asked_.exchange(nullptr, std::memory_order_acquire);
        at_ = -fade_ - quiet_;
        wet_.aim(0.0F, fade_);
        sent_.aim(0.0F, fade_);
    }

    bool recording() const TM_NONBLOCKING { return ping_ && at_ >= 0; }
    float test_sample() const TM_NONBLOCKING {
        return recording() && at_ < static_cast<std::ptrdiff_t>(ping_->signal.size()) ? ping_->signal.data()[at_] : 0.0F;
    }

    /// x[n - L]; silence from before the signal was last lost.
    float delayed(int channel, int place, float x) TM_NONBLOCKING {
        if (latency_ == 0) return x;
        float& cell = data_[static_cast<std::ptrdiff_t>(channel) * latency_ + place];
        return clean_ < latency_ ? (cell = x, 0.0F) : std::exchange(cell, x);
    }

    void advance() TM_NONBLOCKING {
        if (clean_ < latency_) ++clean_;
        if (ping_) step_ping();
        else if (closed_for_ > 0) --closed_for_;
        else if (linked_now_ && wet_.target() == 0.0F) wet_.aim(1.0F, fade_);
        wet_.advance();
        sent_.advance();
    }

    void step_ping() TM_NONBLOCKING {
        const auto frames = static_cast<std::ptrdiff_t>(ping_->heard.data()->size());
        if (++at_ < frames) return;
        closed_for_ = static_cast<int>(frames); // however long the way is, what comes back then is the strip's own
        sent_.aim(1.0F, fade_);
        ping_ = nullptr;
        over_.store(true, std::memory_order_release);
    }

    int channels_, latency_;
    std::vector<float> line_; // [channel][frame]
    float* data_;
    int clean_;               // frames of the line that are signal
    int fade_, quiet_;        // frames
    int closed_for_;          // frames until the returned signal may be heard
    Glide wet_{0.0F}, sent_{1.0F};
    bool linked_now_ = false;
    Ping* ping_ = nullptr;    // the audio thread's while it is out
    std::ptrdiff_t at_ = 0;   // frame of the ping; before 0 the loop empties

    std::atomic<bool> linked_{false};    // control sets, audio looks
    std::unique_ptr<Ping> owned_;        // control's
    std::atomic<Ping*> asked_{nullptr};  // control sets, audio takes
    std::atomic<bool> over_{false};      // audio sets, control takes: the ping is control's again
};

int latency_of(const Settings& settings, double) { return static_cast<int>(settings.value("latency")); }

std::unique_ptr<Processor> make(const ProcessorContext& context) { return std::make_unique<Insert>(context.setup); }
} // namespace

extern const ModuleType insert_module;
const ModuleType insert_module{
    .name = "insert",
    .summary = "Insert: the signal goes out through ports to a device or program and comes back, in time.",
    .parameters = kRows,
    .channels_out = same_channels,
    .latency = latency_of,
    .make = make,
    .insert = true,
};

} // namespace ton::modules
