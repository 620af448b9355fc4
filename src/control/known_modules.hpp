// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "graph/desk.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace ton::control {

/// Remembers which modules a desk had, so that after an edit it can be told what came and what went. Control thread.
class KnownModules {
  public:
    struct Difference {
        std::vector<std::vector<char>> fresh; ///< [strip][module] of the new desk: 1 where it was not there before
        std::vector<std::string> gone;        ///< addresses that exist no more
    };
    Difference update(const graph::Desk& desk);

  private:
    std::unordered_map<std::string, const engine::ModuleType*> known_; ///< by STRIP/MODULE
};

} // namespace ton::control
