// SPDX-License-Identifier: GPL-3.0-or-later
// Plain sockets and poll(): a client that waits needs no event loop.
#include "control/osc/client.hpp"

#include "control/osc/framing.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>

namespace ton::control::osc {

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = Client::Milliseconds;
template <typename T> using Result = tl::expected<T, std::string>;

tl::unexpected<std::string> failed(std::string_view what, int error) {
    return tl::unexpected(fmt::format("{}: {}", what, std::strerror(error)));
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

SocketAddress socket_address(const Url& url) {
    SocketAddress address;
    if (url.ip.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(url.port);
        std::memcpy(&v4.sin_addr, url.ip.bytes.data() + 12, 4);
        std::memcpy(&address.storage, &v4, sizeof v4);
        address.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(url.port);
        std::memcpy(&v6.sin6_addr, url.ip.bytes.data(), 16);
        std::memcpy(&address.storage, &v6, sizeof v6);
        address.size = sizeof v6;
    }
    return address;
}

std::uint16_t local_port(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
    sockaddr_in v4{}; // the port is at the same place in both families
    std::memcpy(&v4, &storage, sizeof v4);
    return ntohs(v4.sin_port);
}

/// True when one of `events` came before `until`.
Result<bool> wait_for(int fd, short events, Clock::time_point until) {
    while (true) {
        const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now());
        pollfd poller{fd, events, 0};
        const int ready =
            ::poll(&poller, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return failed("waiting for the socket", errno);
        if (ready == 0 && Clock::now() >= until) return false;
    }
}

Result<void> connect_within(int fd, const Url& url, Clock::time_point until) {
    const SocketAddress address = socket_address(url);
    const std::string where = fmt::format("connecting to {}", url.to_string());
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return {};
    if (errno != EINPROGRESS) return failed(where, errno);
    const auto ready = wait_for(fd, POLLOUT, until);
    if (!ready) return tl::unexpected(ready.error());
    if (!*ready) return failed(where, ETIMEDOUT);
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return failed(where, error);
    return {};
}

} // namespace

struct Client::Impl {
    Impl(Descriptor socket, const Url& server)
        : fd(std::move(socket)), url(server),
          framing(server.transport == Transport::tcp_slip ? Framing::slip : Framing::length_prefix),
          decoder(framing), buffer(max_packet_bytes) {}

    bool stream() const { return url.transport != Transport::udp; }

    Result<void> put(ByteView packet) {
        Bytes framed;
        if (stream()) append_frame(framing, packet, framed);
        ByteView rest = stream() ? ByteView{framed} : packet;
        const auto until = Clock::now() + send_timeout;
        while (!rest.empty()) {
            const ssize_t sent = ::send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest = rest.subspan(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                const auto ready = wait_for(fd.get(), POLLOUT, until);
                if (!ready) return tl::unexpected(ready.error());
                if (!*ready) return failed(where("sending to"), ETIMEDOUT);
            } else if (errno != EINTR) {
                return failed(where("sending to"), errno);
            }
        }
        return {};
    }

    /// Reads what is there; the socket was said to be readable.
    Result<void> get() {
        const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (got < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
            return failed(where("receiving from"), errno);
        }
        const ByteView bytes = ByteView{buffer}.first(static_cast<std::size_t>(got));
        if (!stream()) {
            take(bytes);
            return {};
        }
        if (got == 0) return tl::unexpected(fmt::format("{} closed the connection", url.to_string()));
        const FramingError error = decoder.feed(bytes, [this](ByteView packet) { take(packet); });
        if (error != FramingError::none)
            return tl::unexpected(where("receiving from") + ": " + std::string(text(error)));
        return {};
    }

    void take(ByteView bytes) {
        auto packet = decode(bytes);
        if (!packet) {
            ++malformed;
            return;
        }
        for (TimedMessage& timed : packet->messages) inbox.push_back(std::move(timed.message));
    }

    std::string where(std::string_view doing) const { return fmt::format("{} {}", doing, url.to_string()); }

    static constexpr Milliseconds send_timeout{5'000};
    Descriptor fd;
    Url url;
    Framing framing;
    FrameDecoder decoder;
    Bytes buffer;
    std::deque<Message> inbox;
    std::uint64_t malformed = 0;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<Client> Client::open(std::string_view url, Milliseconds timeout) {
    const auto parsed = Url::parse(url);
    if (!parsed) return tl::unexpected(parsed.error());
    if (parsed->port == 0) return tl::unexpected(fmt::format("'{}': a client needs a port to talk to", url));
    const bool udp = parsed->transport == Transport::udp;
    const int type = (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    Descriptor fd(::socket(parsed->ip.is_v4() ? AF_INET : AF_INET6, type, 0));
    if (fd.get() < 0) return failed("opening a socket", errno);
    const auto connected = connect_within(fd.get(), *parsed, Clock::now() + timeout);
    if (!connected) return tl::unexpected(connected.error());
    const int on = 1;
    if (!udp && ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        return failed("setting TCP_NODELAY", errno);
    }
    return Client(std::make_unique<Impl>(std::move(fd), *parsed));
}

Result<void> Client::send(const Message& message) {
    const auto packet = encode(message);
    if (!packet) return tl::unexpected(fmt::format("{}: {}", message.address, text(packet.error())));
    return impl_->put(*packet);
}

Result<void> Client::send_bundle(TimeTag tag, std::span<const Message> messages) {
    const auto packet = encode_bundle(tag, messages);
    if (!packet) return tl::unexpected(fmt::format("bundle: {}", text(packet.error())));
    return impl_->put(*packet);
}

Result<std::optional<Message>> Client::receive(Milliseconds timeout) {
    const auto until = Clock::now() + timeout;
    while (impl_->inbox.empty()) {
        const auto ready = wait_for(impl_->fd.get(), POLLIN, until);
        if (!ready) return tl::unexpected(ready.error());
        if (!*ready) return std::nullopt;
        const auto got = impl_->get();
        // What came before the connection ended is still handed out.
        if (!got && impl_->inbox.empty()) return tl::unexpected(got.error());
    }
    Message first = std::move(impl_->inbox.front());
    impl_->inbox.pop_front();
    return std::optional{std::move(first)};
}

Result<Message> Client::request(const Message& message, const IsAnswer& is_answer, Milliseconds timeout) {
    const auto until = Clock::now() + timeout;
    const auto sent = send(message);
    if (!sent) return tl::unexpected(sent.error());
    while (true) {
        const auto left = std::max(std::chrono::ceil<Milliseconds>(until - Clock::now()), Milliseconds{0});
        auto received = receive(left);
        if (!received) return tl::unexpected(received.error());
        if (!*received) {
            return tl::unexpected(fmt::format("{}: no answer from {} within {} ms", message.address,
                                              impl_->url.to_string(), timeout.count()));
        }
        Message& answer = **received;
        const auto about = answer.args.empty() ? std::nullopt : string(answer.args.front());
        if (answer.address == "/tonmeister/error" && about == message.address) {
            const auto reason = answer.args.size() > 1 ? string(answer.args[1]) : std::nullopt;
            return tl::unexpected(fmt::format("{}: {}", message.address, reason.value_or("refused")));
        }
        if (is_answer(answer)) return std::move(answer);
    }
}

Result<Message> Client::request(const Message& message, Milliseconds timeout) {
    return request(
        message, [&](const Message& answer) { return answer.address == message.address; }, timeout);
}

std::uint64_t Client::malformed() const noexcept {
    return impl_->malformed;
}

std::string Client::local_url() const {
    Url local = impl_->url;
    local.ip = *IpAddress::parse(impl_->url.ip.is_v4() ? "0.0.0.0" : "::");
    local.port = local_port(impl_->fd.get());
    return local.to_string();
}

} // namespace ton::control::osc
