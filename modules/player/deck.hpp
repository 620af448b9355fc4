// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "files/player_feed.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace ton::files {
class DiskThread;
}

namespace ton::modules::player {

/// The file that plays, and how another one gets in: opened and filled on the control side, handed over as a
/// pointer, the old one handed back and closed there.
///
/// Without a disk thread (tests) a file is read into memory whole where it fits 64 MiB.
class Deck {
  public:
    Deck(double sample_rate, files::DiskThread* disk);
    ~Deck();
    Deck(const Deck&) = delete;
    Deck& operator=(const Deck&) = delete;

    /// Control thread. Empty takes the file out. Returns an error as a sentence, or nothing.
    std::string load(const std::string& path);
    /// Control thread, now and then: closes what came back, and tells what went wrong since.
    std::string report();

    /// Audio thread.
    files::PlayerFeed* feed() const TM_NONBLOCKING { return playing_ ? playing_->feed.get() : nullptr; }
    bool replacement() const TM_NONBLOCKING { return incoming_.load(std::memory_order_relaxed) != nullptr; }
    /// Puts the new file in the place of the old. False where the one before hasn't been collected yet.
    bool take_over() TM_NONBLOCKING;

  private:
    struct Slot {
        std::unique_ptr<files::PlayerFeed> feed; ///< null: no file
        std::string path;
    };
    void close(Slot* slot);

    double rate_;
    files::DiskThread* disk_;
    Slot* playing_ = nullptr;              // audio thread; the destructor's once that has stopped
    std::atomic<Slot*> incoming_{nullptr}; // control to audio; whoever exchanges it out owns it
    std::atomic<Slot*> outgoing_{nullptr}; // audio to control, likewise
    Slot* newest_ = nullptr;               // control side: the last one loaded; never one that came back
    std::uint64_t told_missing_ = 0;
    bool told_error_ = false;
};

} // namespace ton::modules::player
