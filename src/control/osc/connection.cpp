// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/connection.hpp"

#include <boost/asio/buffer.hpp>

#include <array>

namespace ton::control::osc {

using boost::system::error_code;
using Socket = boost::asio::ip::tcp::socket;

namespace {
/// One read a wake-up, so a fast client gets at most about 500 small packets before the others have their
/// turn.
constexpr std::size_t read_bytes = 16'384;
/// Sent bytes are cut off the queue's front once they are worth the move.
constexpr std::size_t trim_bytes = 65'536;
} // namespace

Connection::Connection(Socket socket, const Peer& peer, std::size_t queue_bytes, const Events& events)
    : socket_(std::move(socket)), peer_(peer), queue_bytes_(queue_bytes), events_(events),
      framing_(peer.transport == Transport::tcp_slip ? Framing::slip : Framing::length_prefix),
      decoder_(framing_) {}

void Connection::start() {
    error_code ignored; // without the option answers are slower, not wrong
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    error_code failed;
    socket_.non_blocking(true, failed);
    if (failed) return close(CloseReason::by_server);
    wait_readable();
}

void Connection::wait_readable() {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code failed) {
        if (!self->open_) return;
        if (failed) return self->close(CloseReason::by_client);
        self->read();
    });
}

void Connection::read() {
    std::array<std::byte, read_bytes> buffer;
    error_code failed;
    const std::size_t got = socket_.read_some(boost::asio::buffer(buffer), failed);
    if (failed == boost::asio::error::would_block || failed == boost::asio::error::interrupted)
        return wait_readable();
    if (failed) return close(CloseReason::by_client); // end of file, too
    take(ByteView{buffer}.first(got));
    if (open_) wait_readable();
    events_.on_read_done();
}

void Connection::take(ByteView bytes) {
    const std::uint64_t bad_escapes = decoder_.bad_escapes();
    bool completed = false;
    const FramingError failed = decoder_.feed(bytes, [&](ByteView packet) {
        completed = true;
        if (open_) events_.on_packet(peer_, packet);
    });
    if (!open_) return;
    if (decoder_.bad_escapes() != bad_escapes) events_.on_bad_escapes(decoder_.bad_escapes() - bad_escapes);
    if (failed != FramingError::none) {
        events_.on_framing_error(peer_, failed);
        return close(CloseReason::framing);
    }
    if (!decoder_.partial()) {
        partial_since_.reset();
    } else if (completed || !partial_since_) {
        partial_since_ = std::chrono::steady_clock::now();
    }
}

bool Connection::send(ByteView packet) {
    if (!open_) return false;
    const std::size_t before = output_.size();
    append_frame(framing_, packet, output_);
    if (queued() > queue_bytes_) {
        output_.resize(before);
        close(CloseReason::slow);
        return false;
    }
    if (!waiting_writable_) write();
    return open_;
}

void Connection::write() {
    while (queued() > 0) {
        error_code failed;
        written_ += socket_.write_some(boost::asio::buffer(output_.data() + written_, queued()), failed);
        if (failed == boost::asio::error::would_block) break;
        if (failed == boost::asio::error::interrupted) continue;
        if (failed) return close(CloseReason::by_client);
    }
    if (queued() == 0 || written_ >= trim_bytes) {
        output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(written_));
        written_ = 0;
    }
    if (queued() > 0) wait_writable();
}

void Connection::wait_writable() {
    waiting_writable_ = true;
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code failed) {
        self->waiting_writable_ = false;
        if (!self->open_) return;
        if (failed) return self->close(CloseReason::by_client);
        self->write();
    });
}

void Connection::close(CloseReason reason) {
    if (!open_) return;
    open_ = false;
    error_code ignored; // the descriptor is given back whatever close() says
    socket_.close(ignored);
    events_.on_closed(peer_, reason);
}

} // namespace ton::control::osc
