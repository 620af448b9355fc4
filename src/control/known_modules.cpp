// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/known_modules.hpp"

#include "control/console.hpp"

#include <fmt/format.h>

namespace ton::control {

namespace {

void add_addresses(const std::string& key, const engine::ModuleType& type, std::vector<std::string>& addresses) {
    const auto slash = key.rfind('/');
    if (std::string_view(key).substr(slash + 1) == graph::kMute) { // every strip has one, so its strip is gone
        addresses.push_back(fmt::format("/{}", key));
        addresses.push_back(fmt::format("/{}/solo", key.substr(0, slash)));
        return;
    }
    if (key.starts_with(graph::kGroups)) return addresses.push_back(fmt::format("/{}/level", key.substr(0, slash)));
    for (const auto& row : type.parameters) addresses.push_back(fmt::format("/{}/{}", key, engine::parameter_path(row)));
}

} // namespace

KnownModules::Difference KnownModules::update(const graph::Desk& desk) {
    Difference difference;
    std::unordered_map<std::string, const engine::ModuleType*> now;
    for (const auto& strip : desk.strips) {
        auto& fresh = difference.fresh.emplace_back();
        for (const auto& module : strip.chain) {
            auto key = fmt::format("{}/{}", strip.name, module.name);
            const auto before = known_.find(key);
            fresh.push_back(before == known_.end() || before->second != module.type ? 1 : 0);
            now.emplace(std::move(key), module.type);
        }
    }
    for (const auto& [key, type] : known_) {
        const auto still = now.find(key);
        if (still == now.end() || still->second != type) add_addresses(key, *type, difference.gone);
    }
    known_ = std::move(now);
    return difference;
}

} // namespace ton::control
