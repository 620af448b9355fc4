// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "backend/jack_client.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace ton::backend {

/// Closes clients one after the other, each on a thread of its own, since jack_client_close may hang on a
/// dead server (jack2 issue 395). Control thread.
class Undertaker {
  public:
    ~Undertaker() { wait(std::chrono::milliseconds(2000)); }

    void bury(std::shared_ptr<JackClient> client) {
        auto done = std::make_shared<std::atomic<bool>>(false);
        done_ = done;
        since_ = std::chrono::steady_clock::now();
        std::thread([client = std::move(client), done]() mutable {
            client->close();
            client.reset();
            done->store(true);
        }).detach(); // a thread that hangs for ever can't be joined; it owns all that it uses
    }
    bool busy() const { return done_ && !done_->load(); }
    /// Longer than any close that still ends.
    bool stuck() const {
        return busy() && std::chrono::steady_clock::now() - since_ > std::chrono::seconds(10);
    }
    /// True when nothing is being closed, within `limit`.
    bool wait(std::chrono::milliseconds limit) {
        for (const auto end = std::chrono::steady_clock::now() + limit;
             busy() && std::chrono::steady_clock::now() < end;)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return !busy();
    }

  private:
    std::shared_ptr<std::atomic<bool>> done_; // the thread sets it last
    std::chrono::steady_clock::time_point since_;
};

} // namespace ton::backend
