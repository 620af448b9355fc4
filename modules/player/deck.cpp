// SPDX-License-Identifier: GPL-3.0-or-later
#include "modules/player/deck.hpp"

#include "files/disk_thread.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace ton::modules::player {

Deck::Deck(double sample_rate, files::DiskThread* disk) : rate_(sample_rate), disk_(disk) {}

Deck::~Deck() {
    close(incoming_.load());
    close(outgoing_.load());
    close(playing_);
}

void Deck::close(Slot* slot) {
    if (!slot) return;
    if (slot->feed && disk_) disk_->remove(*slot->feed);
    delete slot;
}

std::string Deck::load(const std::string& path) {
    auto slot = std::make_unique<Slot>();
    slot->path = path;
    if (!path.empty()) {
        files::FeedOptions options{.rate = static_cast<int>(std::lround(rate_))};
        if (!disk_) options.memory_seconds = 1e9;
        auto feed = files::PlayerFeed::open(path, options);
        if (!feed) return feed.error().text();
        slot->feed = std::move(*feed);
        if (disk_) disk_->add(*slot->feed);
    }
    newest_ = slot.get();
    told_missing_ = 0;
    told_error_ = false;
    close(incoming_.exchange(slot.release(), std::memory_order_acq_rel)); // one that never got to play
    close(outgoing_.exchange(nullptr, std::memory_order_acquire));
    return {};
}

std::string Deck::report() {
    close(outgoing_.exchange(nullptr, std::memory_order_acquire));
    if (!newest_ || !newest_->feed) return {};
    if (const auto error = newest_->feed->error(); error && !told_error_) {
        told_error_ = true;
        return error->text();
    }
    const auto missing = newest_->feed->missing_frames();
    if (missing == told_missing_) return {};
    const auto lately = missing - std::exchange(told_missing_, missing);
    return fmt::format("{}: the disk was too slow, {} frames are missing", newest_->path, lately);
}

bool Deck::take_over() TM_NONBLOCKING {
    if (outgoing_.load(std::memory_order_relaxed) != nullptr) return false;
    Slot* const next = incoming_.exchange(nullptr, std::memory_order_acq_rel);
    if (!next) return false;
    outgoing_.store(playing_, std::memory_order_release);
    playing_ = next;
    return true;
}

} // namespace ton::modules::player
