// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "control/carry.hpp"
#include "control/osc/message.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

/// What kinds of verbs there are under /tonmeister/, by when they act and what may stand beside them. Any thread.
namespace ton::control {

/// It changes the graph, and can't be obeyed while another change is under way.
bool changes_graph(std::string_view address);
/// It makes a change of the graph of its own at once, so that the next change has to wait for it: undo, redo, reload and
/// load. (Edits of one bundle are one change.)
bool is_whole_change(std::string_view address);
/// It is an edit: a change of the graph that others of its bundle are one with.
bool is_edit(std::string_view address);
/// It sets parameters: a parameter's address, or a verb that moves many.
bool sets(std::string_view address);
/// It acts when it is obeyed and knows no sample.
bool acts_at_once(std::string_view address);

/// A name or another text that an argument gives; empty where it is neither that nor a number. A surface that knows numbers only
/// may mean a strip called 7.
std::string word_of(const osc::Argument& argument);

/// A message follows its strip's (or group's) new name, in its address and where it is an edit in its first argument; `names` as
/// Editor::on_renamed has them.
void rename_in_message(osc::Message& message, const Origins& names);

/// Messages that came as one, cut so that each piece makes one change of the graph at most and can be obeyed as one. What stands
/// behind a verb that acts at once, and with an edit, is a piece of its own: the edit comes before what is set with it, that verb
/// after what was set in front of it. `address_of` gives an item's address.
template <class Item, class Address> std::vector<std::vector<Item>> in_pieces(std::vector<Item> items, Address address_of) {
    std::vector<std::vector<Item>> pieces(1);
    bool full = false, changed = false; // the last piece has a change that stands alone, or any
    std::size_t spoken = 0;             // behind the last verb in it that acts at once, up to its first change
    for (auto& item : items) {
        const std::string_view address = address_of(item);
        const bool changes = changes_graph(address);
        if (changes && full) {
            pieces.emplace_back();
        } else if (is_edit(address) && !changed && spoken > 0) {
            const auto from = pieces.back().begin() + static_cast<std::ptrdiff_t>(spoken);
            std::vector<Item> tail(std::make_move_iterator(from), std::make_move_iterator(pieces.back().end()));
            pieces.back().erase(from, pieces.back().end());
            pieces.push_back(std::move(tail));
        }
        if (changes) full = is_whole_change(address), changed = true;
        pieces.back().push_back(std::move(item));
        if (!changed && acts_at_once(address)) spoken = pieces.back().size();
    }
    return pieces;
}

/// Takes from the first message on that acts at once what is behind it: that can't be obeyed ahead of its time.
template <class Item, class Address> std::vector<Item> take_tail(std::vector<Item>& items, Address address_of) {
    const auto first = std::ranges::find_if(items, [&](const Item& item) { return acts_at_once(address_of(item)); });
    std::vector<Item> tail(std::make_move_iterator(first), std::make_move_iterator(items.end()));
    items.erase(first, items.end());
    return tail;
}

} // namespace ton::control
