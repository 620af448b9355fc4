// SPDX-License-Identifier: GPL-3.0-or-later
// The subscription book of `/tonmeister/subscribe`: who wants which addresses, how often. It coalesces
// changes per address (the newest wins; meters hold their peak since the last frame) and packs them into
// bundles. It knows neither sockets nor clocks: time is passed in, packets go to a sink. Control thread only.
#pragma once

#include "control/osc/message.hpp"
#include "control/osc/peer.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ton::control::osc {

struct SubscriptionLimits {
    std::size_t per_peer = 32;
    std::size_t in_all = 1'024;
    double default_rate_hz = 20;
    double min_rate_hz = 0.1;
    double max_rate_hz = 100;
    std::chrono::milliseconds lease{10'000};
    std::size_t datagram_bytes = 1'400;
    std::size_t burst_packets =
        64; ///< of one subscription at once, so that a client's socket buffer can take them
    std::chrono::milliseconds burst_pause{5}; ///< then the rest of its frame follows
    std::size_t addresses = 1 << 17;          ///< remembered addresses; further ones are not sent (counted)
};

enum class SubscribeError : std::uint8_t {
    bad_pattern,      ///< see Pattern::parse
    bad_rate,         ///< NaN, infinite, or not above 0
    too_many_of_peer, ///< per_peer reached
    too_many_in_all,  ///< in_all reached
};
std::string_view text(SubscribeError error) noexcept;

struct SubscriptionCounters {
    std::uint64_t changes = 0;   ///< on_change and on_meter calls
    std::uint64_t coalesced = 0; ///< values replaced by a newer one (or held in a peak) before they were sent
    std::uint64_t messages = 0;  ///< messages handed to the sink
    std::uint64_t packets = 0;   ///< packets handed to the sink
    std::uint64_t lost = 0;      ///< not encodable, over the address limit, or refused by the sink
    std::uint64_t expired = 0;   ///< leases that ran out
};

class Subscriptions {
  public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;
    using Id = std::uint64_t; ///< never reused
    /// False: the peer is gone, its subscriptions end.
    using Sink = std::function<bool(const Peer& to, ByteView packet)>;

    struct Request {
        std::string pattern;
        double rate_hz = 0; ///< frames per second, clamped to the limits; 0: the default
        bool echo = false;  ///< also what this peer changed itself
    };
    struct Accepted {
        Id id;
        bool renewed;   ///< the peer had this pattern already: lease, rate and echo are renewed
        double rate_hz; ///< as clamped
    };

    explicit Subscriptions(SubscriptionLimits limits = {});
    ~Subscriptions();
    Subscriptions(const Subscriptions&) = delete;
    Subscriptions& operator=(const Subscriptions&) = delete;

    tl::expected<Accepted, SubscribeError> subscribe(const Peer& peer, const Request& request, Time now);
    /// True when there was one. The pattern is compared as text.
    bool unsubscribe(const Peer& peer, std::string_view pattern);
    /// All of the peer's; returns how many. Also for a TCP client that is gone.
    std::size_t unsubscribe_all(const Peer& peer);

    /// A present value for one subscription, sent with its next frame, which is due at once: the desk calls
    /// it for each matching address right after subscribe().
    void snapshot(Id id, std::string_view address, std::span<const Argument> values, Time now);

    /// A value was applied. `origin` made the change (nullptr: nobody on OSC, e.g. a scene or a fade) and
    /// sent `sent`. Every subscriber gets it; the origin only if `applied` differs from `sent` (same_value),
    /// or by echo.
    void on_change(std::string_view address, std::span<const Argument> applied, const Peer* origin,
                   std::span<const Argument> sent, Time now);
    void on_change(std::string_view address, const Argument& applied, Time now); ///< no origin

    /// A meter reading, all floats: each subscriber gets, per frame, the largest of each value since its last
    /// frame
    /// (`hold` peak), or the newest. A NaN counts as no reading.
    enum class Hold : std::uint8_t { peak, newest };
    void on_meter(std::string_view address, std::span<const float> values, Time now, Hold hold = Hold::peak);

    /// True when anybody subscribes to this address: lets the desk skip work for meters nobody watches.
    bool wanted(std::string_view address);
    /// The address exists no more; nothing pending is sent for it.
    void forget(std::string_view address);

    /// When flush() has something to do next (a frame or an expiry); nullopt: nothing.
    std::optional<Time> next_due() const;
    /// Ends expired leases and sends all frames that are due. Returns the packets sent. The sink must not
    /// call back into the book.
    std::size_t flush(Time now, const Sink& sink);

    std::size_t size() const noexcept; ///< subscriptions
    std::vector<Peer> peers() const;   ///< who has any
    const SubscriptionCounters& counters() const noexcept;

    struct Impl; ///< defined and known only in this folder

  private:
    std::unique_ptr<Impl> impl_;
};

} // namespace ton::control::osc
