// SPDX-License-Identifier: GPL-3.0-or-later
// The OSC server: UDP and TCP sockets, framing, validation, decoding, admission and answers. It knows no
// desk: packets go to a handler, answers come back through send(). Everything here runs on the one control
// thread that runs the io_context; nothing blocks.
#pragma once

#include "control/osc/framing.hpp"
#include "control/osc/message.hpp"
#include "control/osc/peer.hpp"

#include <tl/expected.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace ton::control::osc {

class Subscriptions;

struct ServerLimits {
    std::size_t tcp_connections = 64;
    std::size_t output_queue_bytes = 1 << 20;         ///< per TCP client; one that reads slower is closed
    std::chrono::milliseconds partial_packet{10'000}; ///< TCP: time from a packet's first byte to its last
    int packets_per_turn = 256;                       ///< then timers and other sockets get their turn
    std::chrono::milliseconds turn{4};                ///< the same, since a packet may hold a thousand messages
    double errors_per_second = 20; ///< /tonmeister/error answers per source, burst the same
    double errors_per_second_in_all = 1'000;
    std::size_t tracked_sources = 4'096; ///< sources with a token bucket; beyond it errors share one bucket
    std::size_t reply_ports = 1'024;     ///< clients with a /tonmeister/reply port
};

struct ServerCounters {
    std::uint64_t packets_received = 0;  ///< all, the refused ones too
    std::uint64_t messages_received = 0; ///< decoded and handed on
    std::uint64_t bytes_received = 0;
    std::array<std::uint64_t, refusal_count> refused{}; ///< malformed packets by Refusal
    std::uint64_t refused_by_address = 0;               ///< source not admitted by `allow`
    std::uint64_t refused_framing =
        0; ///< TCP streams closed for a bad length or an endless frame, bad escapes
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t dropped = 0; ///< answers lost: full socket buffer, client gone, address not answerable
    std::uint64_t errors_suppressed = 0; ///< error answers beyond the rate
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0; ///< not admitted, or tcp_connections reached
    std::uint64_t closed_slow = 0;         ///< output queue full
    std::uint64_t closed_timeout = 0;      ///< partial packet too old

    std::uint64_t refused_in_all() const noexcept; ///< malformed + framing + address
};

struct ServerHandlers {
    /// A packet, as one unit, decoded. May call any method of the server, send() and close() included.
    std::function<void(const Peer& from, Packet&& packet)> on_packet;
    /// A TCP client is gone: forget its subscriptions. May be empty.
    std::function<void(const Peer& peer)> on_gone;
};

class Server {
  public:
    /// `io` outlives the server. The handler is called on the thread that runs `io`.
    Server(boost::asio::io_context& io, ServerHandlers handlers, ServerLimits limits = {});
    ~Server(); ///< closes all sockets; on_gone is not called
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and starts. Returns the bound URL (port 0 replaced by the real one), or why not, for people.
    tl::expected<Url, std::string> listen(const Url& url);
    tl::expected<Url, std::string> listen(std::string_view url);
    /// The bound URLs, in the order of listen().
    std::vector<Url> urls() const;

    /// Which sources beyond loopback are heard; the default is none. Replaces the former list; TCP clients
    /// that are no longer admitted are closed. The error names the entry that is no CIDR, and nothing changes
    /// then.
    tl::expected<void, std::string> allow(std::span<const std::string> cidrs);

    /// Sends one message (or a packet made by encode/encode_bundle/BundleBuilder) to the peer, or to its
    /// reply port. False: not sent (counted in `dropped`): multicast, broadcast or unspecified address, port
    /// below 1024, full UDP buffer, connection gone, message not encodable.
    bool send(const Peer& to, const Message& message);
    bool send_packet(const Peer& to, ByteView packet);

    /// `/tonmeister/error ADDRESS REASON`, rate-limited per source and in all. False when suppressed or not
    /// sent. Malformed packets are answered so by the server itself, with an empty ADDRESS. Never call it in
    /// answer to
    /// `/tonmeister/error`: two desks would play ping-pong.
    bool send_error(const Peer& to, std::string_view address, std::string_view reason);

    /// Answers to this UDP source go to the same IP address, another port, from now on (`/tonmeister/reply
    /// PORT`); 0 undoes. Errors: port below 1024, a TCP peer, or the table is full.
    tl::expected<void, std::string> set_reply_port(const Peer& peer, int port);

    /// Answers to these hosts over UDP go to the port of their URL ("udp://HOST:PORT"), unless a client asked for another.
    /// Replaces the former list. The error names the entry that is no such URL, and nothing changes then.
    tl::expected<void, std::string> reply_to(std::span<const std::string> urls);

    /// Hears nothing any more; answers and the driven book still go out.
    void pause();

    /// Closes a TCP client (on_gone is called); nothing for UDP.
    void close(const Peer& peer);

    /// Lets the server flush this book when it is due, from its own timer, to its peers. nullptr stops it.
    /// The book must outlive the server or be detached first.
    void drive(Subscriptions* book);
    /// Call after changes were put into the driven book from outside on_packet, so that the timer is set
    /// anew.
    void rearm();

    const ServerCounters& counters() const noexcept;
    std::size_t connections() const noexcept; ///< open TCP clients

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace ton::control::osc
