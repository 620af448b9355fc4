// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/address.hpp"
#include "config/fields.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ton::config {

namespace {

constexpr std::string_view osc_expected = "a list of addresses such as [\"udp://127.0.0.1:9000\"]";
constexpr std::string_view http_expected = "an address such as \"http://127.0.0.1:8080\"";
constexpr std::string_view allow_expected = "a list of networks such as [\"192.168.1.0/24\"]";
constexpr std::string_view media_expected = "a directory's name";
constexpr std::string_view reply_expected = "a list of addresses such as [\"udp://192.168.1.20:9001\"]";

/// Checks control URLs, and that no two of them listen on the same port of the same host.
class Urls {
  public:
    explicit Urls(Diagnostics& errors) : errors_(errors) {}

    std::optional<Url> check(const Name& text, const std::string& path,
                             std::initializer_list<std::string_view> schemes) {
        if (!text.given()) return std::nullopt;
        auto url = parse_url(text.value);
        if (!url) {
            errors_.add(text.at, path, url.error());
            return std::nullopt;
        }
        if (std::find(schemes.begin(), schemes.end(), url->scheme) == schemes.end()) {
            errors_.add(text.at, path,
                        fmt::format("{} can't be used here, expected {}://", quote(text.value),
                                    join({schemes.begin(), schemes.size()}, ":// or ")));
            return std::nullopt;
        }
        return *url;
    }

    void check_listener(const Name& text, const std::string& path,
                        std::initializer_list<std::string_view> schemes) {
        const auto url = check(text, path, schemes);
        if (!url || url->port == 0) return;
        const auto place =
            fmt::format("{} {} {}", url->scheme == "udp" ? "udp" : "tcp", url->port, url->host);
        const auto [first, is_new] = listeners_.try_emplace(place, text.at);
        if (is_new) return;
        errors_.add(text.at, path,
                    fmt::format("{} is listened on already (line {}), expected a port of its own",
                                quote(text.value), first->second.line));
    }

  private:
    Diagnostics& errors_;
    std::map<std::string, Position> listeners_;
};

} // namespace

Engine read_engine(const Node& node, Diagnostics& errors) {
    const Fields fields(node, "engine", "the engine", {"sample_rate", "block", "threads"}, errors);
    Engine engine;
    fields.read("sample_rate", engine.sample_rate, sample_rate_limits);
    fields.read("block", engine.block, block_limits);
    fields.read("threads", engine.threads, thread_limits);
    return engine;
}

Start read_start(const Node& node, Diagnostics& errors) {
    const Fields fields(node, "start", "the start", {"ramp", "patience"}, errors);
    Start start;
    fields.read("ramp", start.ramp, ramp_limits, "s");
    fields.read("patience", start.patience, patience_limits, "s");
    return start;
}

Control read_control(const Node& node, Diagnostics& errors) {
    const Fields fields(node, "control", "control", {"osc", "http", "allow", "media", "reply"}, errors);
    Control control;
    Urls urls(errors);
    control.osc = fields.names("osc", osc_expected);
    for (std::size_t i = 0; control.osc && i < control.osc->size(); ++i) {
        urls.check_listener((*control.osc)[i], child_path(fields.path("osc"), i), {"udp", "tcp", "tcp+slip"});
    }
    Name http;
    fields.read("http", http, http_expected);
    if (http.given()) {
        urls.check_listener(http, fields.path("http"), {"http"});
        control.http = http;
    }
    control.allow = fields.names("allow", allow_expected).value_or(std::vector<Name>{});
    for (std::size_t i = 0; i < control.allow.size(); ++i) {
        const Name& network = control.allow[i];
        if (!network.given()) continue;
        if (auto error = network_error(network.value); !error.empty()) {
            errors.add(network.at, child_path(fields.path("allow"), i), std::move(error));
        }
    }
    Name media;
    fields.read("media", media, media_expected);
    if (media.given() && media.value.empty()) {
        errors.add(media.at, fields.path("media"), fmt::format("found \"\", expected {}", media_expected));
    }
    if (media.given()) control.media = media;
    control.reply = fields.names("reply", reply_expected).value_or(std::vector<Name>{});
    for (std::size_t i = 0; i < control.reply.size(); ++i) {
        const auto path = child_path(fields.path("reply"), i);
        const auto url = urls.check(control.reply[i], path, {"udp"});
        if (url && url->port == 0) {
            errors.add(control.reply[i].at, path, "port 0 can't be answered on, expected a port of 1..65535");
        }
    }
    return control;
}

} // namespace ton::config
