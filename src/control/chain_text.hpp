// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "config/document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ton::control {

/// A strip's chain, as written and as the desk has it: which module stands where in the text.
struct ChainText {
    struct Module {
        std::string name;
        std::size_t entry; ///< of the written chain
        bool of_template;  ///< the entry is a template's name
    };
    std::vector<Module> modules;
    std::size_t entries = 0;
    bool written = false; ///< there is a chain in the text
};

/// `root` is the whole config, for its templates; `chain` the list, or null.
ChainText read_chain_text(const config::Node& root, const config::Node* chain);

const config::Node* find_template(const config::Node& root, std::string_view name);

/// The template at `entry` of the chain at `path` becomes its modules there. What it did, in order.
std::vector<config::Splice> write_out(config::Document& document, const config::Path& path, std::size_t entry, const config::Node& root);

/// A path's child.
config::Path below(config::Path path, config::Step step);

} // namespace ton::control
