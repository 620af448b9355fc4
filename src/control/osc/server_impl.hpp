// SPDX-License-Identifier: GPL-3.0-or-later
// The inside of the server: endpoints, admission, sending, timers. Private to this folder. Control thread.
#pragma once

#include "control/osc/answer_limits.hpp"
#include "control/osc/connection.hpp"
#include "control/osc/server.hpp"
#include "control/osc/subscriptions.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <unordered_map>
#include <vector>

namespace ton::control::osc {

enum class SendResult : std::uint8_t {
    sent,
    dropped, ///< this one is lost, e.g. a full UDP buffer
    gone,    ///< nothing will ever reach this peer
};

struct Endpoint {
    Url url; ///< as bound
    std::uint16_t index = 0;
    std::optional<boost::asio::ip::udp::socket> udp;
    std::optional<boost::asio::ip::tcp::acceptor> tcp;
    std::optional<boost::asio::steady_timer> accept_pause; ///< after running out of file descriptors
    bool v6 = false;
};

struct Server::Impl : std::enable_shared_from_this<Impl> {
    using Clock = std::chrono::steady_clock;

    Impl(boost::asio::io_context& context, ServerHandlers on, const ServerLimits& limit);

    // server_listen.cpp: sockets and what comes in
    tl::expected<Url, std::string> listen(const Url& url);
    void bind_udp(Endpoint& endpoint);
    void bind_tcp(Endpoint& endpoint);
    void wait_udp(Endpoint& endpoint);
    void read_udp(Endpoint& endpoint);
    bool read_datagram(Endpoint& endpoint);
    void accept(Endpoint& endpoint);
    void accepted(Endpoint& endpoint, boost::asio::ip::tcp::socket socket);
    void take_packet(const Peer& from, ByteView bytes);
    bool admits(const IpAddress& ip) const;
    void shut_down();

    // server_answer.cpp: what goes out, and the timers
    SendResult send(const Peer& to, ByteView packet);
    SendResult send_udp(const Peer& to, ByteView packet);
    bool send_error(const Peer& to, std::string_view address, std::string_view reason);
    tl::expected<void, std::string> set_reply_port(const Peer& peer, int port);
    std::uint16_t answer_port(const Peer& peer);
    bool is_ourselves(const IpAddress& ip, std::uint16_t port) const;
    void closed(const Peer& peer, CloseReason reason);
    template <typename Which> void close_connections(Which which) {
        std::vector<std::shared_ptr<Connection>> chosen; // closing erases from the map
        for (const auto& [serial, connection] : connections) {
            if (which(connection->peer())) chosen.push_back(connection);
        }
        for (const auto& connection : chosen) connection->close(CloseReason::by_server);
    }
    void rearm();
    void flush_book();
    void sweep_connections();

    struct ReplyPort {
        std::uint16_t port;
        Clock::time_point used;
    };

    boost::asio::io_context& io;
    ServerHandlers handlers;
    ServerLimits limits;
    ServerCounters counters;
    AnswerLimits answer_limits;
    std::vector<Cidr> allowed;
    std::vector<std::unique_ptr<Endpoint>> endpoints;
    Connection::Events connection_events;
    std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections;
    std::uint64_t last_connection = 0;
    std::unordered_map<Peer, ReplyPort> reply_ports; ///< asked for by clients
    std::vector<Url> reply_hosts;                    ///< the config's
    Bytes datagram; ///< receive buffer, one byte larger than any datagram
    Subscriptions* book = nullptr;
    boost::asio::steady_timer book_timer;
    std::optional<Clock::time_point> book_armed;
    boost::asio::steady_timer sweep_timer;
    bool sweeping = false;
    bool down = false;
    bool paused = false;
};

} // namespace ton::control::osc
