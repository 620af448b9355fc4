// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/asio_address.hpp"
#include "control/osc/server_impl.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace ton::control::osc {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// Room for a burst while the control thread is busy; the kernel gives at most net.core.rmem_max.
constexpr int receive_buffer_bytes = 4 << 20;
constexpr auto accept_retry = std::chrono::milliseconds(100);

template <typename Socket> void open(Socket& socket, Endpoint& endpoint) {
    endpoint.v6 = !endpoint.url.ip.is_v4();
    using Protocol = typename Socket::protocol_type;
    socket.open(endpoint.v6 ? Protocol::v6() : Protocol::v4());
    // [::] hears IPv4 as well, any other IPv6 address cannot.
    if (endpoint.v6) socket.set_option(asio::ip::v6_only(!endpoint.url.ip.unspecified()));
}

template <typename Socket> void bind(Socket& socket, Endpoint& endpoint) {
    socket.bind({to_asio(endpoint.url.ip, endpoint.v6), endpoint.url.port});
    socket.non_blocking(true);
    endpoint.url.port = socket.local_endpoint().port();
}

} // namespace

Server::Impl::Impl(asio::io_context& context, ServerHandlers on, const ServerLimits& limit)
    : io(context), handlers(std::move(on)), limits(limit),
      answer_limits(limit.errors_per_second, limit.errors_per_second_in_all, limit.tracked_sources,
                    Clock::now()),
      datagram(max_packet_bytes + 1), book_timer(context), sweep_timer(context) {
    connection_events = {
        .on_packet = [this](const Peer& from, ByteView packet) { take_packet(from, packet); },
        .on_read_done = [this] { rearm(); },
        .on_closed = [this](const Peer& peer, CloseReason reason) { closed(peer, reason); },
        .on_framing_error =
            [this](const Peer& peer, FramingError why) {
                ++counters.refused_framing;
                send_error(peer, "", text(why));
            },
        .on_bad_escapes = [this](std::uint64_t count) { counters.refused_framing += count; },
    };
}

tl::expected<Url, std::string> Server::Impl::listen(const Url& url) {
    auto endpoint = std::make_unique<Endpoint>();
    endpoint->url = url;
    endpoint->index = static_cast<std::uint16_t>(endpoints.size());
    try {
        if (url.transport == Transport::udp)
            bind_udp(*endpoint);
        else
            bind_tcp(*endpoint);
    } catch (const system_error& failed) {
        return tl::unexpected(fmt::format("{}: {}", url.to_string(), failed.code().message()));
    }
    Endpoint& kept = *endpoints.emplace_back(std::move(endpoint));
    if (kept.udp)
        wait_udp(kept);
    else
        accept(kept);
    return kept.url;
}

void Server::Impl::bind_udp(Endpoint& endpoint) {
    endpoint.udp.emplace(io);
    open(*endpoint.udp, endpoint);
    error_code ignored; // a smaller buffer than wished for is no reason to stay silent
    endpoint.udp->set_option(asio::socket_base::receive_buffer_size(receive_buffer_bytes), ignored);
    endpoint.udp->set_option(asio::socket_base::send_buffer_size(receive_buffer_bytes), ignored);
    bind(*endpoint.udp, endpoint);
}

void Server::Impl::bind_tcp(Endpoint& endpoint) {
    endpoint.tcp.emplace(io);
    endpoint.accept_pause.emplace(io);
    open(*endpoint.tcp, endpoint);
    endpoint.tcp->set_option(asio::socket_base::reuse_address(true));
    bind(*endpoint.tcp, endpoint);
    endpoint.tcp->listen();
}

void Server::Impl::wait_udp(Endpoint& endpoint) {
    endpoint.udp->async_wait(asio::ip::udp::socket::wait_read,
                             [self = shared_from_this(), &endpoint](error_code failed) {
                                 if (self->down || failed == asio::error::operation_aborted) return;
                                 self->read_udp(endpoint);
                             });
}

void Server::Impl::read_udp(Endpoint& endpoint) {
    if (paused) return;
    int turns = limits.packets_per_turn;
    const auto until = Clock::now() + limits.turn;
    bool more = true;
    while (turns > 0 && !down && (more = read_datagram(endpoint)) && Clock::now() < until) --turns;
    if (down) return;
    rearm();
    if (!more) return wait_udp(endpoint);
    asio::post(io, [self = shared_from_this(), &endpoint] {
        if (!self->down) self->read_udp(endpoint);
    });
}

/// False when the socket has no more.
bool Server::Impl::read_datagram(Endpoint& endpoint) {
    asio::ip::udp::endpoint source;
    error_code failed;
    const std::size_t size = endpoint.udp->receive_from(asio::buffer(datagram), source, 0, failed);
    if (failed == asio::error::interrupted || failed == asio::error::connection_refused) return true;
    if (failed) return false; // would_block; anything else comes back with the next wake-up
    ++counters.packets_received;
    counters.bytes_received += size;
    Peer from;
    from.ip = from_asio(source.address());
    from.scope = scope_of(source.address());
    from.port = source.port();
    from.listener = endpoint.index;
    if (!admits(from.ip)) {
        ++counters.refused_by_address; // no answer: it could be a forged source
        return true;
    }
    take_packet(from, ByteView{datagram}.first(size));
    return true;
}

void Server::Impl::take_packet(const Peer& from, ByteView bytes) {
    if (paused) return;
    if (from.transport != Transport::udp) {
        ++counters.packets_received;
        counters.bytes_received += bytes.size();
    }
    auto packet = decode(bytes);
    if (!packet) {
        ++counters.refused[static_cast<std::size_t>(packet.error())];
        send_error(from, "", text(packet.error()));
        return;
    }
    counters.messages_received += packet->messages.size();
    handlers.on_packet(from, std::move(*packet));
}

bool Server::Impl::admits(const IpAddress& ip) const {
    return ip.loopback() ||
           std::ranges::any_of(allowed, [&](const Cidr& range) { return range.contains(ip); });
}

void Server::Impl::accept(Endpoint& endpoint) {
    endpoint.tcp->async_accept(
        [self = shared_from_this(), &endpoint](error_code failed, asio::ip::tcp::socket socket) {
            if (self->down || failed == asio::error::operation_aborted) return;
            if (!failed) {
                self->accepted(endpoint, std::move(socket));
                return self->accept(endpoint);
            }
            // Out of descriptors, most likely: trying again at once would only burn the processor.
            endpoint.accept_pause->expires_after(accept_retry);
            endpoint.accept_pause->async_wait([self, &endpoint](error_code aborted) {
                if (!aborted && !self->down) self->accept(endpoint);
            });
        });
}

void Server::Impl::accepted(Endpoint& endpoint, asio::ip::tcp::socket socket) {
    error_code failed;
    const auto source = socket.remote_endpoint(failed);
    if (failed) return; // gone again already
    Peer peer;
    peer.ip = from_asio(source.address());
    peer.scope = scope_of(source.address());
    peer.port = source.port();
    peer.transport = endpoint.url.transport;
    peer.listener = endpoint.index;
    if (!admits(peer.ip) || connections.size() >= limits.tcp_connections) {
        ++counters.connections_refused;
        return;
    }
    ++counters.connections_accepted;
    peer.connection = ++last_connection;
    const auto connection =
        std::make_shared<Connection>(std::move(socket), peer, limits.output_queue_bytes, connection_events);
    connections.emplace(peer.connection, connection);
    connection->start();
    sweep_connections();
}

void Server::Impl::shut_down() {
    down = true;
    book = nullptr;
    book_timer.cancel();
    sweep_timer.cancel();
    close_connections([](const Peer&) { return true; });
    error_code ignored; // descriptors are given back whatever close() says
    for (const auto& endpoint : endpoints) {
        if (endpoint->udp) endpoint->udp->close(ignored);
        if (endpoint->tcp) endpoint->tcp->close(ignored);
        if (endpoint->accept_pause) endpoint->accept_pause->cancel();
    }
}

} // namespace ton::control::osc
