// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/server.hpp"

#include "control/osc/server_impl.hpp"

#include <fmt/format.h>

#include <numeric>

namespace ton::control::osc {

std::uint64_t ServerCounters::refused_in_all() const noexcept {
    return std::accumulate(refused.begin(), refused.end(), refused_framing + refused_by_address);
}

Server::Server(boost::asio::io_context& io, ServerHandlers handlers, ServerLimits limits)
    : impl_(std::make_shared<Impl>(io, std::move(handlers), limits)) {}

Server::~Server() {
    impl_->shut_down();
}

tl::expected<Url, std::string> Server::listen(const Url& url) {
    return impl_->listen(url);
}

tl::expected<Url, std::string> Server::listen(std::string_view url) {
    return Url::parse(url).and_then([this](const Url& parsed) { return impl_->listen(parsed); });
}

std::vector<Url> Server::urls() const {
    std::vector<Url> urls;
    for (const auto& endpoint : impl_->endpoints) urls.push_back(endpoint->url);
    return urls;
}

tl::expected<void, std::string> Server::allow(std::span<const std::string> cidrs) {
    std::vector<Cidr> ranges;
    for (const std::string& text : cidrs) {
        const auto cidr = Cidr::parse(text);
        if (!cidr) return tl::unexpected(cidr.error());
        ranges.push_back(*cidr);
    }
    impl_->allowed = std::move(ranges);
    impl_->close_connections([this](const Peer& peer) { return !impl_->admits(peer.ip); });
    return {};
}

bool Server::send(const Peer& to, const Message& message) {
    const auto packet = encode(message);
    if (!packet) {
        ++impl_->counters.dropped;
        return false;
    }
    return send_packet(to, *packet);
}

bool Server::send_packet(const Peer& to, ByteView packet) {
    return impl_->send(to, packet) == SendResult::sent;
}

bool Server::send_error(const Peer& to, std::string_view address, std::string_view reason) {
    return impl_->send_error(to, address, reason);
}

tl::expected<void, std::string> Server::set_reply_port(const Peer& peer, int port) {
    return impl_->set_reply_port(peer, port);
}

tl::expected<void, std::string> Server::reply_to(std::span<const std::string> urls) {
    std::vector<Url> hosts;
    for (const std::string& text : urls) {
        const auto url = Url::parse(text);
        if (!url) return tl::unexpected(url.error());
        hosts.push_back(*url);
    }
    impl_->reply_hosts = std::move(hosts);
    return {};
}

void Server::pause() { impl_->paused = true; }

void Server::close(const Peer& peer) {
    impl_->close_connections([&](const Peer& other) { return other == peer; });
}

void Server::drive(Subscriptions* book) {
    impl_->book = book;
    impl_->rearm();
}

void Server::rearm() {
    impl_->rearm();
}

const ServerCounters& Server::counters() const noexcept {
    return impl_->counters;
}

std::size_t Server::connections() const noexcept {
    return impl_->connections.size();
}

} // namespace ton::control::osc
