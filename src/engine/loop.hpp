// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <vector>

namespace ton::engine {

/// A module whose signal leaves through ports of its own and comes back (ModuleType::insert), as the control thread sees it.
/// All members on the control thread.
class Loop {
  public:
    virtual ~Loop() = default;

    /// Whether something is connected at both ends. Where not, the dry signal is heard, as late as the returned one.
    virtual void link(bool linked) = 0;

    /// Sends `signal` out of every channel instead of the strip's own, and records `listen` frames of what comes back from its first
    /// sample on, the dry signal being heard meanwhile. False while one is under way.
    virtual bool ping(const std::vector<float>& signal, int listen) = 0;
    /// What came back, [channel][frame], once the ping is over; once.
    virtual std::optional<std::vector<std::vector<float>>> take_ping() = 0;

  protected:
    Loop() = default;
    Loop(const Loop&) = default;
    Loop& operator=(const Loop&) = default;
};

} // namespace ton::engine
