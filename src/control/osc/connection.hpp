// SPDX-License-Identifier: GPL-3.0-or-later
// One TCP client of the OSC server. Private to this folder. Control thread.
#pragma once

#include "control/osc/framing.hpp"
#include "control/osc/peer.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace ton::control::osc {

enum class CloseReason : std::uint8_t { by_client, by_server, framing, slow, timeout };

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    using Time = std::chrono::steady_clock::time_point;
    struct Events {
        std::function<void(const Peer&, ByteView packet)> on_packet;
        std::function<void()> on_read_done;                      ///< after all packets of one read
        std::function<void(const Peer&, CloseReason)> on_closed; ///< exactly once
        std::function<void(const Peer&, FramingError)> on_framing_error;
        std::function<void(std::uint64_t)> on_bad_escapes;
    };

    Connection(boost::asio::ip::tcp::socket socket, const Peer& peer, std::size_t queue_bytes,
               const Events& events);

    void start();
    /// False: closed, or closed now because the client reads too slowly.
    bool send(ByteView packet);
    void close(CloseReason reason);
    /// When the packet that is incomplete now began to arrive.
    std::optional<Time> partial_since() const { return partial_since_; }
    const Peer& peer() const { return peer_; }

  private:
    void wait_readable();
    void wait_writable();
    void read();
    void write();
    void take(ByteView bytes);
    std::size_t queued() const { return output_.size() - written_; }

    boost::asio::ip::tcp::socket socket_;
    Peer peer_;
    std::size_t queue_bytes_;
    const Events& events_; ///< the server's, outlives its open connections
    Framing framing_;
    FrameDecoder decoder_;
    std::optional<Time> partial_since_;
    Bytes output_;
    std::size_t written_ = 0; ///< bytes at the front of output_ that are out already
    bool waiting_writable_ = false;
    bool open_ = true;
};

} // namespace ton::control::osc
