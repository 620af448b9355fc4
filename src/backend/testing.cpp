// SPDX-License-Identifier: GPL-3.0-or-later
#include "backend/testing.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
// PipeWire 0.3.65 never frees some of what a client had; the slow unwinder is needed to see that it was
// PipeWire.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpipewire-0.3\nleak:pipewire-0.3/jack\n";
}
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "fast_unwind_on_malloc=0";
}
#endif
#if __has_feature(thread_sanitizer)
// Two clients of one process share buffers, and the server, another process, orders who writes when: TSan
// can't see that.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    return "race:ton::backend::testing::Peer\nrace:pw_memblock_map\n";
}
#endif
#endif

namespace ton::backend::testing {

using std::chrono::milliseconds;

bool wait_until(double seconds, const std::function<bool()>& what) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!what()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
}

pid_t launch(const std::vector<std::string>& arguments, const std::string& log) {
    std::vector<char*> raw; // made before fork: the child of a process with threads may not allocate
    for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file >= 0) {
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
    }
    execvp(raw[0], raw.data());
    _exit(127);
}

void end(pid_t pid, int signal) {
    if (pid <= 0) return;
    kill(pid, signal);
    if (wait_until(5, [pid] { return waitpid(pid, nullptr, WNOHANG) == pid; })) return;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
}

/// As tests/desk.py does: a killed server's place in JACK's registry is free again only for a server of its name, so that
/// names are used again, each by one test at a time.
JackServer::JackServer(int period) : period_(period) {
    const bool found = wait_until(60, [this] {
        for (int number = 1; number <= 4; ++number) {
            name_ = fmt::format("tonmeister-test-{}", number);
            lock_ = open(fmt::format("/tmp/{}.lock", name_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
            if (lock_ >= 0 && flock(lock_, LOCK_EX | LOCK_NB) == 0) return true;
            if (lock_ >= 0) close(lock_);
        }
        return false;
    });
    if (!found) throw std::runtime_error("other tests hold all names for JACK servers");
}

JackServer::~JackServer() {
    stop();
    close(lock_);
}

bool JackServer::start() {
    pid_ = launch({"jackd", "-n", name_, "-r", "-p", "1024", "-d", "dummy", "-r", "48000", "-p",
                   std::to_string(period_)},
                  fmt::format("/tmp/{}.log", name_));
    // Asked from another process: libjack 2 keeps one server's memory per process, and a client that opens on
    // the new server before the old server's client is closed breaks both.
    return wait_until(10, [this] {
        const pid_t probe = launch({"jack_lsp", "-s", name_}, "/dev/null");
        int status = 0;
        return waitpid(probe, &status, 0) == probe && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    });
}

void JackServer::stop(int signal) {
    end(pid_, signal);
    pid_ = -1;
    std::remove(fmt::format("/tmp/{}.log", name_).c_str());
}

Peer::Peer(const std::string& server, const std::string& name, JackLibrary library)
    : api_(*jack_api(library)) {
    const int flags = JackNoStartServer | (server.empty() ? 0 : JackServerName);
    client_ = api_.client_open(name.c_str(), static_cast<jack_options_t>(flags), nullptr,
                               server.empty() ? nullptr : server.c_str());
    if (client_ == nullptr) return;
    api_.set_process_callback(
        client_, [](jack_nframes_t frames, void* arg) { return static_cast<Peer*>(arg)->process(frames); },
        this);
    source_ = api_.port_register(client_, "source", JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput, 0);
    sink_ = api_.port_register(client_, "sink", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
    api_.activate(client_);
}

Peer::~Peer() {
    if (client_ != nullptr) api_.client_close(client_);
}

/// Not watched by ThreadSanitizer: a server that does not wait for its clients (jackd without -S) starts the next cycle though one
/// is late, and that one's buffer is written while another reads it. It is JACK's to let that happen, and an xrun.
__attribute__((no_sanitize("thread"))) int Peer::process(jack_nframes_t frames) {
    auto* const out = static_cast<float*>(api_.port_get_buffer(source_, frames));
    const auto* const in = static_cast<const float*>(api_.port_get_buffer(sink_, frames));
    int count = heard_count.load(std::memory_order_relaxed);
    for (jack_nframes_t i = 0; i < frames; ++i) {
        out[i] = static_cast<float>(next_);
        if (++next_ >= (1 << 24)) next_ = 1; // float counts exactly up to there
        if (count < kKept && (count > 0 || in[i] != 0.0F)) heard[static_cast<std::size_t>(count++)] = in[i];
    }
    heard_count.store(count, std::memory_order_release);
    return 0;
}

int Peer::wrong_samples() const {
    const int count = heard_count.load(std::memory_order_acquire);
    if (count == 0) return -1;
    int wrong = 0;
    for (int i = 1; i < count; ++i)
        if (heard[static_cast<std::size_t>(i)] != heard[static_cast<std::size_t>(i - 1)] + 1.0F) ++wrong;
    return wrong;
}

bool Peer::exists(const std::string& port) const {
    return api_.port_by_name(client_, port.c_str()) != nullptr;
}

bool Peer::connected(const std::string& from, const std::string& to) const {
    bool found = false;
    jack_port_t* const port = api_.port_by_name(client_, from.c_str());
    const char** others = port != nullptr ? api_.port_get_all_connections(client_, port) : nullptr;
    for (const char** other = others; other != nullptr && *other != nullptr; ++other) found |= to == *other;
    if (others != nullptr) api_.free(others);
    return found;
}

jack_latency_range_t Peer::latency(const std::string& port, jack_latency_callback_mode_t mode) const {
    jack_latency_range_t range{};
    if (jack_port_t* const handle = api_.port_by_name(client_, port.c_str()))
        api_.port_get_latency_range(handle, mode, &range);
    return range;
}

namespace {

void add_wire(engine::Plan& plan, int slot) {
    auto in = std::make_shared<engine::Signal>(1);
    auto out = std::make_shared<engine::Signal>(1);
    auto edge = std::make_shared<engine::Edge>(in, 1, 0, false, 0);
    const auto place = static_cast<std::uint32_t>(plan.edges.size());
    plan.edges.push_back({edge.get()});
    plan.add_part({out.get(), place, place + 1, true});
    plan.add_input(slot, in.get(), 0);
    plan.outputs.push_back({slot, out.get(), 0});
    plan.signals.insert(plan.signals.end(), {in, out});
    plan.edge_owners.push_back(edge);
}

} // namespace

void post_wires(engine::Engine& engine, int channels) {
    auto transaction = std::make_unique<engine::Transaction>();
    transaction->plan = std::make_unique<engine::Plan>().release();
    for (int i = 0; i < channels; ++i) add_wire(*transaction->plan, i);
    // What was posted belongs to the engine until its notice is taken.
    if (engine.post({.what = engine::Command::What::transact, .transaction = transaction.get()}))
        transaction.release();
}

std::vector<PortSpec> plain_ports(int inputs, int outputs) {
    std::vector<PortSpec> ports;
    for (int i = 0; i < inputs; ++i) ports.push_back({fmt::format("in_{}", i + 1), true, i, {}, {}, 0});
    for (int i = 0; i < outputs; ++i) ports.push_back({fmt::format("out_{}", i + 1), false, i, {}, {}, 0});
    return ports;
}

} // namespace ton::backend::testing
