// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/document.hpp"
#include "engine/module.hpp"
#include "graph/desk.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ton::control {

/// A place in a config's text that names a strip.
struct Reference {
    enum class Kind {
        route,     ///< an entry of `to`, or a `link`
        send,      ///< a send module's `to`
        parameter, ///< any other parameter: a side-chain
    };
    Kind kind;
    config::Path path;  ///< of the text that names it
    config::Path owner; ///< what stands for it as a whole: the `to` or its entry, the module's entry in the chain, the parameter
    std::string user;   ///< "music", "music/ducker", "templates.voice": for people
    std::string text;   ///< as written: "host" or "host/eq"
};

/// True where a text row names a strip, or a point of one.
bool names_strip(const engine::ModuleType& type, const engine::Parameter& row);

/// `text` names that strip or a point in it ("host", "host/eq").
bool names(std::string_view text, std::string_view strip);

/// Everything in a config that names `strip`, in the order of the text. `root` is the whole config as read; what is
/// wrong in it is passed over.
std::vector<Reference> references_to(const config::Node& root, std::string_view strip);

/// A module that names a strip only since a hand set it so: "music/ducker".
struct LiveUser {
    std::string strip, module;
};
/// `live` is `loaded` with the values that were moved.
std::vector<LiveUser> live_users(const graph::Desk& loaded, const graph::Desk& live, std::string_view strip);

} // namespace ton::control
