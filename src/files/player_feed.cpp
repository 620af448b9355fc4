// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/player_feed.hpp"
#include "files/frame_ring.hpp"
#include "files/looped_source.hpp"

#include <algorithm>
#include <exception>
#include <mutex>

namespace ton::files {

namespace {

constexpr std::int64_t piece = 4096;                           // frames that work() brings at a time
constexpr std::int64_t memory_samples = std::int64_t{1} << 24; // 64 MiB of float

// A seek request is one atomic word, so that the newest always wins as a whole: 24 bits of epoch, 40 of frame
// (265 days at 48 kHz).
constexpr int frame_bits = 40;
constexpr std::uint64_t frame_mask = (std::uint64_t{1} << frame_bits) - 1;
constexpr std::uint64_t epoch_mask = (std::uint64_t{1} << (64 - frame_bits)) - 1;

} // namespace

struct PlayerFeed::State {
    explicit State(LoopedSource s)
        : source(std::move(s)), frames(source.frames()), file_channels(source.channels()) {}

    // Fixed after open.
    LoopedSource source;
    std::int64_t frames;
    int file_channels;
    std::vector<std::vector<float>> memory; // [channel][frame], empty when streaming
    std::vector<const float*> memory_planes;
    const float* const* planes = nullptr; // the same for the audio thread, null when streaming
    std::unique_ptr<FrameRing> ring;      // disk thread to audio thread

    // Audio thread.
    std::int64_t position = 0;
    std::int64_t gap = 0;     // frames of silence that a seek still owes
    std::uint64_t debt = 0;   // late frames, to be skipped when they come
    std::uint64_t wanted = 0; // epoch of the last seek
    bool synced = true;       // the ring's frames belong to that epoch
    bool loop = false, ended = false;
    std::atomic<std::uint64_t> missing{0};

    // Across.
    std::atomic<std::uint64_t> request{0};     // audio to disk: epoch and frame
    std::atomic<std::uint64_t> ready_epoch{0}; // disk to audio, released after ready_at
    std::atomic<std::uint64_t> ready_at{0};    // the ring's frame number where that epoch begins

    // Disk thread.
    std::uint64_t epoch = 0;
    bool stuck = false;
    std::vector<float> block;
    mutable std::mutex error_mutex; // disk and control side only
    std::optional<FileError> error;

    tl::expected<void, FileError> load();
    tl::expected<bool, FileError> stream();
    void synchronise() TM_NONBLOCKING;
    int available(int frames) TM_NONBLOCKING;
    void copy(float* const* out, int channels, int at, int frames) TM_NONBLOCKING;
};

PlayerFeed::PlayerFeed(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlayerFeed::~PlayerFeed() = default;

tl::expected<std::unique_ptr<PlayerFeed>, FileError> PlayerFeed::open(const std::string& path,
                                                                      const FeedOptions& options) {
    try {
        auto source = LoopedSource::open(path, options.rate);
        if (!source) return tl::unexpected(source.error());
        auto state = std::make_unique<State>(std::move(*source));
        auto& s = *state;
        s.block.resize(static_cast<std::size_t>(piece * s.file_channels));
        const bool short_enough = static_cast<double>(s.frames) <= options.memory_seconds * options.rate;
        if (short_enough && s.frames * s.file_channels <= memory_samples) {
            if (auto loaded = s.load(); !loaded) return tl::unexpected(loaded.error());
        } else {
            const auto capacity = static_cast<std::int64_t>(options.buffer_seconds * options.rate);
            s.ring = std::make_unique<FrameRing>(s.file_channels,
                                                 std::max<std::int64_t>(capacity, 4 * seek_frames));
        }
        std::unique_ptr<PlayerFeed> feed(new PlayerFeed(std::move(state)));
        while (feed->work()) {
        }
        if (auto error = feed->error()) return tl::unexpected(*error);
        return feed;
    } catch (const std::exception&) { // only memory can run out here
        return tl::unexpected(FileError{path, "too little memory to play it", "close other programs"});
    }
}

tl::expected<void, FileError> PlayerFeed::State::load() {
    const auto width = static_cast<std::size_t>(file_channels);
    memory.assign(width, std::vector<float>(static_cast<std::size_t>(frames)));
    for (std::int64_t at = 0; at < frames;) {
        const auto n = std::min(piece, frames - at);
        if (auto got = source.read(block.data(), n); !got) return got;
        for (std::size_t c = 0; c < width; ++c)
            for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
                memory[c][static_cast<std::size_t>(at) + i] = block[i * width + c];
        at += n;
    }
    for (const auto& channel : memory) memory_planes.push_back(channel.data());
    planes = memory_planes.data();
    return {};
}

// --- disk thread ---

/// Answers a seek, then brings one piece if there is room. True when there may be more to do.
tl::expected<bool, FileError> PlayerFeed::State::stream() {
    const auto asked = request.load(std::memory_order_acquire);
    if (asked >> frame_bits != epoch) {
        epoch = asked >> frame_bits;
        if (auto moved = source.seek(static_cast<std::int64_t>(asked & frame_mask)); !moved)
            return tl::unexpected(moved.error());
        ready_at.store(ring->head(), std::memory_order_relaxed);
        ready_epoch.store(epoch, std::memory_order_release); // pairs with synchronise()
    }
    if (ring->room() < static_cast<std::uint64_t>(piece)) return false;
    if (auto got = source.read(block.data(), piece); !got) return tl::unexpected(got.error());
    const auto width = static_cast<std::size_t>(file_channels);
    ring->write(piece, [&](int c, float* to, std::uint64_t from, std::uint64_t count) noexcept {
        const float* samples = block.data() + from * width + static_cast<std::size_t>(c);
        for (std::uint64_t i = 0; i < count; ++i) to[i] = samples[i * width];
    });
    return true;
}

bool PlayerFeed::work() noexcept {
    auto& s = *state_;
    if (!s.ring) return false;
    // After an error, only a seek to another place is worth another try.
    if (s.stuck && s.request.load(std::memory_order_acquire) >> frame_bits == s.epoch) return false;
    std::optional<FileError> failure;
    try {
        const auto more = s.stream();
        if (more && !s.stuck) return *more;
        if (!more) failure = more.error();
    } catch (const std::exception&) { // only memory can run out here
        failure = FileError{s.source.path(), "too little memory to go on playing", "close other programs"};
    }
    s.stuck = failure.has_value();
    const std::lock_guard lock(s.error_mutex);
    s.error = std::move(failure);
    return !s.stuck;
}

std::optional<FileError> PlayerFeed::error() const {
    const std::lock_guard lock(state_->error_mutex);
    return state_->error;
}

// --- audio thread ---

int PlayerFeed::channels() const TM_NONBLOCKING {
    return state_->file_channels;
}
std::int64_t PlayerFeed::frames() const TM_NONBLOCKING {
    return state_->frames;
}
bool PlayerFeed::in_memory() const TM_NONBLOCKING {
    return state_->planes != nullptr;
}
std::int64_t PlayerFeed::position() const TM_NONBLOCKING {
    return state_->position;
}
bool PlayerFeed::ended() const TM_NONBLOCKING {
    return state_->ended;
}
void PlayerFeed::set_loop(bool loop) TM_NONBLOCKING {
    state_->loop = loop;
}
void PlayerFeed::restart() TM_NONBLOCKING {
    state_->ended = false;
}
std::uint64_t PlayerFeed::missing_frames() const TM_NONBLOCKING {
    return state_->missing.load(std::memory_order_relaxed);
}

void PlayerFeed::seek(std::int64_t frame) TM_NONBLOCKING {
    auto& s = *state_;
    s.position = std::clamp<std::int64_t>(frame, 0, s.frames - 1);
    s.ended = false;
    if (s.planes) return;
    s.gap = seek_frames;
    s.debt = 0;
    s.synced = false;
    s.wanted = (s.wanted + 1) & epoch_mask;
    const auto stale = s.ring->head(); // before the request: what comes after it may be the answer
    s.request.store(s.wanted << frame_bits | static_cast<std::uint64_t>(s.position),
                    std::memory_order_release);
    s.ring->drop_to(stale);
}

/// After a seek: throws stale frames away until the disk side has answered, then finds the first frame that
/// counts.
void PlayerFeed::State::synchronise() TM_NONBLOCKING {
    if (synced) return;
    // In this order: a head that counts new frames is only seen together with the answer that they are new.
    const auto head = ring->head();
    synced = ready_epoch.load(std::memory_order_acquire) == wanted; // pairs with stream()
    ring->drop_to(synced ? ready_at.load(std::memory_order_relaxed) : head);
}

/// How many of the next `frames` frames can be copied now.
int PlayerFeed::State::available(int wanted_frames) TM_NONBLOCKING {
    if (planes) return wanted_frames;
    synchronise();
    if (!synced) return 0;
    const auto skip = std::min(debt, ring->size());
    ring->drop_to(ring->tail() + skip);
    debt -= skip;
    if (debt > 0) return 0;
    return static_cast<int>(std::min<std::uint64_t>(ring->size(), static_cast<std::uint64_t>(wanted_frames)));
}

void PlayerFeed::State::copy(float* const* out, int channels, int at, int count) TM_NONBLOCKING {
    const auto n = static_cast<std::uint64_t>(count);
    for (int c = 0; c < channels; ++c) {
        const int from = file_channels == 1 ? 0 : c;
        if (from >= file_channels) {
            std::fill_n(out[c] + at, count, 0.0f);
        } else if (planes) {
            std::copy_n(planes[from] + position, count, out[c] + at);
        } else {
            const auto first = ring->peek(from, ring->tail(), n);
            std::copy_n(first.samples, first.frames, out[c] + at);
            if (first.frames == n) continue;
            const auto rest = ring->peek(from, ring->tail() + first.frames, n - first.frames);
            std::copy_n(rest.samples, rest.frames, out[c] + at + first.frames);
        }
    }
    if (!planes) ring->drop_to(ring->tail() + n);
}

int PlayerFeed::read(float* const* out, int channels, int frames) TM_NONBLOCKING {
    auto& s = *state_;
    const auto silence = [&](int at, int count) noexcept {
        for (int c = 0; c < channels; ++c) std::fill_n(out[c] + at, count, 0.0f);
    };
    int at = static_cast<int>(std::min<std::int64_t>(s.gap, frames)), delivered = at;
    silence(0, at);
    pass(at);
    while (at < frames && !s.ended) {
        const auto count = static_cast<int>(std::min<std::int64_t>(frames - at, s.frames - s.position));
        const int good = s.available(count);
        s.copy(out, channels, at, good);
        silence(at + good, count - good);
        if (good < count) {
            s.debt += static_cast<std::uint64_t>(count - good);
            s.missing.fetch_add(static_cast<std::uint64_t>(count - good), std::memory_order_relaxed);
        }
        delivered += good;
        at += count;
        s.position += count;
        if (s.position < s.frames) continue;
        s.position = 0;
        s.ended = !s.loop;
    }
    silence(at, frames - at);
    return delivered;
}

void PlayerFeed::pass(int frames) TM_NONBLOCKING {
    auto& s = *state_;
    s.gap = std::max<std::int64_t>(0, s.gap - frames);
    if (!s.planes) s.synchronise();
}

} // namespace ton::files
