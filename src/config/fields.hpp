// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/config.hpp"
#include "config/json.hpp"

#include <initializer_list>

namespace ton::config {

/// The known keys of one object. Whatever is wrong with them goes to the Diagnostics; a field in error keeps
/// its default, so that reading goes on and finds the next error.
class Fields {
  public:
    /// `what` names the object in messages: `a strip`. Keys that are not among `keys` are reported here.
    Fields(const Node& node, std::string path, std::string_view what,
           std::initializer_list<std::string_view> keys, Diagnostics& errors);

    /// nullptr when the key is absent (or the node no object, which has been reported).
    const Node* find(std::string_view key) const { return node_.find(key); }
    std::string path(std::string_view key) const { return child_path(path_, key); }

    void read(std::string_view key, Located<int>& into, Limits limits) const;
    void read(std::string_view key, Located<double>& into, Span limits, std::string_view unit) const;
    void read(std::string_view key, Located<bool>& into) const;
    void read(std::string_view key, Name& into, std::string_view expected) const;

    /// A list of strings; `expected` describes it. nullopt when absent or no list; a wrong item
    /// becomes a name that is not given(), so that indices stay those of the text.
    std::optional<std::vector<Name>> names(std::string_view key, std::string_view expected) const;

  private:
    const Node& node_;
    std::string path_;
    Diagnostics& errors_;
};

/// Reports `found ..., expected ...` at the node.
void add_wrong_type(const Node& node, std::string path, std::string_view expected, Diagnostics& errors);

} // namespace ton::config
