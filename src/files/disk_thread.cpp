// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/disk_thread.hpp"

#include <algorithm>
#include <chrono>

namespace ton::files {

DiskThread::~DiskThread() {
    stop();
}

void DiskThread::start() {
    if (running()) return;
    quit_ = false;
    thread_ = std::thread([this] { run(); });
}

void DiskThread::stop() {
    if (!running()) return;
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    changed_.notify_all();
    thread_.join();
    quit_ = false;
}

void DiskThread::finish() {
    stop();
    for (auto* client : clients_) client->finish();
}

void DiskThread::add(DiskClient& client) {
    {
        const std::lock_guard lock(mutex_);
        if (std::find(clients_.begin(), clients_.end(), &client) == clients_.end())
            clients_.push_back(&client);
        woken_ = true;
    }
    changed_.notify_all();
}

void DiskThread::remove(DiskClient& client) {
    std::unique_lock lock(mutex_);
    std::erase(clients_, &client);
    changed_.wait(lock, [&] { return current_ != &client; });
}

void DiskThread::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

bool DiskThread::run_once() {
    if (running()) return false;
    while (work_round()) {
    }
    return true;
}

/// One piece for each client. Clients come and go while one is at work, so the place is found again by index:
/// at worst a client is passed over for one round.
bool DiskThread::work_round() {
    bool more = false;
    std::unique_lock lock(mutex_);
    for (std::size_t i = 0; i < clients_.size() && !quit_; ++i) {
        current_ = clients_[i];
        lock.unlock();
        more |= current_->work();
        lock.lock();
        current_ = nullptr;
        changed_.notify_all();
    }
    return more;
}

void DiskThread::run() {
    using namespace std::chrono_literals;
    for (;;) {
        const bool more = work_round();
        std::unique_lock lock(mutex_);
        if (quit_) return;
        if (!more) changed_.wait_for(lock, 5ms, [&] { return quit_ || woken_; });
        if (quit_) return;
        woken_ = false;
    }
}

} // namespace ton::files
