// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/osc/message.hpp"
#include "control/osc/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ton::control {

/// What waits for a change of the graph that is under way, or behind its sender's own that does: a line for each client, served in
/// turn, so that a long one keeps nobody else waiting. Control thread.
class HeldMessages {
  public:
    using Messages = std::vector<osc::Message>; ///< obeyed together
    struct Held {
        osc::Peer peer;
        Messages messages;
        std::int64_t time;     ///< as OscView::obey() has it
        std::uint64_t arrival; ///< of their batch
    };
    static constexpr std::size_t kMostOfOne = 512, kMostAsking = 16, kMost = 16384;

    bool any_of(const osc::Peer& peer) const;
    /// Behind what waits of the same client. Empty, or why there is no room: for people.
    std::string add(Held held);
    /// The next by turns of those that head their lines and need not wait; nullopt where all must.
    std::optional<Held> next(const std::function<bool(const Messages&)>& must_wait);
    void for_each(const std::function<void(Held&)>& change);

  private:
    using Line = std::deque<Held>; // of one client; never empty
    std::deque<Line> lines_;       // the first one's turn is next
    std::size_t count_ = 0;
};

} // namespace ton::control
