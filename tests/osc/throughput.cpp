// SPDX-License-Identifier: GPL-3.0-or-later
// How many OSC messages a second one control thread takes, from the socket to the handler, over UDP loopback:
// osc-throughput [MESSAGES_PER_BUNDLE] [SECONDS]. A second thread sends as fast as it can. "per processor
// second" is what the receiving thread itself needs; on a busy machine the rate by the clock is lower.
#include "control/osc/server.hpp"

#include <boost/asio/io_context.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

using namespace ton::control::osc;

namespace {

double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Sends until `stop`, 64 packets a system call, so that the sender is not what limits.
void flood(std::uint16_t port, const Bytes& packet, const std::atomic<bool>& stop) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(port);
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
        std::perror("connect");
        std::exit(1);
    }
    iovec piece{const_cast<std::byte*>(packet.data()), packet.size()};
    std::array<mmsghdr, 64> many{};
    for (mmsghdr& one : many) {
        one.msg_hdr.msg_iov = &piece;
        one.msg_hdr.msg_iovlen = 1;
    }
    while (!stop) {
        if (::sendmmsg(fd, many.data(), many.size(), 0) < 0) break;
    }
    ::close(fd);
}

} // namespace

int main(int argc, char** argv) {
    const auto per_bundle = static_cast<std::size_t>(std::max(1, argc > 1 ? std::atoi(argv[1]) : 1));
    const int seconds = std::max(1, argc > 2 ? std::atoi(argv[2]) : 3);
    boost::asio::io_context io;
    std::uint64_t messages = 0;
    double sum = 0;
    const auto take = [&](const Peer&, Packet&& packet) {
        for (const TimedMessage& timed : packet.messages) sum += number(timed.message.args.at(0)).value();
        messages += packet.messages.size();
    };
    Server server(io, {.on_packet = take, .on_gone = {}});
    const auto url = server.listen(std::string_view("udp://127.0.0.1:0"));
    const std::vector<Message> content(per_bundle, Message{"/host/fader/level", {-6.5F}});
    const auto packet = per_bundle == 1 ? encode(content[0]) : encode_bundle(immediately, content);
    if (!url || !packet) return 1;
    std::atomic<bool> stop = false;
    std::thread sender([&] { flood(url->port, *packet, stop); });
    const double before = thread_seconds();
    io.run_for(std::chrono::seconds(seconds));
    const double used = thread_seconds() - before;
    stop = true;
    sender.join();
    const auto count = static_cast<double>(messages);
    std::printf(
        "%zu a packet: %.0f messages/s by the clock (processor share %.0f %%), %.0f per processor second "
        "(%.2f us each)\n",
        per_bundle, count / seconds, 100 * used / seconds, count / used, 1e6 * used / count);
    return sum < 0 ? 0 : 1;
}
