// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace ton::files {

/// Something that moves audio between a ring and a file, a bounded piece at a time.
class DiskClient {
  public:
    virtual ~DiskClient() = default;
    /// A bounded piece of disk work (tens of milliseconds at most on a healthy disk). True when there is more
    /// to do right now. Called by one thread at a time; reports errors through its own state, never throws.
    virtual bool work() noexcept = 0;
    /// The program ends: everything is written and files are closed; there is no work() after it.
    virtual void finish() noexcept {}
};

/// The one thread that may wait for disks. Live, start() lets it serve all clients in turn, asleep for 5 ms
/// at most when all are idle; offline there is no thread and run_once() does the same work between two
/// blocks. All methods: control thread. Nothing here is ever touched by the audio thread.
class DiskThread {
  public:
    DiskThread() = default;
    ~DiskThread(); ///< stops; clients that are left are not owned and not touched
    DiskThread(const DiskThread&) = delete;
    DiskThread& operator=(const DiskThread&) = delete;

    void start(); ///< again is harmless
    void stop();  ///< waits for the piece under way; again is harmless
    void finish(); ///< stops, then lets every client finish, while no audio runs
    bool running() const { return thread_.joinable(); }

    /// The client must live until remove() has returned. Adding one twice is harmless.
    void add(DiskClient& client);
    /// When it returns, the client is not being worked on and never will be.
    void remove(DiskClient& client);
    /// Cuts a sleep short, after the control side has asked a client for something.
    void wake();

    /// Works until every client is idle. False, and nothing is done, while the thread runs.
    bool run_once();

  private:
    bool work_round();
    void run();

    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<DiskClient*> clients_;
    DiskClient* current_ = nullptr; // being worked on, outside the mutex
    bool quit_ = false;
    bool woken_ = false;
};

} // namespace ton::files
