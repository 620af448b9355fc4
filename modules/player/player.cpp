// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/player/deck.hpp"

#include "engine/module.hpp"
#include "files/audio_file.hpp"
#include "files/disk_thread.hpp"
#include "modules/support/edge.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { file, play, loop, position };
enum Readout { playhead, length, underruns };

constexpr double kFade = 0.005; // s

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "file",
              .help = "What is played: any file that libsndfile reads, at any rate.",
              .kind = Kind::text},
    Parameter{.name = "play",
              .initial = 1,
              .help = "Plays; off, it stops where it is.",
              .kind = Kind::toggle,
              .rate = Rate::sample,
              .smoothing = 0},
    Parameter{.name = "loop",
              .help = "At the end begins again, without a gap.",
              .kind = Kind::toggle,
              .smoothing = 0},
    Parameter{.name = "position",
              .unit = "s",
              .minimum = 0,
              .maximum = 86400,
              .initial = 0,
              .help = "Goes there each time it is set; the read-out `playhead` tells where it is.",
              .rate = Rate::sample,
              .smoothing = 0},
    Parameter{.name = "playhead",
              .unit = "s",
              .minimum = 0,
              .maximum = 86400,
              .help = "Where it is in the file.",
              .kind = Kind::meter},
    Parameter{.name = "length",
              .unit = "s",
              .minimum = 0,
              .maximum = 86400,
              .help = "Length of the file.",
              .kind = Kind::meter},
    Parameter{.name = "underruns",
              .minimum = 0,
              .maximum = 1e9F,
              .help = "How often the disk was too slow since the file was opened.",
              .kind = Kind::meter},
});

/// y[n] = x[n] + file. Starts on the very sample, at once where the file is at its beginning, else (and where the player
/// comes into a desk that plays, and plays at once) with a fade of 5 ms; stops, jumps and changes of file fade out first.
/// All that waits happens in Deck's control side.
class Player final : public Processor {
  public:
    explicit Player(const ProcessorContext& context)
        : setup_(context.setup), deck_(context.setup.sample_rate, context.disk),
          fade_(std::max(1, static_cast<int>(std::lround(kFade * context.setup.sample_rate)))), born_(context.running) {
        if (const auto error = deck_.load(context.settings.text("file")); !error.empty())
            throw std::runtime_error(error);
        deck_.take_over(); // nothing plays yet, so there is nothing to fade
    }

    void update(const Update& u) TM_NONBLOCKING override { loop_ = *u.row(loop) >= 0.5F; }

    void run(const Block& b) TM_NONBLOCKING override {
        const auto &play_row = b.controls[play], &position_row = b.controls[position];
        position_set_.look(position_row);
        for (int i = 0; i < b.frames;) {
            wish(*play_row.at(i) >= 0.5F, *position_row.at(i), i == 0 && position_set_.set_now());
            const bool moving = play_row.stride != 0 || position_row.stride != 0 || level_ != goal();
            const int n = moving || waiting() ? 1 : b.frames - i;
            step(b, i, n);
            i += n;
        }
        show(b.readouts);
    }

    std::string set_text(int, const std::string& text) override { return deck_.load(text); }
    std::string take_report() override { return deck_.report(); }

  private:
    /// What the controls ask for at this frame.
    void wish(bool on, float seconds, bool set) TM_NONBLOCKING {
        if (on && !wanted_)
            if (auto* feed = deck_.feed(); feed && feed->ended()) feed->restart();
        wanted_ = on;
        if (set || seconds != seconds_)
            target_ = std::llround(static_cast<double>(seconds) * setup_.sample_rate);
        seconds_ = seconds;
    }

    bool waiting() const TM_NONBLOCKING { return target_ >= 0 || deck_.replacement() || gap_ > 0; }
    int goal() const TM_NONBLOCKING { return wanted_ && deck_.feed() && !waiting() ? fade_ : 0; }

    /// Silent now: what had to wait for that is done.
    void act() TM_NONBLOCKING {
        if (deck_.replacement() && deck_.take_over()) gap_ = 0;
        auto* feed = deck_.feed();
        if (feed && target_ >= 0) {
            feed->seek(target_);
            gap_ = feed->in_memory()
                       ? 0
                       : files::PlayerFeed::seek_frames; // the disk's time, spent before the fade-in
        }
        target_ = -1;
    }

    void step(const Block& b, int first, int frames) TM_NONBLOCKING {
        if (level_ == 0 && (target_ >= 0 || deck_.replacement())) act();
        auto* feed = deck_.feed();
        const bool born = std::exchange(born_, false);
        if (!feed) return;
        feed->set_loop(loop_);
        if (level_ == 0 && goal() > 0 && feed->position() == 0 && !born)
            level_ = fade_; // from its first sample, in full
        else if (level_ < goal())
            ++level_;
        else if (level_ > goal())
            --level_;
        if (level_ == 0) {
            feed->pass(frames);
            gap_ = std::max(0, gap_ - frames);
            return;
        }
        sound(b, *feed, first, frames);
    }

    void sound(const Block& b, files::PlayerFeed& feed, int first, int frames) TM_NONBLOCKING {
        const bool fold = setup_.channels_out == 1 && feed.channels() == 2; // stereo into mono: 0.5 (L + R)
        const int channels = fold ? 2 : setup_.channels_out;
        float* planes[kMaxChannels];
        for (int c = 0; c < channels; ++c) planes[c] = memory_[static_cast<std::size_t>(c)].data();
        const int delivered = feed.read(planes, channels, frames);
        const bool starved = delivered < frames && !feed.ended();
        if (starved && !starving_) ++underruns_;
        starving_ = starved;
        const float t = static_cast<float>(level_) / static_cast<float>(fade_);
        const float gain = t * t * (3.0F - 2.0F * t) * (fold ? 0.5F : 1.0F);
        for (int c = 0; c < setup_.channels_out; ++c)
            for (int i = 0; i < frames; ++i) {
                const float x = fold ? planes[0][i] + planes[1][i] : planes[c][i];
                b.audio[c][first + i] += gain * x;
            }
    }

    void show(float* to) TM_NONBLOCKING {
        const auto* feed = deck_.feed();
        const double rate = setup_.sample_rate;
        to[playhead] = feed ? static_cast<float>(static_cast<double>(feed->position()) / rate) : 0.0F;
        to[length] = feed ? static_cast<float>(static_cast<double>(feed->frames()) / rate) : 0.0F;
        to[underruns] = static_cast<float>(underruns_);
    }

    Setup setup_;
    player::Deck deck_;
    int fade_;                 // frames
    int level_ = 0;            // 0 silent … fade_ full
    int gap_ = 0;              // frames until a streamed file has data after a seek
    std::int64_t target_ = -1; // frame to go to, or none
    float seconds_ = 0.0F;
    bool wanted_ = false, loop_ = false, starving_ = false;
    bool born_;                // into a desk that plays, just now
    int underruns_ = 0;
    SetEdge position_set_;
    std::array<std::array<float, kSegment>, kMaxChannels> memory_{};
};

int source_channels(const Settings& settings) {
    const auto& path = settings.text("file");
    if (path.empty()) return 0;
    const auto reader = files::Reader::open(path);
    if (!reader) throw std::runtime_error(reader.error().text());
    return reader->channels();
}

std::unique_ptr<Processor> make(const ProcessorContext& context) {
    return std::make_unique<Player>(context);
}
} // namespace

extern const ModuleType player_module;
const ModuleType player_module{
    .name = "player",
    .summary = "Player: plays a file from disk, added to what comes in.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
    .source = true,
    .source_channels = source_channels,
};

} // namespace ton::modules
