// SPDX-License-Identifier: GPL-3.0-or-later
// A small blocking OSC client for the subcommands get, set, watch and send. Not for the daemon: it waits.
#pragma once

#include "control/osc/message.hpp"
#include "control/osc/peer.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ton::control::osc {

class Client {
  public:
    using Milliseconds = std::chrono::milliseconds;

    /// Opens a socket to udp://, tcp:// or tcp+slip:// (TCP connects within `timeout`). The error is for
    /// people.
    static tl::expected<Client, std::string> open(std::string_view url,
                                                  Milliseconds timeout = Milliseconds{2'000});
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// Errors: not encodable, or the socket's error (UDP: "connection refused" when nobody listened to the
    /// last one).
    tl::expected<void, std::string> send(const Message& message);
    tl::expected<void, std::string> send_bundle(TimeTag tag, std::span<const Message> messages);

    /// The next message that arrives; nullopt after `timeout`. Bundles are handed out message by message. A
    /// malformed packet is skipped and counted. Error: connection closed or refused.
    tl::expected<std::optional<Message>, std::string> receive(Milliseconds timeout);

    /// Sends and waits for the answer: the first message for which `is_answer` is true. A `/tonmeister/error`
    /// whose first argument is the request's address is returned as the error ("ADDRESS: REASON"), so is
    /// silence. Other messages that arrive meanwhile are dropped.
    using IsAnswer = std::function<bool(const Message&)>;
    tl::expected<Message, std::string> request(const Message& message, const IsAnswer& is_answer,
                                               Milliseconds timeout);
    /// Same; the answer is the message with the request's own address (`get`).
    tl::expected<Message, std::string> request(const Message& message, Milliseconds timeout);

    std::uint64_t malformed() const noexcept; ///< packets skipped
    /// Our end, with the unspecified address: "udp://0.0.0.0:PORT".
    std::string local_url() const;

  private:
    struct Impl;
    explicit Client(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ton::control::osc
