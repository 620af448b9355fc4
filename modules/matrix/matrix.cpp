// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "modules/matrix/points.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

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
     .help = "Delay of this point, to the next whole sample; it is not compensated.", .rate = Rate::sample},
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
/// The history of an input is shared by all its points.
class Matrix final : public Processor {
  public:
    explicit Matrix(const ProcessorContext& context)
        : ins_(context.setup.channels_in), outs_(context.setup.channels_out), per_ms_(context.setup.sample_rate / 1000.0),
          longest_(static_cast<int>(std::lround(static_cast<double>(kMostDelay) * per_ms_))),
          mask_(std::bit_ceil(static_cast<std::uint32_t>(longest_ + kSegment)) - 1),
          points_(static_cast<std::size_t>(ins_ * outs_), Point(static_cast<int>(std::lround(kDelayFade * context.setup.sample_rate)))),
          history_(static_cast<std::size_t>(ins_) * (mask_ + 1U)), point_(points_.data()), line_(history_.data()) {}

    void run(const Block& b) TM_NONBLOCKING override {
        for (int in = 0; in < ins_; ++in) write(in, b.audio[in], b.frames);
        for (int out = 0; out < outs_; ++out) {
            std::memset(b.audio[out], 0, static_cast<std::size_t>(b.frames) * sizeof(float));
            for (auto left = active_.of(out); left != 0; left &= left - 1) add(std::countr_zero(left), out, b.audio[out], b.frames);
        }
        head_ += static_cast<std::uint32_t>(b.frames);
        filled_ = std::min(filled_ + b.frames, longest_);
    }

    /// Clearing megabytes would take too long: what is older than now is not read any more.
    void silence() TM_NONBLOCKING override { filled_ = 0; }

    void aim(int row, float value, std::int64_t fade) TM_NONBLOCKING override {
        const int index = row / kPointRows, in = index / outs_, out = index % outs_;
        if (in >= ins_) return;
        Point& p = point_[index];
        switch (row % kPointRows) {
        case level: p.level = value; break;
        case on: p.on = value >= 0.5F; break;
        case invert: p.invert = value >= 0.5F; break;
        default:
            if (fade == 0) p = Point(p, static_cast<int>(kDelayFade * per_ms_ * 1000));
            return p.delayed.aim(std::clamp(static_cast<int>(static_cast<double>(value) * per_ms_ + 0.5), 0, longest_));
        }
        const auto frames = fade < 0 ? std::llround(static_cast<double>(kPoint[level].smoothing) * per_ms_) : std::min<std::int64_t>(fade, 1 << 30);
        if (frames == 0) p.gain = Glide(p.wanted());
        else if (p.wanted() != p.gain.target()) p.gain.aim(p.wanted(), static_cast<int>(frames));
        active_.set(in, out, !p.idle());
    }

  private:
    float* line(int in) TM_NONBLOCKING { return line_ + static_cast<std::size_t>(in) * (mask_ + 1U); }

    void write(int in, const float* x, int frames) TM_NONBLOCKING {
        const auto place = head_ & mask_;
        const auto first = std::min<std::uint32_t>(static_cast<std::uint32_t>(frames), mask_ + 1U - place);
        std::memcpy(line(in) + place, x, first * sizeof(float));
        std::memcpy(line(in), x + first, (static_cast<std::uint32_t>(frames) - first) * sizeof(float));
    }

    float read(int in, int i, int delay) TM_NONBLOCKING {
        return i - delay >= -filled_ ? line(in)[(head_ + static_cast<std::uint32_t>(i) - static_cast<std::uint32_t>(delay)) & mask_] : 0.0F;
    }

    void add(int in, int out, float* y, int frames) TM_NONBLOCKING {
        Point& p = point_[in * outs_ + out];
        int i = 0;
        for (; i < frames && !p.idle() && (p.gain.moving() || p.delayed.fading()); ++i) { // silent, its delay waits
            float x = read(in, i, p.delayed.from());
            if (p.delayed.fading()) x += p.delayed.weight() * (read(in, i, p.delayed.to()) - x);
            y[i] += p.gain.now() * x;
            p.gain.advance();
            p.delayed.advance();
        }
        if (p.idle()) {
            active_.set(in, out, false);
            return;
        }
        const int delay = p.delayed.to();
        i = std::max(i, delay - filled_);
        const float g = p.gain.now(); // still: in stretches up to the history's end
        while (i < frames) {
            const auto place = (head_ + static_cast<std::uint32_t>(i) - static_cast<std::uint32_t>(delay)) & mask_;
            const int count = std::min(frames - i, static_cast<int>(mask_ + 1U - place));
            const float* x = line(in) + place;
            for (int k = 0; k < count; ++k) y[i + k] += g * x[k];
            i += count;
        }
    }

    int ins_, outs_;
    double per_ms_;
    int longest_; // frames
    std::uint32_t mask_;
    std::vector<Point> points_;  // [in * outputs + out]
    std::vector<float> history_; // [input][frame], rings of a power of two
    Point* point_;
    float* line_;
    Active active_;
    std::uint32_t head_ = 0;
    int filled_ = 0; // frames of signal behind the present one, at most longest_
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
