// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/module.hpp"
#include "files/disk_thread.hpp"
#include "files/recorder_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace ton::modules {
using namespace engine;

namespace {
enum Row { file, arm, record, format, preroll };
enum Readout { written, overruns, state };
enum State { kOff, kArmed, kRecording, kFailed };

constexpr auto kRows = parameter_table(std::array{
    Parameter{.name = "file",
              .help =
                  "Where to: .wav, .rf64 or .flac; what is there is kept, the next take is called NAME-2.",
              .kind = Kind::text},
    Parameter{.name = "arm",
              .help = "Ready to record; the pre-roll is being kept.",
              .kind = Kind::toggle,
              .rate = Rate::sample,
              .smoothing = 0},
    Parameter{.name = "record",
              .help = "Records while armed, from this very sample on.",
              .kind = Kind::toggle,
              .rate = Rate::sample,
              .smoothing = 0},
    Parameter{.name = "format",
              .unit = "bit",
              .maximum = 2,
              .initial = 1,
              .help = "Sample format; 32f is floating point.",
              .kind = Kind::choice,
              .smoothing = 0,
              .choices = "16|24|32f",
              .structural = true},
    Parameter{.name = "preroll",
              .unit = "s",
              .minimum = 0,
              .maximum = 60,
              .initial = 0,
              .help = "How much from before the start of a recording is put at its head.",
              .smoothing = 0,
              .structural = true},
    Parameter{.name = "written",
              .unit = "s",
              .minimum = 0,
              .maximum = 1e6F,
              .help = "Length of the recording, without its pre-roll; of a failed one, what its file holds.",
              .kind = Kind::meter},
    Parameter{.name = "overruns",
              .minimum = 0,
              .maximum = 1e9F,
              .help = "How often the disk was too slow; silence stands where sound was lost.",
              .kind = Kind::meter},
    Parameter{.name = "state",
              .minimum = 0,
              .maximum = 3,
              .help = "0 off, 1 armed, 2 recording, 3 failed (a full disk, say).",
              .kind = Kind::meter},
});

files::SampleFormat format_of(const Settings& settings) {
    constexpr files::SampleFormat formats[] = {files::SampleFormat::int16, files::SampleFormat::int24,
                                               files::SampleFormat::float32};
    return formats[static_cast<std::size_t>(settings.value("format"))];
}

/// The audio passes; what is armed also goes to files::RecorderSink, whose disk side writes it.
class Recorder final : public Processor {
  public:
    explicit Recorder(const ProcessorContext& context) : setup_(context.setup), disk_(context.disk) {
        options_.rate = static_cast<int>(std::lround(setup_.sample_rate));
        options_.channels = setup_.channels_in;
        options_.format = format_of(context.settings);
        options_.dither =
            options_.format == files::SampleFormat::int16 ? files::Dither::tpdf : files::Dither::none;
        options_.preroll_seconds = static_cast<double>(context.settings.value("preroll"));
        options_.power_safe = !context.offline;
        if (auto error = set_text(file, context.settings.text("file")); !error.empty())
            throw std::runtime_error(error);
    }
    ~Recorder() override {
        if (owner_ && disk_) disk_->remove(*owner_);
    }

    void run(const Block& b) TM_NONBLOCKING override {
        auto* sink = sink_.load(std::memory_order_acquire);
        const auto &arm_row = b.controls[arm], &record_row = b.controls[record];
        const bool moving = arm_row.stride != 0 || record_row.stride != 0;
        bool armed = false;
        for (int i = 0; i < b.frames;) {
            const int n = moving ? 1 : b.frames - i;
            armed = *arm_row.at(i) >= 0.5F;
            obey(sink, armed && *record_row.at(i) >= 0.5F);
            if (sink && (armed || recording_)) write(b, *sink, i, n);
            i += n;
        }
        show(b.readouts, armed);
    }

    std::string set_text(int, const std::string& text) override {
        if (text.empty()) {
            if (owner_) return "the recorder keeps its file; disarm it instead";
            return {};
        }
        if (owner_) {
            const auto set = owner_->set_path(text);
            return set ? std::string{} : set.error().text();
        }
        options_.path = text;
        auto sink = files::RecorderSink::open(options_);
        if (!sink) return sink.error().text();
        owner_ = std::move(*sink);
        if (disk_) disk_->add(*owner_);
        sink_.store(owner_.get(), std::memory_order_release);
        return {};
    }

    std::string take_report() override {
        if (fileless_.exchange(false, std::memory_order_relaxed))
            return "nothing is recorded: set `file` first";
        if (!owner_) return {};
        const auto status = owner_->status();
        kept_.store(std::max<std::int64_t>(0, status.frames - status.preroll), std::memory_order_relaxed);
        failed_.store(status.state == files::RecorderState::failed, std::memory_order_relaxed);
        if (status.error) {
            auto text = status.error->text();
            return text == std::exchange(told_, text) ? std::string{} : text;
        }
        told_.clear();
        const auto lost = status.lost_frames - std::exchange(told_lost_, status.lost_frames);
        // A new take counts from 0 again.
        if (lost == 0 || lost > status.lost_frames) return {};
        return fmt::format("{}: the disk was too slow, {} frames are silent", status.file, lost);
    }

  private:
    void obey(files::RecorderSink* sink, bool on) TM_NONBLOCKING {
        if (on == recording_) return;
        if (!sink) {
            if (on && !complained_) fileless_.store(true, std::memory_order_relaxed);
            complained_ = on;
            return;
        }
        if (!(on ? sink->start() : sink->stop())) return; // the disk is behind: again at the next block
        recording_ = on;
        if (on) frames_ = 0;
    }

    void write(const Block& b, files::RecorderSink& sink, int first, int frames) TM_NONBLOCKING {
        const float* in[kMaxChannels];
        for (int c = 0; c < setup_.channels_in; ++c) in[c] = b.audio[c] + first;
        const bool kept = sink.write(in, setup_.channels_in, frames);
        if (!kept && !losing_) ++overruns_;
        losing_ = !kept;
        if (recording_) frames_ += frames;
    }

    void show(float* to, bool armed) TM_NONBLOCKING {
        const bool failed = failed_.load(std::memory_order_relaxed);
        const auto frames = failed ? kept_.load(std::memory_order_relaxed) : frames_;
        to[written] = static_cast<float>(static_cast<double>(frames) / setup_.sample_rate);
        to[overruns] = static_cast<float>(overruns_);
        const int now = recording_ ? kRecording : armed ? kArmed : kOff;
        to[state] = static_cast<float>(failed ? kFailed : now);
    }

    Setup setup_;
    files::DiskThread* disk_;
    files::RecorderOptions options_;
    std::unique_ptr<files::RecorderSink> owner_;      // control side; made once, kept to the end
    std::atomic<files::RecorderSink*> sink_{nullptr}; // control to audio: the same, once it is there

    bool recording_ = false, losing_ = false, complained_ = false; // audio thread
    std::int64_t frames_ = 0;
    int overruns_ = 0;

    std::atomic<bool> fileless_{false}; // audio to control: asked to record with no file
    std::atomic<bool> failed_{false};   // control to audio: the sink's state, for the read-outs
    std::atomic<std::int64_t> kept_{0}; // control to audio: frames of a failed recording that its file holds
    std::string told_;                  // control side: the last error that was reported
    std::uint64_t told_lost_ = 0;
};

std::unique_ptr<Processor> make(const ProcessorContext& context) {
    return std::make_unique<Recorder>(context);
}
} // namespace

extern const ModuleType recorder_module;
const ModuleType recorder_module{
    .name = "recorder",
    .summary = "Recorder: writes what passes to disk, sample-accurately and safe against crashes.",
    .parameters = kRows,
    .channels_out = same_channels,
    .make = make,
};

} // namespace ton::modules
