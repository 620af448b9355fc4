// SPDX-License-Identifier: GPL-3.0-or-later
// Against a real, headless PipeWire with a null sink, through its JACK library, in this very process.
#include "backend/backend.hpp"
#include "backend/testing.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>

using namespace ton;
using namespace ton::backend;
using testing::launch;
using testing::Peer;
using testing::wait_until;

namespace {

/// `pipewire` with a runtime folder of its own, a 48 kHz null sink, and a fixed quantum.
class PipeWire {
  public:
    explicit PipeWire(int quantum) : quantum_(quantum) {
        char folder[] = "/tmp/tm-pipewire-XXXXXX";
        folder_ = mkdtemp(folder);
        setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
        setenv("XDG_CONFIG_HOME", folder_.c_str(), 1);
        std::filesystem::create_directories(folder_ + "/pipewire/pipewire.conf.d");
        std::ofstream(folder_ + "/pipewire/pipewire.conf.d/odd.conf")
            << "context.properties = { clock.power-of-two-quantum = false }\n";
        unsetenv("PIPEWIRE_RUNTIME_DIR");
        unsetenv("PIPEWIRE_REMOTE");
    }
    ~PipeWire() {
        stop();
        std::filesystem::remove_all(folder_);
        unsetenv("XDG_RUNTIME_DIR");
        unsetenv("XDG_CONFIG_HOME");
    }
    PipeWire(const PipeWire&) = delete;
    PipeWire& operator=(const PipeWire&) = delete;

    bool start() {
        pid_ = launch({"pipewire"}, folder_ + "/log");
        return wait_until(10, [&] { return std::filesystem::exists(folder_ + "/pipewire-0"); }) &&
               wait_until(
                   10,
                   [&] {
                       return run(
                           {"pw-cli", "create-node", "adapter",
                            "{ factory.name=support.null-audio-sink node.name=sink media.class=Audio/Sink "
                            "object.linger=true audio.position=[ FL FR ] audio.rate=48000 "
                            "adapter.auto-port-config={ mode=dsp monitor=true position=preserve } }"});
                   }) &&
               set_quantum(quantum_);
    }
    bool set_quantum(int frames) {
        return run({"pw-metadata", "-n", "settings", "0", "clock.force-quantum", std::to_string(frames)});
    }
    void stop() {
        testing::end(pid_, SIGTERM);
        pid_ = -1;
    }

  private:
    bool run(const std::vector<std::string>& arguments) {
        const pid_t pid = launch(arguments, folder_ + "/log");
        int status = 0;
        if (!wait_until(5, [&] { return waitpid(pid, &status, WNOHANG) == pid; })) {
            testing::end(pid, SIGKILL);
            return false;
        }
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    std::string folder_;
    int quantum_;
    pid_t pid_ = -1;
};

} // namespace

TEST_CASE("PipeWire: found, played through, another quantum, gone and back") {
    PipeWire pipewire(256);
    CHECK(find_server() == Found::none);
    REQUIRE(pipewire.start());
    REQUIRE(wait_until(5, [] { return find_server() == Found::pipewire; }));

    engine::Engine engine;
    testing::post_wires(engine, 1);
    auto jack = make_jack(engine, {.client_name = "desk", .library = JackLibrary::pipewire});
    auto ports = testing::plain_ports(1, 1);
    ports[0].connect = {"peer:source"};
    ports[1].connect = {"/sink:playback_F[LR]/", "peer:sink"};
    ports[0].pretty = "Host";
    int ready = 0, lost = 0;
    jack->on_ready = [&](double rate, int) {
        ++ready;
        CHECK(rate == 48000);
        jack->set_ports(ports);
    };
    jack->on_lost = [&](const std::string&) { ++lost; };
    const auto poll_until = [&](double seconds, const std::function<bool()>& what) {
        return wait_until(seconds, [&] { return jack->poll(), what(); });
    };
    REQUIRE(jack->start());
    CHECK(jack->status().server == "pipewire");
    {
        Peer peer({}, "peer", JackLibrary::pipewire);
        REQUIRE(peer.good());
        CHECK(poll_until(5, [&] {
            return peer.connected("desk:out_1", "sink:playback_FL") &&
                   peer.connected("desk:out_1", "sink:playback_FR") &&
                   peer.connected("peer:source", "desk:in_1") && peer.connected("desk:out_1", "peer:sink");
        }));
        CHECK(poll_until(10, [&] { return peer.heard_count >= 12000; }));
        // PipeWire repeats or leaves out blocks when a client wakes late, and does not always say so.
        CHECK(peer.wrong_samples() <= 12000 / 256);
        CHECK(jack->status().missing_connections == 0);
        CHECK(jack->status().block == 256);

        // JLT-5: the same rule as under JACK: what is behind our output is behind our input, plus our own
        // latency. Both are asked from the same server, so that its own figure need not be known.
        jack->set_latencies(std::vector<PathLatency>{{0, 0, 480, 480}});
        const auto behind_in = [&] { return peer.latency("desk:in_1", JackPlaybackLatency).max; };
        const auto behind_out = [&] { return peer.latency("desk:out_1", JackPlaybackLatency).max; };
        CHECK(poll_until(5, [&] { return behind_in() >= 480; }));
        CHECK(std::abs(static_cast<int>(behind_in()) - static_cast<int>(behind_out()) - 480) <=
              256); // one quantum

        REQUIRE(pipewire.set_quantum(441)); // odd sizes too
        CHECK(poll_until(5, [&] { return jack->status().block == 441; }));
        const auto cycles = engine.counters().cycles.load();
        CHECK(poll_until(5, [&] { return engine.counters().cycles > cycles + 5; }));
    }
    pipewire.stop();
    REQUIRE(poll_until(5, [&] { return jack->status().state == State::waiting; }));
    CHECK(lost == 1);
    REQUIRE(pipewire.start());
    REQUIRE(poll_until(5, [&] { return jack->status().state == State::running; }));
    CHECK(ready == 2);
    const auto cycles = engine.counters().cycles.load();
    Peer peer({}, "peer", JackLibrary::pipewire);
    CHECK(poll_until(5, [&] { return peer.connected("desk:out_1", "sink:playback_FL"); }));
    CHECK(poll_until(5, [&] { return engine.counters().cycles > cycles + 5; }));
}
