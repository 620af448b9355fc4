// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/config.hpp"
#include "config/json.hpp"

#include <string>
#include <unordered_map>
#include <vector>

/// The parts of parse(), one a file. Each adds what is wrong to the Diagnostics and goes on with what is
/// right.
namespace ton::config {

Engine read_engine(const Node& node, Diagnostics& errors);
Start read_start(const Node& node, Diagnostics& errors);
Control read_control(const Node& node, Diagnostics& errors);

/// One entry of a chain as written: a module, or a template's name.
struct ChainEntry {
    std::optional<Module> module;
    Name template_name;
    std::string path;
};

/// An object of parameters, flat or nested; `path` is the object's own.
std::vector<Parameter> read_parameters(const Node& node, const std::string& path, Diagnostics& errors);

std::vector<ChainEntry> read_chain(const Node& node, const std::string& path, Diagnostics& errors);

/// All templates, and chains with them put in.
class Templates {
  public:
    explicit Templates(Diagnostics& errors) : errors_(errors) {}

    /// Reads and expands the `templates` object; an unknown template or a cycle is reported with its path.
    void read(const Node& node);

    /// The modules of a chain; instance names must be unique in it.
    std::vector<Module> expand(const std::vector<ChainEntry>& entries, const std::string& path);

    std::vector<Template> take();

  private:
    struct Entry {
        enum class State { unread, open, done } state = State::unread;
        Name name;
        std::vector<ChainEntry> written;
        std::vector<Module> chain;
    };

    Entry* lookup(const ChainEntry& entry);
    bool resolve(Entry& entry, const ChainEntry* use, std::vector<std::string>& trail);
    std::vector<Module> gather(const std::vector<ChainEntry>& entries, const std::string& path,
                               std::vector<std::string>& trail);
    void append(std::vector<Module>& chain, Entry& from, const ChainEntry& use);

    Diagnostics& errors_;
    std::vector<Entry> entries_;
    std::unordered_map<std::string, std::size_t> index_;
    std::size_t expanded_ = 0; // parameters and modules copied out of templates so far
    bool too_large_ = false;
};

Strip read_strip(const Member& member, Templates& templates, Diagnostics& errors);

/// The `groups` object; members must be strips, or patterns.
std::vector<Group> read_groups(const Node& node, const std::vector<Strip>& strips, Diagnostics& errors);

/// What `link` says: names, and one link a strip. (Widths and routes are for the graph to check.)
void check_links(const std::vector<Strip>& strips, Diagnostics& errors);

/// What `to` says between strips: names, the order of stages, cycles.
void check_routes(const std::vector<Strip>& strips, Diagnostics& errors);

} // namespace ton::config
