// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/asio_address.hpp"
#include "control/osc/server_impl.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace ton::control::osc {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::uint16_t lowest_answer_port = 1'024; ///< below live DNS, NTP and others that would answer back
constexpr auto reply_port_idle = std::chrono::minutes(10);
constexpr std::size_t error_part_bytes = 256; ///< an error answer is never a lever for amplification

bool answerable(const IpAddress& ip, std::uint16_t port) {
    return port >= lowest_answer_port && !ip.multicast() && !ip.broadcast() && !ip.unspecified();
}

/// Cut to size without splitting a UTF-8 character.
std::string shortened(std::string_view text) {
    if (text.size() <= error_part_bytes) return std::string(text);
    std::size_t end = error_part_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return std::string(text.substr(0, end));
}

} // namespace

SendResult Server::Impl::send(const Peer& to, ByteView packet) {
    SendResult result = SendResult::gone;
    if (to.transport == Transport::udp) {
        result = send_udp(to, packet);
    } else if (const auto found = connections.find(to.connection); found != connections.end()) {
        const std::shared_ptr<Connection> connection =
            found->second; // a slow one is closed and erased in send()
        result = connection->send(packet) ? SendResult::sent : SendResult::gone;
    }
    if (result == SendResult::sent) {
        ++counters.packets_sent;
        counters.bytes_sent += packet.size();
    } else {
        ++counters.dropped;
    }
    return result;
}

SendResult Server::Impl::send_udp(const Peer& to, ByteView packet) {
    const std::uint16_t port = answer_port(to);
    const bool known = to.listener < endpoints.size() && endpoints[to.listener]->udp;
    if (!known || !answerable(to.ip, port) || is_ourselves(to.ip, port)) return SendResult::gone;
    Endpoint& endpoint = *endpoints[to.listener];
    if (!endpoint.v6 && !to.ip.is_v4()) return SendResult::gone;
    const asio::ip::udp::endpoint target(to_asio(to.ip, endpoint.v6, to.scope), port);
    error_code failed;
    do {
        endpoint.udp->send_to(asio::buffer(packet.data(), packet.size()), target, 0, failed);
    } while (failed == asio::error::interrupted);
    return failed ? SendResult::dropped : SendResult::sent;
}

/// A forged or foolish source address, or reply port, would make us obey our own answers.
bool Server::Impl::is_ourselves(const IpAddress& ip, std::uint16_t port) const {
    return std::ranges::any_of(endpoints, [&](const auto& endpoint) {
        return endpoint->udp && endpoint->url.port == port && (ip.loopback() || ip == endpoint->url.ip);
    });
}

bool Server::Impl::send_error(const Peer& to, std::string_view address, std::string_view reason) {
    if (!answer_limits.take(to, Clock::now())) {
        ++counters.errors_suppressed;
        return false;
    }
    const Message error{"/tonmeister/error", {shortened(address), shortened(reason)}};
    const auto packet = encode(error);
    if (!packet) {
        ++counters.dropped;
        return false;
    }
    return send(to, *packet) == SendResult::sent;
}

std::uint16_t Server::Impl::answer_port(const Peer& peer) {
    const auto found = reply_ports.find(peer);
    if (found == reply_ports.end()) {
        const auto host = std::ranges::find(reply_hosts, peer.ip, &Url::ip);
        return host == reply_hosts.end() ? peer.port : host->port;
    }
    found->second.used = Clock::now();
    return found->second.port;
}

tl::expected<void, std::string> Server::Impl::set_reply_port(const Peer& peer, int port) {
    if (peer.transport != Transport::udp)
        return tl::unexpected(std::string("answers over TCP take the connection they came by"));
    if (port == 0) {
        reply_ports.erase(peer);
        return {};
    }
    if (port < lowest_answer_port || port > 65'535)
        return tl::unexpected(std::string("the port is not from 1024 to 65535"));
    const auto now = Clock::now();
    if (reply_ports.size() >= limits.reply_ports && !reply_ports.contains(peer)) {
        std::erase_if(reply_ports,
                      [now](const auto& entry) { return now - entry.second.used > reply_port_idle; });
        if (reply_ports.size() >= limits.reply_ports)
            return tl::unexpected(std::string("too many clients have a reply port"));
    }
    reply_ports.insert_or_assign(peer, ReplyPort{static_cast<std::uint16_t>(port), now});
    return {};
}

void Server::Impl::closed(const Peer& peer, CloseReason reason) {
    counters.closed_slow += reason == CloseReason::slow;
    counters.closed_timeout += reason == CloseReason::timeout;
    connections.erase(peer.connection);
    if (down || !handlers.on_gone) return;
    // Later, since a subscription book that is being flushed may be the caller.
    asio::post(io, [self = shared_from_this(), peer] {
        if (!self->down) self->handlers.on_gone(peer);
    });
}

void Server::Impl::rearm() {
    const auto due = book != nullptr ? book->next_due() : std::nullopt;
    if (!due) {
        if (book_armed) book_timer.cancel();
        book_armed.reset();
        return;
    }
    if (book_armed && *book_armed <= *due) return;
    book_armed = *due;
    book_timer.expires_at(std::max(*due, Clock::now())); // what is due at once has the clock's minimum
    book_timer.async_wait([self = shared_from_this()](error_code aborted) {
        if (!aborted && !self->down) self->flush_book();
    });
}

void Server::Impl::flush_book() {
    book_armed.reset();
    if (book == nullptr) return;
    book->flush(Clock::now(),
                [this](const Peer& to, ByteView packet) { return send(to, packet) != SendResult::gone; });
    rearm();
}

/// Runs while there are connections, to close those whose packet never gets complete.
void Server::Impl::sweep_connections() {
    if (sweeping || connections.empty()) return;
    sweeping = true;
    using std::chrono::milliseconds;
    sweep_timer.expires_after(
        std::min<milliseconds>(limits.partial_packet / 4 + milliseconds(1), milliseconds(1'000)));
    sweep_timer.async_wait([self = shared_from_this()](error_code aborted) {
        self->sweeping = false;
        if (aborted || self->down) return;
        const auto oldest = Clock::now() - self->limits.partial_packet;
        std::vector<std::shared_ptr<Connection>> stalled;
        for (const auto& [serial, connection] : self->connections) {
            const auto since = connection->partial_since();
            if (since && *since < oldest) stalled.push_back(connection);
        }
        for (const auto& connection : stalled) connection->close(CloseReason::timeout);
        self->sweep_connections();
    });
}

} // namespace ton::control::osc
