// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/osc/client.hpp"

#include "control/osc/server.hpp"
#include "control/osc/test_support.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <thread>

using namespace ton::control::osc;
using namespace std::chrono_literals;

namespace {

/// A server in its own thread that knows a few addresses.
class Responder {
  public:
    explicit Responder(const char* url)
        : server_(io_, {.on_packet = [this](const Peer& from, Packet&& packet) { obey(from, packet); },
                        .on_gone = {}}),
          url_(server_.listen(std::string_view(url)).value().to_string()), thread_([this] { io_.run(); }) {}
    ~Responder() {
        io_.stop();
        thread_.join();
    }
    const std::string& url() const { return url_; }

  private:
    void obey(const Peer& from, const Packet& packet) {
        for (const auto& [tag, message] : packet.messages) {
            if (message.address == "/level") server_.send(from, {"/level", {-6.0F}});
            if (message.address == "/two")
                server_.send(from, {"/noise", {}}), server_.send(from, {"/two", {2}});
            if (message.address == "/bad") server_.send_error(from, "/bad", "no such address");
            if (message.address == "/junk")
                server_.send_packet(from, raw("junk")), server_.send(from, {"/done", {}});
            if (message.address == "/bye") server_.close(from);
        }
    }
    boost::asio::io_context io_;
    Server server_;
    std::string url_;
    std::thread thread_;
};

} // namespace

TEST_CASE("get, error and silence, over each transport") {
    for (const char* url :
         {"udp://127.0.0.1:0", "tcp://127.0.0.1:0", "tcp+slip://127.0.0.1:0", "udp://[::1]:0"}) {
        CAPTURE(url);
        const Responder responder(url);
        auto client = Client::open(responder.url());
        REQUIRE(client);
        CHECK(client->request({"/level", {}}, 5s) == Message{"/level", {-6.0F}});
        CHECK(client->request({"/two", {}}, 5s) == Message{"/two", {2}});
        CHECK(client->request({"/bad", {}}, 5s).error() == "/bad: no such address");
        CHECK(client->request({"/silent", {}}, 50ms).error().find("no answer") != std::string::npos);
        CHECK(client->receive(10ms).value() == std::optional<Message>{});
        CHECK(client->send({"/junk", {}}));
        CHECK(client->receive(5s).value() == std::optional<Message>{{"/done", {}}});
        CHECK(client->malformed() == 1);
        const std::vector<Message> both{{"/level", {}}, {"/two", {}}};
        CHECK(client->send_bundle(immediately, both));
        CHECK(client->receive(5s).value() == std::optional<Message>{{"/level", {-6.0F}}});
        CHECK(client->receive(5s).value() == std::optional<Message>{{"/noise", {}}});
        CHECK(client->send({"no address", {}}).error() ==
              "no address: packet starts neither with '/' nor with \"#bundle\"");
    }
}

TEST_CASE("a server that is not there, or goes away") {
    CHECK(Client::open("tcp://127.0.0.1:1").error() == "connecting to tcp://127.0.0.1:1: Connection refused");
    CHECK_FALSE(Client::open("nonsense").has_value());
    CHECK(Client::open("udp://127.0.0.1:0").error().find("port") != std::string::npos);
    auto nobody = Client::open("udp://127.0.0.1:1");
    REQUIRE(nobody);
    CHECK(nobody->request({"/a", {}}, 5s).error().find("refused") != std::string::npos);
    const Responder responder("tcp://127.0.0.1:0");
    auto client = Client::open(responder.url());
    REQUIRE(client);
    CHECK(client->send({"/bye", {}}));
    CHECK(client->receive(5s).error() == responder.url() + " closed the connection");
}
