// SPDX-License-Identifier: GPL-3.0-or-later
// A server under test with its loop, and clients that are plain sockets.
#pragma once

#include "control/osc/server.hpp"
#include "control/osc/test_support.hpp"

#include <boost/asio.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <vector>

namespace ton::control::osc {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

inline const Bytes message_a = raw("/a\0\0,i\0\0\0\0\0\1");

struct Rig {
    explicit Rig(ServerLimits limits = {})
        : server(io,
                 {.on_packet =
                      [this](const Peer& from, Packet&& packet) {
                          last = from;
                          packets.push_back(std::move(packet));
                          if (on_packet) on_packet(from, packets.back());
                      },
                  .on_gone = [this](const Peer& peer) { gone.push_back(peer); }},
                 limits) {}

    Url listen(const char* url) { return server.listen(std::string_view(url)).value(); }

    /// Runs the loop until `done`, at most 5 s.
    template <typename Done> bool run_until(Done done) {
        const auto end = std::chrono::steady_clock::now() + 5s;
        while (!done() && std::chrono::steady_clock::now() < end) io.run_for(1ms), io.restart();
        return done();
    }
    bool run_until_packets(std::size_t count) {
        return run_until([&] { return packets.size() >= count; });
    }

    asio::io_context io;
    Server server;
    std::vector<Packet> packets;
    std::vector<Peer> gone;
    Peer last;
    std::function<void(const Peer&, Packet&)> on_packet;
};

struct UdpClient {
    explicit UdpClient(Rig& r, const Url& to)
        : rig(r), socket(r.io, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0)),
          target(asio::ip::make_address("127.0.0.1"), to.port) {
        socket.non_blocking(true);
    }
    void send(const Bytes& bytes) { socket.send_to(asio::buffer(bytes), target); }
    std::uint16_t port() const { return socket.local_endpoint().port(); }
    /// The messages that have come after `count` of them, or after the time is up.
    std::vector<Message> receive(std::size_t count, std::chrono::milliseconds limit = 5s) {
        std::vector<Message> messages;
        const auto end = std::chrono::steady_clock::now() + limit;
        while (messages.size() < count && std::chrono::steady_clock::now() < end) {
            rig.io.run_for(1ms), rig.io.restart();
            Bytes buffer(65'536);
            boost::system::error_code failed;
            const auto size = socket.receive(asio::buffer(buffer), 0, failed);
            if (failed) continue;
            buffer.resize(size);
            auto packet = decode(buffer);
            REQUIRE(packet);
            for (auto& timed : packet->messages) messages.push_back(timed.message);
        }
        return messages;
    }
    Rig& rig;
    udp::socket socket;
    udp::endpoint target;
};

inline tcp::socket connect(Rig& rig, const Url& to) {
    tcp::socket socket(rig.io);
    socket.connect({asio::ip::make_address("127.0.0.1"), to.port});
    socket.set_option(tcp::no_delay(true));
    return socket;
}

/// True when the server has closed this connection.
inline bool is_closed(Rig& rig, tcp::socket& socket) {
    socket.non_blocking(true);
    return rig.run_until([&] {
        std::byte buffer[4'096];
        boost::system::error_code failed;
        socket.read_some(asio::buffer(buffer), failed);
        return failed && failed != asio::error::would_block;
    });
}

inline std::uint64_t refused(const Rig& rig, Refusal why) {
    return rig.server.counters().refused[static_cast<std::size_t>(why)];
}

} // namespace ton::control::osc
