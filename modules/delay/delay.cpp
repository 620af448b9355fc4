// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/changeover.hpp"
#include "engine/module.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { time };
constexpr float kMaxMs = 2000.0F;
constexpr double kFade = 0.02; // s

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "time",
              .unit = "ms",
              .minimum = 0,
              .maximum = kMaxMs,
              .initial = 0,
              .help = "Delay, rounded to whole samples; a change fades from the old one to the new in 20 ms.",
              .smoothing = 0},
});

/// y[n] = x[n - d]. A new d is a new place to read from, faded to; pitch never bends.
/// Planar: the memory of a strip is a megabyte, and where lanes read differs from strip to strip.
class Delay final : public Processor {
  public:
    explicit Delay(const Setup& setup)
        : channels_(setup.channels_out), per_ms_(setup.sample_rate / 1000.0),
          longest_(static_cast<int>(std::lround(static_cast<double>(kMaxMs) * per_ms_))),
          mask_(std::bit_ceil(static_cast<std::uint32_t>(longest_ + kSegment)) - 1),
          where_(static_cast<int>(std::lround(kFade * setup.sample_rate))),
          memory_(static_cast<std::size_t>(channels_) * (mask_ + 1U)), data_(memory_.data()) {}

    void update(const Update& u) TM_NONBLOCKING override {
        const double frames = static_cast<double>(*u.row(time)) * per_ms_;
        where_.aim(std::clamp(static_cast<int>(frames + 0.5), 0, longest_));
    }

    void run(const Block& b) TM_NONBLOCKING override {
        for (int c = 0; c < channels_; ++c)
            for (int i = 0; i < b.frames; ++i)
                line(c)[(head_ + static_cast<std::uint32_t>(i)) & mask_] = b.audio[c][i];
        for (int i = 0; i < b.frames;) i += where_.fading() ? fade(b, i) : straight(b, i);
        head_ += static_cast<std::uint32_t>(b.frames);
    }

    /// Clearing a megabyte would take too long: what is older than now is simply not read any more.
    void silence() TM_NONBLOCKING override { filled_ = 0; }

  private:
    float* line(int channel) TM_NONBLOCKING {
        return data_ + static_cast<std::size_t>(channel) * (mask_ + 1U);
    }

    /// x[n - delay] for frame i of this block, or silence from before the signal began.
    float read(int channel, int i, int delay) TM_NONBLOCKING {
        const auto at = head_ + static_cast<std::uint32_t>(i) - static_cast<std::uint32_t>(delay);
        return delay <= filled_ ? line(channel)[at & mask_] : 0.0F;
    }
    void count(int frames) TM_NONBLOCKING { filled_ = std::min(filled_ + frames, longest_); }

    int straight(const Block& b, int first) TM_NONBLOCKING {
        for (int i = first; i < b.frames; ++i) {
            for (int c = 0; c < channels_; ++c) b.audio[c][i] = read(c, i, where_.to());
            count(1);
        }
        return b.frames - first;
    }

    int fade(const Block& b, int first) TM_NONBLOCKING {
        int i = first;
        for (; i < b.frames && where_.fading(); ++i) {
            const float w = where_.weight();
            for (int c = 0; c < channels_; ++c) {
                const float old = read(c, i, where_.from()), next = read(c, i, where_.to());
                b.audio[c][i] = old + w * (next - old);
            }
            count(1);
            where_.advance();
        }
        return i - first;
    }

    int channels_;
    double per_ms_;
    int longest_; // frames
    std::uint32_t mask_;
    dsp::Changeover<int> where_; // delay in frames
    std::vector<float> memory_;  // [channel][frame], a ring of a power of two
    float* data_;
    std::uint32_t head_ = 0;
    int filled_ = 0; // frames of signal behind the present one, at most longest_
};

std::unique_ptr<Processor> make(const ProcessorContext& context) {
    return std::make_unique<Delay>(context.setup);
}
} // namespace

extern const ModuleType delay_module;
const ModuleType delay_module{
    .name = "delay",
    .summary = "Delay: up to two seconds, for alignment or effect; never compensated away.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
};

} // namespace ton::modules
