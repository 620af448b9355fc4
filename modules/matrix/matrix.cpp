// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "modules/matrix/histories.hpp"
#include "modules/matrix/points.hpp"
#include "modules/matrix/sums.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

namespace ton::modules {
using namespace engine;

namespace matrix {

enum Row { inputs, outputs, bypass, kFirstPoint };

constexpr float kMostDelay = 200;  // ms
constexpr double kDelayFade = 0.02; // s

constexpr std::array<Parameter, kPointRows> kPoint{{
    {.name = "level", .unit = "dB", .minimum = -120, .maximum = 12, .initial = -120,
     .help = "How much of the input is in the output; at -120 dB the point is off.", .scale = Scale::fader,
     .rate = Rate::sample, .domain = Domain::amplitude},
    {.name = "on", .initial = 1, .help = "Off, the point is silent and keeps its level.", .kind = Kind::toggle, .rate = Rate::sample},
    {.name = "invert", .help = "Reverses the polarity.", .kind = Kind::toggle, .rate = Rate::sample},
    {.name = "delay", .unit = "ms", .minimum = 0, .maximum = kMostDelay, .initial = 0,
     .help = "Delay of this point, to the next whole sample; it is not compensated.", .rate = Rate::sample, .own_pace = true},
}};

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "inputs", .minimum = 1, .maximum = kMost, .initial = 2,
              .help = "Inputs, as many as the strip is wide here; set in the config.", .kind = Kind::integer, .smoothing = 0,
              .structural = true},
    Parameter{.name = "outputs", .minimum = 1, .maximum = kMost, .initial = 2,
              .help = "Outputs, as wide as the strip is from here on; set in the config.", .kind = Kind::integer,
              .smoothing = 0, .structural = true},
});
static_assert(kRows.size() == kFirstPoint && kRows[bypass].name == "bypass");

/// y_out[n] = sum over the inputs, in their order, of g[in, out] x_in[n - d[in, out]].
/// An input's history is shared by all its points, and is kept only while one of them is heard or has a delay: points
/// that are off cost nothing.
class Matrix final : public Processor {
  public:
    explicit Matrix(const ProcessorContext& context)
        : ins_(context.setup.channels_in), outs_(context.setup.channels_out), per_ms_(context.setup.sample_rate / 1000.0),
          delay_fade_(static_cast<int>(std::lround(kDelayFade * context.setup.sample_rate))),
          longest_(static_cast<int>(std::lround(static_cast<double>(kMostDelay) * per_ms_))),
          points_(static_cast<std::size_t>(ins_ * outs_), Point(delay_fade_)), histories_(ins_, longest_, context.setup.sample_rate),
          point_(points_.data()) {}

    void run(const Block& b) TM_NONBLOCKING override {
        now_ = b.position;
        for (auto left = kept_; left != 0; left &= left - 1) histories_.write(std::countr_zero(left), b.audio[std::countr_zero(left)], b.frames);
        for (int out = 0; out < outs_; ++out) {
            std::memset(b.audio[out], 0, static_cast<std::size_t>(b.frames) * sizeof(float));
            if (heard_.of(out) != 0) sum_up(out, b.audio[out], b.frames);
        }
        histories_.advance(b.frames);
    }

    void silence() TM_NONBLOCKING override { histories_.silence(); }

    void aim(int row, float value, std::int64_t fade, std::int64_t now, Way way) TM_NONBLOCKING override {
        const int index = row / kPointRows, in = index / outs_, out = index % outs_;
        if (in >= ins_) return;
        Point& p = point_[index];
        now_ = now;
        const auto frames = static_cast<int>(fade < 0 ? std::llround(static_cast<double>(kPoint[level].smoothing) * per_ms_) : std::min<std::int64_t>(fade, 1 << 30));
        switch (row % kPointRows) {
        case level: p.level.aim(value, frames, now, way); break;
        case on: p.sign.aim(sign(p.on = value >= 0.5F, p.invert), frames, now, way); break;
        case invert:
            p.invert = value >= 0.5F;
            if (p.on) p.sign.aim(sign(true, p.invert), frames, now, way);
            break;
        default: return aim_delay(in, out, std::clamp(static_cast<int>(static_cast<double>(value) * per_ms_ + 0.5), 0, longest_), fade == 0);
        }
        note(in, out, 0);
    }

  private:
    static float sign(bool on, bool invert) TM_NONBLOCKING { return !on ? 0.0F : invert ? -1.0F : 1.0F; }
    Point& point(int in, int out) TM_NONBLOCKING { return point_[in * outs_ + out]; }

    void aim_delay(int in, int out, int frames, bool at_once) TM_NONBLOCKING {
        Point& p = point(in, out);
        p.delay = frames;
        if (at_once) p.take_delay_at_once(delay_fade_);
        else p.delayed.aim(frames);
        note(in, out, 0);
    }

    /// A point may have come, or gone, so many frames from now.
    void note(int in, int out, int frames) TM_NONBLOCKING {
        Point& p = point(in, out);
        p.look(now_ + frames);
        p.asleep = p.asleep || p.idle;
        heard_.set(out, in, !p.idle);
        needed_.set(in, out, p.needs_input());
        const auto bit = std::uint64_t{1} << in;
        const bool kept = (kept_ & bit) != 0;
        if (!p.needs_input() && kept) histories_.end(in, frames);
        if ((needed_.of(in) != 0) == kept) return;
        kept_ ^= bit;
        if (!kept) histories_.begin(in);
    }

    void wake(Point& p) TM_NONBLOCKING {
        p.take_delay_at_once(delay_fade_);
        p.asleep = false;
    }

    /// What stands still is added in one go, up to a point that moves.
    void sum_up(int out, float* y, int frames) TM_NONBLOCKING {
        const float* x[kMost];
        float gain[kMost];
        int still = 0;
        for (auto left = heard_.of(out); left != 0; left &= left - 1) {
            const int in = std::countr_zero(left);
            Point& p = point(in, out);
            if (p.asleep) wake(p);
            x[still] = p.still() ? histories_.row(in, p.delayed.to(), frames) : nullptr;
            if (x[still]) {
                gain[still++] = p.gain;
                continue;
            }
            sums_.add(y, x, gain, std::exchange(still, 0), frames);
            add(in, out, y, frames);
        }
        sums_.add(y, x, gain, still, frames);
    }

    void add(int in, int out, float* y, int frames) TM_NONBLOCKING {
        Point& p = point(in, out);
        const int heard = p.heard(now_, frames);
        float gain[kSegment];
        p.gains(gain, now_, heard);
        if (p.delayed.fading()) add_fading(in, p, gain, y, heard);
        else if (const float* x = histories_.row(in, p.delayed.to(), frames))
            for (int i = 0; i < heard; ++i) y[i] += gain[i] * x[i];
        else
            for (int i = 0; i < heard; ++i) y[i] += gain[i] * histories_.read(in, i, p.delayed.to());
        p.look(now_ + heard);
        if (p.idle) note(in, out, heard);
    }

    void add_fading(int in, Point& p, const float* gain, float* y, int frames) TM_NONBLOCKING {
        for (int i = 0; i < frames; ++i) {
            float x = histories_.read(in, i, p.delayed.from());
            if (p.delayed.fading()) x += p.delayed.weight() * (histories_.read(in, i, p.delayed.to()) - x);
            y[i] += gain[i] * x;
            p.delayed.advance();
        }
    }

    int ins_, outs_;
    double per_ms_;
    int delay_fade_, longest_;  // frames
    std::vector<Point> points_; // [in * outputs + out]
    Histories histories_;
    const Sums& sums_ = sums();
    Point* point_;
    Bits heard_;              // by output: an input each
    Bits needed_;             // by input: an output each
    std::uint64_t kept_ = 0;  // inputs
    std::int64_t now_ = 0;    // absolute: of what is done now
};

constexpr auto kNumbers = [] {
    std::array<std::array<char, 2>, kMost + 1> text{};
    for (std::size_t n = 1; n <= kMost; ++n)
        text[n] = {static_cast<char>(n < 10 ? '0' + n : '0' + n / 10), static_cast<char>(n < 10 ? 0 : '0' + n % 10)};
    return text;
}();

/// The table of a size: its rows are 1/1/level, 1/1/on, …, 1/2/level, …
struct Sized {
    std::vector<Parameter> rows;
    ModuleType type;
};

int width(int channels_in, const Settings& settings) {
    return channels_in == static_cast<int>(settings.value("inputs")) ? static_cast<int>(settings.value("outputs")) : 0;
}

std::unique_ptr<Processor> make(const ProcessorContext& context) { return std::make_unique<Matrix>(context); }

const ModuleType* sized(const Settings& settings);

constexpr ModuleType kType{
    .name = "matrix",
    .summary = "Matrix: every input into every output, each point with level, polarity and delay.",
    .parameters = kRows,
    .channels_out = width,
    .make = make,
    .sized = sized,
    .own_rows = kFirstPoint,
};

std::vector<Parameter> rows_of(int ins, int outs) {
    std::vector<Parameter> rows(kRows.begin(), kRows.end());
    rows.reserve(rows.size() + static_cast<std::size_t>(ins * outs) * kPointRows);
    for (int in = 1; in <= ins; ++in)
        for (int out = 1; out <= outs; ++out)
            for (auto row : kPoint) {
                row.group = {kNumbers[static_cast<std::size_t>(in)].data(), in < 10 ? 1U : 2U};
                row.index = static_cast<std::uint8_t>(out);
                rows.push_back(row);
            }
    rows[inputs].minimum = rows[inputs].maximum = static_cast<float>(ins); // no more to be moved
    rows[outputs].minimum = rows[outputs].maximum = static_cast<float>(outs);
    return rows;
}

/// One type a size, made when it is first asked for and never freed: tables are compared and kept by address.
const ModuleType* sized(const Settings& settings) {
    static std::map<std::pair<int, int>, Sized> all; // control thread
    const std::pair size{static_cast<int>(settings.value("inputs")), static_cast<int>(settings.value("outputs"))};
    auto& made = all[size];
    if (made.rows.empty()) {
        made.rows = rows_of(size.first, size.second);
        made.type = kType;
        made.type.parameters = made.rows;
    }
    return &made.type;
}

/// The smallest one stands for all in lists and tests; in documents its first point stands for all points.
const std::vector<Parameter>& two_by_two() {
    static const auto rows = [] {
        auto all = rows_of(2, 2);
        for (const auto size : {inputs, outputs}) all[size].minimum = kRows[size].minimum, all[size].maximum = kRows[size].maximum;
        return all;
    }();
    return rows;
}

ModuleType registered() {
    auto type = kType;
    type.parameters = two_by_two();
    return type;
}

} // namespace matrix

extern const ModuleType matrix_module;
const ModuleType matrix_module = matrix::registered();

} // namespace ton::modules
