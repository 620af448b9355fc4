// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/references.hpp"

#include "control/chain_text.hpp"
#include "graph/desk.hpp"

namespace ton::control {

namespace {

using config::Node;
using config::Path;

class Search {
  public:
    explicit Search(std::string_view strip) : strip_(strip) {}

    void config(const Node& root) {
        each_member(root.find("templates"), [&](const config::Member& chain) {
            this->chain(chain.value, {std::string("templates"), chain.key}, "templates." + chain.key);
        });
        each_member(root.find("strips"), [&](const config::Member& strip) {
            const Path path{std::string("strips"), strip.key};
            if (const auto* modules = strip.value.find("chain")) chain(*modules, below(path, std::string("chain")), strip.key);
            for (const std::string key : {"to", "link"})
                if (const auto* strips = strip.value.find(key)) route(*strips, below(path, key), strip.key);
        });
    }
    void groups(const Node& root) {
        each_member(root.find("groups"), [&](const config::Member& group) {
            const Path path{std::string("groups"), group.key, std::string("members")};
            if (const auto* members = group.value.find("members")) route(*members, path, "groups/" + group.key);
        });
    }
    std::vector<Reference> take() { return std::move(found_); }

  private:
    template <class Take> static void each_member(const Node* node, Take take) {
        if (const auto* members = node ? node->as<Node::Object>() : nullptr)
            for (const auto& member : *members) take(member);
    }

    void route(const Node& to, const Path& path, const std::string& user) {
        if (const auto* name = to.as<std::string>(); name && *name == strip_)
            found_.push_back({Reference::Kind::route, path, path, user, *name});
        const auto* names = to.as<Node::List>();
        for (std::size_t i = 0; names && i < names->size(); ++i)
            if (const auto* name = (*names)[i].as<std::string>(); name && *name == strip_)
                found_.push_back({Reference::Kind::route, below(path, i), below(path, i), user, *name});
    }

    void chain(const Node& node, const Path& path, const std::string& user) {
        const auto* entries = node.as<Node::List>();
        for (std::size_t i = 0; entries && i < entries->size(); ++i)
            each_member(&(*entries)[i], [&](const config::Member& member) {
                const auto* type = member.key == "as" ? nullptr : graph::module_type(member.key);
                const auto* as = (*entries)[i].find("as");
                const auto* name = as ? as->as<std::string>() : nullptr;
                const auto entry = below(path, i);
                if (type) parameters(*type, member.value, entry, below(entry, member.key), "", user + "/" + (name ? *name : member.key));
            });
    }

    void parameters(const engine::ModuleType& type, const Node& group, const Path& entry, const Path& path, const std::string& prefix, const std::string& user) {
        each_member(&group, [&](const config::Member& member) {
            const auto slash_path = prefix + member.key;
            if (member.value.as<Node::Object>()) return parameters(type, member.value, entry, below(path, member.key), slash_path + "/", user);
            const auto* text = member.value.as<std::string>();
            const int row = engine::find_parameter(type.parameters, slash_path);
            if (!text || row < 0 || !names(*text, strip_)) return;
            const auto& parameter = type.parameters[static_cast<std::size_t>(row)];
            if (!names_strip(type, parameter)) return;
            const auto kind = type.send ? Reference::Kind::send : Reference::Kind::parameter;
            found_.push_back({kind, below(path, member.key), type.send ? entry : below(path, member.key), user, *text});
        });
    }

    std::string_view strip_;
    std::vector<Reference> found_;
};

} // namespace

bool names_strip(const engine::ModuleType& type, const engine::Parameter& row) {
    if (row.kind != engine::Kind::text) return false;
    return row.point || (type.send && row.name == "to");
}

bool names(std::string_view text, std::string_view strip) { return text.substr(0, text.find('/')) == strip; }

std::vector<Reference> references_to(const config::Node& root, std::string_view strip) {
    Search search(strip);
    search.config(root);
    search.groups(root);
    return search.take();
}

std::vector<LiveUser> live_users(const graph::Desk& loaded, const graph::Desk& live, std::string_view strip) {
    std::vector<LiveUser> users;
    for (std::size_t s = 0; s < live.strips.size(); ++s)
        for (std::size_t m = 0; m < live.strips[s].chain.size(); ++m) {
            const auto &now = live.strips[s].chain[m], &said = loaded.strips[s].chain[m];
            for (std::size_t r = 0; r < now.texts.size(); ++r)
                if (now.texts[r] != said.texts[r] && names(now.texts[r], strip) && !names(said.texts[r], strip) && names_strip(*now.type, now.type->parameters[r]))
                    users.push_back({live.strips[s].name, now.name});
        }
    return users;
}

} // namespace ton::control
