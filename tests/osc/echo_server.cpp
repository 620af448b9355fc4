// SPDX-License-Identifier: GPL-3.0-or-later
// For tests with other people's OSC clients: listens on the URLs given, prints each bound URL, then each
// message as a line "PEER TAG MESSAGE", and sends each message back to its source. `/reply PORT` moves the
// answers, `/quit` ends.
#include "control/osc/server.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <string>

using namespace ton::control::osc;

namespace {

void obey(Server& server, boost::asio::io_context& io, const Peer& from, const Packet& packet) {
    for (const auto& [tag, message] : packet.messages) {
        const std::string peer = from.to_string();
        std::printf("%s %llu %s\n", peer.c_str(), static_cast<unsigned long long>(tag.ntp),
                    to_text(message).c_str());
        std::fflush(stdout);
        if (message.address == "/quit") {
            io.stop();
        } else if (message.address == "/reply") {
            const auto set = server.set_reply_port(from, std::get<std::int32_t>(message.args.at(0)));
            if (!set) server.send_error(from, message.address, set.error());
        } else if (!server.send(from, message)) {
            std::printf("not answered\n");
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    boost::asio::io_context io;
    Server server(io,
                  {.on_packet = [&](const Peer& from, Packet&& packet) { obey(server, io, from, packet); },
                   .on_gone = {}});
    for (int i = 1; i < argc; ++i) {
        const auto url = server.listen(std::string_view(argv[i]));
        if (!url) {
            std::fprintf(stderr, "%s\n", url.error().c_str());
            return 1;
        }
        std::printf("%s\n", url->to_string().c_str());
    }
    std::fflush(stdout);
    io.run();
    return 0;
}
