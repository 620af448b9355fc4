// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/document.hpp"
#include "control/carry.hpp"
#include "control/chain_text.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ton::control {

/// A module of a chain: by its place (negative: from the end) or its name.
using ModulePlace = std::variant<std::ptrdiff_t, std::string>;

/// One edit of a desk under way: changes of its config's text, one after the other. Every change returns what is wrong
/// with its arguments, or nothing; what only the whole desk can tell (an unknown module, a circle) is for whoever reads
/// the text afterwards. Places in a chain count modules as the desk has them, templates written out; an edit inside a
/// template's modules writes that template out in the strip's own chain. Control thread.
class Edit {
  public:
    /// `loaded` is the desk of that text and `live` how it stands now; both stay while this lives.
    Edit(const config::Document& document, const graph::Desk& loaded, const graph::Desk& live) : document_(document), loaded_(loaded), live_(live) {}

    std::string add_strip(const std::string& name, std::string_view json);
    /// Refused while something else names the strip, with a list; with `force` what names it goes, too: what a hand set so is again
    /// as the config has it.
    std::string remove_strip(const std::string& name, bool force);
    /// Whatever names the strip follows.
    std::string rename_strip(const std::string& from, const std::string& to);
    /// `key` of the strip's own ("name", "stage", "channels", "input", "output", "solo_safe"); JSON null takes it away.
    std::string set_strip(const std::string& name, const std::string& key, std::string_view json);
    std::string route(const std::string& name, const std::vector<std::string>& to);
    /// `json` is a module, or a template's or module's name; the place is that of the new module.
    std::string insert_module(const std::string& strip, const ModulePlace& place, std::string_view json);
    std::string remove_module(const std::string& strip, const ModulePlace& place);
    std::string move_module(const std::string& strip, const ModulePlace& from, const ModulePlace& to);

    std::string add_group(const std::string& name, std::string_view json);
    std::string remove_group(const std::string& name);
    /// Its level, mute and solo go on.
    std::string rename_group(const std::string& from, const std::string& to);
    /// `key`: "members" or "name".
    std::string set_group(const std::string& name, const std::string& key, std::string_view json);

    const config::Document& document() const { return document_; }
    const std::vector<config::Splice>& splices() const { return splices_; }
    /// Where the strips come from, from the first change to now.
    const Origins& origins() const { return origins_; }
    /// What live texts must follow: from, to ("" where a strip was removed by force), in order.
    const Renames& renames() const { return renames_; }

  private:
    const config::Node& root();
    void did(config::Splice splice);
    bool has_strip(const std::string& name) { return document_.has({std::string("strips"), name}); }
    std::string unknown_strip(const std::string& name);
    std::string unknown_group(const std::string& name);
    std::string unknown_module(std::string_view name);
    void spell_out(config::Node& entry);
    void put(const config::Path& object, const std::string& key, const config::Node& value);
    std::size_t entry_before(const std::string& strip, ChainText& chain, std::size_t module);
    void own(const std::string& strip, ChainText& chain, std::size_t module);
    std::string origin(const std::string& name) const;
    bool lives_on(const std::string& before);
    std::string users_of(const std::string& name);
    void remove_references(const std::string& strip);
    void keep_in_groups(const std::string& from, const std::string& to);
    ChainText chain_of(const std::string& strip);

    config::Document document_;
    const graph::Desk &loaded_, &live_;
    std::optional<config::Node> root_;
    std::vector<config::Splice> splices_;
    Origins origins_;
    Renames renames_;
};

} // namespace ton::control
