// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/config.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

using namespace ton::config;

namespace {

/// Random but valid configs.
class Composer {
  public:
    explicit Composer(unsigned seed) : random_(seed) {}

    Config config() {
        Config config;
        if (chance()) config.schema = text();
        if (chance()) config.name.value = text();
        if (chance()) config.engine = {{8000 + below(760001)}, {1 + below(8192)}, {below(257)}};
        if (chance()) config.start = {{below(6001) / 100.0}, {below(60001) / 100.0}};
        if (chance()) config.control = control();
        for (int i = below(3); i > 0; --i) {
            Template entry;
            entry.name.value = fmt::format("t{}", i);
            entry.chain = chain();
            config.templates.push_back(std::move(entry));
        }
        const int strips = below(6);
        for (int i = 0; i < strips; ++i) config.strips.push_back(strip(i, strips));
        return config;
    }

  private:
    int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
    bool chance() { return below(2) == 1; }

    std::string text() {
        constexpr std::array<std::string_view, 9> parts{"a", "Z", " ", "\"", "\\", "\n", "é", "𝄞", "/"};
        std::string text = "x";
        for (int i = below(6); i > 0; --i) text += parts[static_cast<std::size_t>(below(9))];
        return text;
    }

    double number() {
        while (true) {
            std::uint64_t bits = (static_cast<std::uint64_t>(random_()) << 32) | random_();
            double value = 0.0;
            std::memcpy(&value, &bits, sizeof value);
            if (std::isnormal(value)) return chance() ? value : std::round(std::remainder(value, 1e6));
        }
    }

    Value value(int depth) {
        switch (below(depth < 3 ? 4 : 3)) {
        case 0:
            return {number()};
        case 1:
            return {chance()};
        case 2:
            return {text()};
        default:
            std::vector<Value> list;
            for (int i = below(4); i > 0; --i) list.push_back(value(depth + 1));
            return {std::move(list)};
        }
    }

    std::vector<Module> chain() {
        std::vector<Module> chain;
        const int length = below(5);
        for (int i = 0; i < length; ++i) {
            Module module;
            module.type.value = fmt::format("m{}", below(3));
            module.name.value = chance() ? fmt::format("n{}", i) : fmt::format("m{}", i + 3);
            if (i == 0 && chance()) module.name = module.type;
            for (int p = below(5); p > 0; --p) {
                Parameter parameter;
                parameter.path.value = fmt::format("g/{}", p);
                parameter.value = value(0);
                module.parameters.push_back(std::move(parameter));
            }
            chain.push_back(std::move(module));
        }
        return chain;
    }

    Control control() {
        Control control;
        if (chance()) control.osc.emplace();
        if (control.osc && chance())
            control.osc->push_back({fmt::format("udp://127.0.0.1:{}", below(65536))});
        if (chance()) control.http = Name{"http://[::1]:8080"};
        if (chance()) control.allow = {{"10.0.0.0/8"}, {"::1"}};
        if (chance()) control.media = Name{text()};
        if (chance()) control.reply = {{"udp://10.0.0.7:9001"}};
        return control;
    }

    Strip strip(int index, int count) {
        Strip strip;
        strip.name.value = fmt::format("s{}", index);
        if (chance()) strip.display_name.value = text();
        strip.stage.value = static_cast<Stage>(index * 3 / count);
        if (chance()) strip.channels = Located<int>{1 + below(64)};
        if (chance()) strip.input.emplace();
        if (strip.input && chance()) strip.input->push_back({"system:" + text()});
        if (chance()) strip.output = std::vector<Name>{{"/system:playback_[12]/"}};
        if (strip.output && chance()) {
            auto& ceiling = strip.guard.emplace_back(); // in place: gcc 12 warns of a temporary's members wrongly
            ceiling.path.value = "ceiling";
            ceiling.value = value(0);
        }
        for (int to = index + 1; to < count; ++to) {
            if (chance()) strip.to.push_back({fmt::format("s{}", to)});
        }
        strip.chain = chain();
        strip.mute.value = chance();
        strip.solo.value = chance();
        return strip;
    }

    std::mt19937 random_;
};

} // namespace

TEST_CASE("what is written is read back as the same config, to the last bit of every number") {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        const Config config = Composer(seed).config();
        const auto text = to_json(config);
        INFO(text);
        const auto again = parse(text, "written");
        if (!again) FAIL(format(again.error()));
        CHECK(*again == config);
        CHECK(to_json(*again) == text);
    }
}

TEST_CASE("configs that differ in anything are not the same") {
    const auto read = [](const char* strip) {
        return parse(std::string(R"({"version": 1, "strips": {"a": )") + strip + "}}", "f").value();
    };
    const auto base = read(R"({"chain": [{"eq": {"q": 1}}]})");
    CHECK(base == read("{\n\n\"chain\":[ {\"eq\": {\"q\": 1.0}}], \"stage\": \"mix\", \"mute\": false}"));
    for (const auto* other :
         {R"({"chain": [{"eq": {"q": 2}}]})", R"({"chain": [{"eq": {"q": true}}]})",
          R"({"chain": [{"eq": {}}]})", R"({"chain": [{"eq": {"q": 1}, "as": "e"}]})",
          R"({"chain": [{"eqq": {"q": 1}}]})", R"({"chain": [{"eq": {"q": 1}}], "mute": true})",
          R"({"chain": [{"eq": {"q": 1}}], "input": []})", R"({"chain": [{"eq": {"q": 1}}], "name": "x"})",
          R"({"chain": [{"eq": {"q": 1}}], "channels": 1})"}) {
        INFO(other);
        CHECK(base != read(other));
    }
}

TEST_CASE("a person can read what is written: whole numbers are whole, defaults are left out") {
    const auto config = parse(R"({"version": 1, "strips": {"a": {"chain": [
        {"eq": {"band": {"1": {"gain": -3, "q": 0.70, "f": 1e3}}}}], "stage": "mix", "solo": false}}})",
                              "f");
    const auto json = nlohmann::json::parse(to_json(config.value()));
    CHECK(json == nlohmann::json::parse(R"({"version": 1, "strips": {"a": {"chain": [
        {"eq": {"band/1/gain": -3, "band/1/q": 0.7, "band/1/f": 1000}}]}}})"));
    CHECK(to_json(*config).find("-3.0") == std::string::npos);
}
