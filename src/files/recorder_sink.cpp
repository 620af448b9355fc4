// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/recorder_sink.hpp"
#include "files/frame_ring.hpp"
#include "files/take.hpp"

#include "dsp/ring.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <mutex>

namespace ton::files {

namespace {

constexpr std::uint64_t piece = 4096; // frames that work() takes at a time

/// What happens at a frame of the stream. The audio thread queues it before it publishes that frame.
struct Mark {
    enum class Kind { start, stop, gap } kind;
    std::uint64_t at;     // number of the frame that comes next
    std::uint64_t frames; // of a gap: how many were lost before that frame
};

} // namespace

struct RecorderSink::State {
    State(const RecorderOptions& o, std::int64_t capacity)
        : options(o), path(o.path), preroll(static_cast<std::uint64_t>(o.preroll_seconds * o.rate)),
          ring(o.channels, capacity), marks(256),
          syncer(o.power_safe ? std::make_unique<Syncer>() : nullptr) {}

    // Fixed after open.
    const RecorderOptions options;

    // Audio thread.
    bool wanted = false;    // between start() and stop()
    std::uint64_t lost = 0; // frames since the last that fitted

    // Control side and disk thread.
    mutable std::mutex mutex;
    std::string path;
    RecorderStatus status;

    // Disk thread.
    const std::uint64_t preroll;
    FrameRing ring; // audio to disk
    dsp::Ring<Mark> marks;
    std::optional<Mark> next;
    std::uint64_t cursor = 0;  // frames before it are dealt with; the ring still holds the pre-roll behind it
    std::uint64_t silence = 0; // lost frames that are still to be written
    const std::unique_ptr<Syncer> syncer; // before the take, which uses it
    std::optional<Take> take;

    bool flush_gap() TM_NONBLOCKING;
    bool step();
    void move_to(std::uint64_t number);
    bool obey(const Mark& mark);
    void begin(std::uint64_t at);
    void end();
    void write_silence();
    void fail(const FileError& error);
    void publish();
};

RecorderSink::RecorderSink(std::unique_ptr<State> state) : state_(std::move(state)) {}

RecorderSink::~RecorderSink() { finish(); }

void RecorderSink::finish() noexcept {
    while (work()) {
    }
    state_->end();
}

tl::expected<std::unique_ptr<RecorderSink>, FileError> RecorderSink::open(const RecorderOptions& options) {
    const auto refuse = [&](const char* what, const char* remedy) {
        return tl::unexpected(FileError{options.path, what, remedy});
    };
    if (options.channels < 1 || options.channels > 64)
        return refuse("can't be recorded", "use 1 to 64 channels");
    if (!(options.preroll_seconds >= 0.0 && options.preroll_seconds <= 60.0))
        return refuse("no such pre-roll", "use 0 to 60 seconds");
    if (auto fit = Take::check(options.path, options); !fit) return tl::unexpected(fit.error());
    try {
        const auto seconds = options.preroll_seconds + std::max(options.buffer_seconds, 1.0);
        return std::unique_ptr<RecorderSink>(new RecorderSink(
            std::make_unique<State>(options, static_cast<std::int64_t>(seconds * options.rate))));
    } catch (const std::exception&) { // only memory can run out here
        return refuse("too little memory to record it", "use a shorter pre-roll");
    }
}

tl::expected<void, FileError> RecorderSink::set_path(const std::string& path) {
    if (auto fit = Take::check(path, state_->options); !fit) return fit;
    const std::lock_guard lock(state_->mutex);
    state_->path = path;
    return {};
}

RecorderStatus RecorderSink::status() const {
    const std::lock_guard lock(state_->mutex);
    return state_->status;
}

// --- audio thread ---

/// Tells the disk side of lost frames, before anything else is queued. False when not even that is possible.
bool RecorderSink::State::flush_gap() TM_NONBLOCKING {
    if (lost == 0) return true;
    if (!marks.push({Mark::Kind::gap, ring.head(), lost})) return false;
    lost = 0;
    return true;
}

bool RecorderSink::write(const float* const* in, int channels, int frames) TM_NONBLOCKING {
    auto& s = *state_;
    const auto count = static_cast<std::uint64_t>(frames);
    if (s.ring.room() < count || !s.flush_gap()) {
        s.lost += count;
        return false;
    }
    s.ring.write(count, [&](int c, float* to, std::uint64_t from, std::uint64_t n) noexcept {
        if (c < channels)
            std::copy_n(in[c] + from, n, to);
        else
            std::fill_n(to, n, 0.0f);
    });
    return true;
}

bool RecorderSink::start() TM_NONBLOCKING {
    auto& s = *state_;
    if (!s.wanted) s.wanted = s.flush_gap() && s.marks.push({Mark::Kind::start, s.ring.head(), 0});
    return s.wanted;
}

bool RecorderSink::stop() TM_NONBLOCKING {
    auto& s = *state_;
    if (s.wanted) s.wanted = !(s.flush_gap() && s.marks.push({Mark::Kind::stop, s.ring.head(), 0}));
    return !s.wanted;
}

// --- disk thread ---

bool RecorderSink::work() noexcept {
    auto& s = *state_;
    try {
        const bool more = s.step();
        s.publish();
        return more;
    } catch (const std::exception&) { // only memory can run out here
        s.take.reset();
        s.fail(FileError{s.options.path, "too little memory to go on recording", "close other programs"});
        return false;
    }
}

/// One piece, or one mark. True when there may be more to do.
bool RecorderSink::State::step() {
    if (silence > 0) {
        write_silence();
        return true;
    }
    // In this order: every mark that lies before the head has been queued before the head was published.
    const auto head = ring.head();
    if (!next) {
        Mark mark;
        if (marks.pop(mark)) next = mark;
    }
    const auto limit = next ? std::min(head, next->at) : head;
    if (cursor < limit) {
        move_to(std::min(limit, cursor + piece));
        return true;
    }
    if (next && next->at == cursor) return obey(*next);
    if (take) {
        if (auto done = take->idle(); !done) fail(done.error());
    }
    return false;
}

/// Records, or skips, the frames from the cursor to `number`.
void RecorderSink::State::move_to(std::uint64_t number) {
    while (take && cursor < number) {
        std::vector<const float*> planes;
        std::uint64_t count = 0;
        for (int c = 0; c < ring.channels(); ++c) {
            const auto part = ring.peek(c, cursor, number - cursor);
            planes.push_back(part.samples);
            count = part.frames;
        }
        const auto written = take->write(planes.data(), static_cast<std::int64_t>(count));
        cursor += count;
        ring.drop_to(cursor);
        if (!written) fail(written.error());
    }
    cursor = number;
    if (!take && cursor - ring.tail() > preroll) ring.drop_to(cursor - preroll);
    if (take) ring.drop_to(cursor);
}

bool RecorderSink::State::obey(const Mark& mark) {
    switch (mark.kind) {
    case Mark::Kind::start:
        begin(mark.at);
        break;
    case Mark::Kind::stop:
        end();
        break;
    case Mark::Kind::gap:
        if (take)
            silence = mark.frames;
        else
            ring.drop_to(cursor); // a pre-roll has no hole in it
        break;
    }
    next.reset();
    return true;
}

void RecorderSink::State::begin(std::uint64_t at) {
    std::string wanted_path;
    {
        const std::lock_guard lock(mutex);
        wanted_path = path;
        status = RecorderStatus{};
        status.state = RecorderState::recording;
    }
    auto opened = Take::open(wanted_path, options, syncer.get());
    if (!opened) return fail(opened.error());
    take.emplace(std::move(*opened));
    cursor = std::max(ring.tail(), at > preroll ? at - preroll : 0);
    ring.drop_to(cursor);
    const std::lock_guard lock(mutex);
    status.preroll = static_cast<std::int64_t>(at - cursor);
}

void RecorderSink::State::end() {
    if (!take) return;
    publish();
    auto closed = take->close();
    take.reset();
    if (!closed) return fail(closed.error());
    const std::lock_guard lock(mutex);
    status.state = RecorderState::idle;
}

void RecorderSink::State::write_silence() {
    const auto count = std::min(silence, piece);
    silence -= count;
    if (!take) return;
    const std::vector<float> zeros(count);
    const std::vector<const float*> planes(static_cast<std::size_t>(ring.channels()), zeros.data());
    {
        const std::lock_guard lock(mutex);
        status.lost_frames += count;
    }
    if (auto written = take->write(planes.data(), static_cast<std::int64_t>(count)); !written)
        fail(written.error());
}

void RecorderSink::State::fail(const FileError& error) {
    publish();
    if (take) (void)take->close(); // the first error is the one to tell
    take.reset();
    silence = 0;
    const std::lock_guard lock(mutex);
    status.state = RecorderState::failed;
    status.error = error;
}

void RecorderSink::State::publish() {
    if (!take) return;
    const std::lock_guard lock(mutex);
    status.file = take->path();
    status.frames = take->frames();
    status.clipped = take->clipped();
    if (syncer && !status.error) status.error = syncer->error();
}

} // namespace ton::files
