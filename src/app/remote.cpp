// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/remote.hpp"

#include "app/events.hpp"
#include "control/osc/client.hpp"
#include "control/osc/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <utility>

namespace ton::app {

namespace osc = control::osc;

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = osc::Client::Milliseconds;

constexpr int kAttempts = 3;        // of what a lost datagram would break
constexpr std::string_view kNormal = "/normal";
constexpr std::size_t kBundle = 32; // questions in one datagram: their answers fit a socket's buffer

volatile std::sig_atomic_t stopped = 0;

int fail(std::string_view command, std::string_view reason) {
    fmt::print(stderr, "tonmeister {}: {}\n", command, reason);
    return 1;
}

Milliseconds timeout_of(const Remote& remote) { return Milliseconds(static_cast<std::int64_t>(remote.timeout * 1000.0)); }

/// A text bare and in full, a number as OSC's own text.
std::string shown(const osc::Argument& argument) {
    if (const auto text = osc::string(argument)) return std::string(*text);
    return osc::to_text(argument);
}

std::string shown(const osc::Arguments& arguments) {
    std::string text;
    for (const auto& a : arguments) {
        if (!text.empty()) text += ' ';
        text += shown(a);
    }
    return text;
}

/// The reason, where `message` is an error about `address`.
std::optional<std::string> refusal(const osc::Message& message, std::string_view address) {
    if (message.address != "/tonmeister/error" || message.args.empty() || osc::string(message.args[0]) != address) return {};
    return message.args.size() > 1 ? shown(message.args[1]) : std::string("refused");
}

/// Hands every message that arrives to `take` until `done` says so; false on silence until the time is over.
template <class Take> tl::expected<bool, std::string> listen(osc::Client& client, Milliseconds timeout, Take take) {
    const auto until = Clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now());
        if (left.count() <= 0) return false;
        auto message = client.receive(left);
        if (!message) return tl::make_unexpected(message.error());
        if (!*message) return false;
        if (take(**message)) return true;
    }
}

std::string silence(const Remote& remote) {
    return fmt::format("no answer from {} within {:g} s; is the daemon running, and is this its --url?", remote.url, remote.timeout);
}

// --------------------------------------------------------------------------------------------------------- get

struct Listed {
    std::string unit;
    std::optional<osc::Argument> value;
};
using Listing = std::map<std::string, Listed>;

/// Asks which addresses begin with `prefix`; a list of which datagrams were lost is asked for again.
tl::expected<Listing, std::string> list(osc::Client& client, const Remote& remote, const std::string& prefix) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        Listing listing;
        std::size_t count = 0;
        if (const auto sent = client.send({"/tonmeister/list", {prefix}}); !sent) return tl::make_unexpected(sent.error());
        const auto heard = listen(client, timeout_of(remote), [&](const osc::Message& m) {
            if (m.address == "/tonmeister/list" && m.args.size() >= 2) listing[shown(m.args[0])].unit = shown(m.args[1]);
            if (m.address != "/tonmeister/listed" || m.args.size() < 2 || osc::string(m.args[0]) != prefix) return false;
            count = static_cast<std::size_t>(osc::number(m.args[1]).value_or(0));
            return true;
        });
        if (!heard) return tl::make_unexpected(heard.error());
        if (*heard && listing.size() >= count) return listing;
        if (!*heard && listing.empty()) break;
    }
    return tl::make_unexpected(silence(remote));
}

/// Asks for the values that are not there yet, a bundle at a time.
tl::expected<void, std::string> ask_values(osc::Client& client, const Remote& remote, Listing& listing) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        std::vector<osc::Message> questions;
        for (const auto& [address, entry] : listing)
            if (!entry.value) questions.push_back({address, {}});
        if (questions.empty()) return {};
        for (std::size_t first = 0; first < questions.size(); first += kBundle) {
            const auto some = std::span(questions).subspan(first, std::min(kBundle, questions.size() - first));
            if (const auto sent = client.send_bundle(osc::immediately, some); !sent) return tl::make_unexpected(sent.error());
            std::size_t missing = some.size();
            const auto heard = listen(client, timeout_of(remote), [&](const osc::Message& m) {
                const auto it = listing.find(m.address);
                if (it == listing.end() || it->second.value || m.args.empty()) return false;
                it->second.value = m.args.front();
                return --missing == 0;
            });
            if (!heard) return tl::make_unexpected(heard.error());
        }
    }
    return tl::make_unexpected(silence(remote));
}

/// Up to the first character that has a meaning in patterns; "//" has one, too.
std::string literal_part(const std::string& pattern) {
    const auto literal = pattern.substr(0, std::min(pattern.find_first_of("*?[{"), pattern.find("//")));
    return literal.empty() ? "/" : literal;
}

/// The addresses of a pattern in their /normal form, which has no unit and is not listed.
void to_normal(Listing& listing) {
    Listing forms;
    for (const auto& [address, _] : listing) forms.emplace(address + std::string(kNormal), Listed{});
    listing = std::move(forms);
}

int get_one(osc::Client& client, const Remote& remote, const std::string& address) {
    const auto answer = client.request({address, {}}, timeout_of(remote));
    if (!answer) return fail("get", answer.error());
    fmt::print("{}\n", shown(answer->args));
    return 0;
}

} // namespace

int get(const Remote& remote, const std::string& address, bool plain) {
    auto client = osc::Client::open(remote.url, timeout_of(remote));
    if (!client) return fail("get", client.error());
    const bool many = osc::is_pattern(address), normal = many && address.ends_with(kNormal);
    const auto pattern = osc::Pattern::parse(normal ? address.substr(0, address.size() - kNormal.size()) : address);
    if (!address.starts_with('/') || !pattern) return fail("get", fmt::format("\"{}\" is no OSC address or pattern, expected one such as /host/fader/level", address));
    auto listing = list(*client, remote, literal_part(pattern->text()));
    if (!listing) return fail("get", listing.error());
    std::erase_if(*listing, [&](const auto& entry) { return many ? !pattern->matches(entry.first) : entry.first != address; });
    if (normal) to_normal(*listing);
    if (listing->empty()) return many ? fail("get", fmt::format("{}: this pattern matches nothing", address)) : get_one(*client, remote, address);
    if (const auto asked = ask_values(*client, remote, *listing); !asked) return fail("get", asked.error());
    for (const auto& [name, entry] : *listing) {
        const std::string_view unit = plain ? std::string_view{} : entry.unit;
        fmt::print("{}{}{}{}{}\n", many ? name : "", many ? " " : "", shown(*entry.value), unit.empty() ? "" : " ", unit);
    }
    return 0;
}

// ------------------------------------------------------------------------------------------------ set and send

namespace {

osc::Arguments parse(const std::vector<std::string>& words) {
    osc::Arguments arguments;
    for (const auto& word : words) arguments.push_back(parse_argument(word));
    return arguments;
}

/// Sends `message` and then a sync; prints the answers that come before that is answered.
int send_and_sync(std::string_view command, const Remote& remote, const osc::Message& message) {
    if (!message.address.starts_with('/')) return fail(command, fmt::format("\"{}\" is no OSC address, expected one such as /host/fader/level", message.address));
    auto client = osc::Client::open(remote.url, timeout_of(remote));
    if (!client) return fail(command, client.error());
    const auto id = static_cast<std::int32_t>(Clock::now().time_since_epoch().count() & 0x7FFFFFFF);
    for (const auto& m : {message, osc::Message{"/tonmeister/sync", {id}}})
        if (const auto sent = client->send(m); !sent) return fail(command, sent.error());
    int refused = 0;
    const auto heard = listen(*client, timeout_of(remote), [&](const osc::Message& m) {
        if (m.address == "/tonmeister/synced" && !m.args.empty() && osc::number(m.args[0]) == id) return true; // else the user's own
        if (const auto reason = refusal(m, message.address)) refused = fail(command, fmt::format("{}: {}", message.address, *reason));
        else if (!m.address.starts_with("/tonmeister/error")) fmt::print("{}{}{}\n", m.address, m.args.empty() ? "" : " ", shown(m.args));
        return false;
    });
    if (!heard) return fail(command, heard.error());
    if (refused != 0) return refused;
    return *heard ? 0 : fail(command, silence(remote));
}

} // namespace

int set(const Remote& remote, const std::string& address, const std::vector<std::string>& values) { return send_and_sync("set", remote, {address, parse(values)}); }

int send(const Remote& remote, const std::string& address, const std::vector<std::string>& arguments) { return send_and_sync("send", remote, {address, parse(arguments)}); }

// ------------------------------------------------------------------------------------------------------- watch

namespace {

class Watch {
  public:
    Watch(const Remote& remote, const WatchOptions& options) : remote_(remote), options_(options) {}

    int run() {
        auto client = osc::Client::open(remote_.url, timeout_of(remote_));
        if (!client) return fail("watch", client.error());
        // Nothing may match yet, so silence says nothing: a ping tells whether anybody is there.
        const auto pong = client->request({"/tonmeister/ping", {}}, [](const osc::Message& m) { return m.address == "/tonmeister/pong"; }, timeout_of(remote_));
        if (!pong) return fail("watch", pong.error());
        const auto begin = Clock::now();
        const auto end = options_.seconds ? begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*options_.seconds)) : Clock::time_point::max();
        auto renewal = begin;
        while (stopped == 0 && !finished_ && Clock::now() < end) {
            if (Clock::now() >= renewal) {
                if (const auto sent = client->send(subscription()); !sent) return fail("watch", sent.error());
                renewal = Clock::now() + kRenewal;
            }
            const auto turn = std::min({Clock::now() + kTurn, renewal, end});
            const auto heard = listen(*client, std::chrono::ceil<Milliseconds>(turn - Clock::now()), [&](const osc::Message& m) { return take(m) || stopped != 0; });
            if (!heard) return fail("watch", heard.error());
        }
        if (const auto sent = client->send({"/tonmeister/unsubscribe", {options_.pattern}}); !sent) return fail("watch", sent.error());
        return refused_;
    }

  private:
    osc::Message subscription() const {
        osc::Message m{"/tonmeister/subscribe", {options_.pattern}};
        if (options_.rate) m.args.emplace_back(static_cast<float>(*options_.rate));
        m.args.emplace_back(std::string("echo"));
        return m;
    }

    /// True when there is nothing more to wait for.
    bool take(const osc::Message& m) {
        if (const auto reason = refusal(m, "/tonmeister/subscribe")) {
            refused_ = fail("watch", fmt::format("{}: {}", options_.pattern, *reason));
            return finished_ = true;
        }
        if (m.address == "/tonmeister/subscribed" && !std::exchange(told_, true))
            fmt::print(stderr, "tonmeister watch: {}: nothing matches this yet; waiting for it\n", options_.pattern);
        if (m.address.starts_with("/tonmeister/")) return false;
        fmt::print("{} {}\n", m.address, shown(m.args));
        std::fflush(stdout); // a pipe's reader sees each line when it comes
        return finished_ = options_.count && ++lines_ >= *options_.count;
    }

    static constexpr auto kRenewal = std::chrono::seconds(4); // of the 10 s that a subscription lives, one may get lost
    static constexpr auto kTurn = std::chrono::milliseconds(200);
    const Remote& remote_;
    const WatchOptions& options_;
    int lines_ = 0, refused_ = 0;
    bool finished_ = false, told_ = false;
};

} // namespace

int watch(const Remote& remote, const WatchOptions& options) {
    const auto stop = [](int) { stopped = 1; };
    std::signal(SIGINT, stop);
    std::signal(SIGTERM, stop);
    return Watch(remote, options).run();
}

} // namespace ton::app
