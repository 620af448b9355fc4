// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/fields.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

namespace ton::config {

namespace {

constexpr std::string_view value_expected = "a number, true or false, a string, or a list of these";

std::optional<Value> read_value(const Node& node, const std::string& path, Diagnostics& errors) {
    if (const auto* number = node.as<double>()) return Value{*number, node.at};
    if (const auto* truth = node.as<bool>()) return Value{*truth, node.at};
    if (const auto* text = node.as<std::string>()) return Value{*text, node.at};
    const auto* items = node.as<Node::List>();
    if (!items) {
        add_wrong_type(node, path, value_expected, errors);
        return std::nullopt;
    }
    std::vector<Value> values;
    for (std::size_t i = 0; i < items->size(); ++i) {
        if (auto value = read_value((*items)[i], child_path(path, i), errors))
            values.push_back(std::move(*value));
    }
    return Value{std::move(values), node.at};
}

/// Flattens nested groups to slash paths, so that both ways of writing meet in one list.
class ParameterReader {
  public:
    ParameterReader(Module& module, Diagnostics& errors) : module_(module), errors_(errors) {}

    void read(const Node::Object& group, const std::string& prefix, const std::string& json_path) {
        for (const auto& member : group) {
            const auto path = child_path(json_path, member.key);
            if (!is_path(member.key)) {
                errors_.add(
                    member.key_at, path,
                    fmt::format("{} is no parameter's name, expected names divided by single slashes, as in "
                                "\"band/1/gain\"",
                                quote(member.key)));
                continue;
            }
            const std::string slash_path = prefix + member.key;
            if (const auto* inner = member.value.as<Node::Object>()) {
                read(*inner, slash_path + '/', path);
            } else {
                add(slash_path, member, path);
            }
        }
    }

  private:
    static bool is_path(std::string_view key) {
        return !key.empty() && key.size() <= 256 && key.front() != '/' && key.back() != '/' &&
               key.find("//") == std::string_view::npos;
    }

    void add(const std::string& slash_path, const Member& member, const std::string& path) {
        const auto [first, is_new] = lines_.try_emplace(slash_path, member.key_at.line);
        if (!is_new) {
            errors_.add(
                member.key_at, path,
                fmt::format("the parameter {} is set a second time (first on line {}), expected it once",
                            quote(slash_path), first->second));
            return;
        }
        if (auto value = read_value(member.value, path, errors_)) {
            module_.parameters.push_back({{slash_path, member.key_at}, std::move(*value)});
        }
    }

    Module& module_;
    Diagnostics& errors_;
    std::unordered_map<std::string, int> lines_;
};

constexpr std::string_view entry_expected =
    "a module such as { \"fader\": { \"level\": -3 } } or a template's name in quotes";

/// Finds the one key that is the module's type; reports none or several.
const Member* type_member(const Node::Object& members, Position at, const std::string& path,
                          Diagnostics& errors) {
    const Member* type = nullptr;
    for (const auto& member : members) {
        if (member.key == "as") continue;
        if (type) {
            errors.add(
                member.key_at, path,
                fmt::format("found {} beside {}, expected one module in an entry: each has its own {{ }}",
                            quote(member.key), quote(type->key)));
            return nullptr;
        }
        type = &member;
    }
    if (!type) errors.add(at, path, fmt::format("found no module, expected {}", entry_expected));
    return type;
}

std::optional<Module> read_module(const Node& node, const std::string& path, Diagnostics& errors) {
    const auto& members = *node.as<Node::Object>();
    const Member* type = type_member(members, node.at, path, errors);
    if (!type) return std::nullopt;
    Module module;
    module.type = {type->key, type->key_at};
    module.name = module.type;
    module.path = child_path(path, type->key);
    module.used_at = node.at;
    for (const auto& member : members) {
        if (member.key != "as") continue;
        if (const auto* name = member.value.as<std::string>()) {
            module.name = {*name, member.value.at};
        } else {
            add_wrong_type(member.value, child_path(path, "as"), "the module's name in quotes", errors);
        }
    }
    if (auto error = module_name_error(module.name.value)) {
        const bool by_type = module.name.at == module.type.at;
        const auto other = "my_" + type->key;
        if (by_type && !module_name_error(other)) {
            *error +=
                fmt::format(R"(; name it, as in {{ {}: {{}}, "as": {} }})", quote(type->key), quote(other));
        }
        errors.add(module.name.at, by_type ? module.path : child_path(path, "as"), *error);
    }
    if (const auto* parameters = type->value.as<Node::Object>()) {
        ParameterReader(module, errors).read(*parameters, "", module.path);
    } else {
        add_wrong_type(type->value, module.path, "the module's parameters as an object, {} for none", errors);
    }
    return module;
}

} // namespace

std::vector<Parameter> read_parameters(const Node& node, const std::string& path, Diagnostics& errors) {
    Module module;
    if (const auto* members = node.as<Node::Object>()) ParameterReader(module, errors).read(*members, "", path);
    else add_wrong_type(node, path, "parameters as an object", errors);
    return std::move(module.parameters);
}

std::vector<ChainEntry> read_chain(const Node& node, const std::string& path, Diagnostics& errors) {
    std::vector<ChainEntry> entries;
    const auto* items = node.as<Node::List>();
    if (!items) {
        add_wrong_type(node, path, "a list of modules such as [ { \"fader\": { \"level\": -3 } } ]", errors);
        return entries;
    }
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Node& item = (*items)[i];
        ChainEntry entry;
        entry.path = child_path(path, i);
        if (const auto* name = item.as<std::string>()) {
            entry.template_name = {*name, item.at};
        } else if (item.as<Node::Object>()) {
            entry.module = read_module(item, entry.path, errors);
            if (!entry.module) continue;
        } else {
            add_wrong_type(item, entry.path, entry_expected, errors);
            continue;
        }
        entries.push_back(std::move(entry));
    }
    return entries;
}

} // namespace ton::config
