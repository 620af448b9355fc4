// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "backend/backend.hpp"

#include <compare>
#include <optional>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ton::backend {

/// A port that the server has now, by its full name ("system:capture_1").
struct PresentPort {
    std::string name;
    bool output = false;              ///< sound comes out of it
    bool own = false;                 ///< it is this client's
    std::vector<std::string> aliases; ///< further names, matched like the first
};

/// From an output port to an input port, by full names.
struct Connection {
    std::string from, to;
    auto operator<=>(const Connection&) const = default;
};

/// Decides which connections to make. Pure logic, no server: control thread.
///
/// A wish is an exact name or a /regex/ (ECMAScript, matching the whole name; never this client's own ports).
/// A wish is fulfilled once per appearance of its port: what somebody disconnects by hand stays so until the
/// port comes back.
class Connections {
  public:
    /// What to do now, and how many wishes find no port.
    struct Work {
        std::vector<Connection> connect, disconnect;
        int missing = 0;
    };

    /// Replaces the wishes; `client` is this client's name on the server. Returns one message per regex that
    /// does not compile (its wish then counts as missing).
    std::vector<std::string> set_wishes(std::span<const PortSpec> ports, std::string_view client);
    /// How many wishes find no port among these.
    int missing(std::span<const PresentPort> present) const;
    /// Compares the wishes with what is there. Each connection in `connect` is offered again until made() is
    /// told.
    Work work(std::span<const PresentPort> present);
    /// The exact names that were not connected when work() last looked, as "FROM to TO". Patterns are wishes for what may come.
    std::vector<std::string> open() const;
    /// The connection exists.
    void made(const Connection& connection) { made_.insert(connection); }
    /// The port (full name) has appeared anew: its wishes are open again.
    void appeared(std::string_view port);
    /// The server is gone, and everything with it.
    void clear() { made_.clear(); }

  private:
    struct Wish {
        std::string own; // full name of this client's port
        bool own_is_input;
        std::string name; // exact, or the pattern's text
        std::optional<std::regex> pattern;
        bool broken = false; // the pattern did not compile
        std::optional<Connection> found; // of an exact name: as work() last saw it
    };
    class Directory;
    template <class Found> static bool find(const Wish& wish, const Directory& directory, Found&& found);

    std::vector<Wish> wishes_;
    std::set<Connection> made_; // by us, and wished for
};

} // namespace ton::backend
