// SPDX-License-Identifier: GPL-3.0-or-later
// What the config says of the daemon itself: who is heard, where, and how the internal clock runs.
#include "app/daemon.hpp"

#include "app/warnings.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>

namespace ton::app {

namespace {

std::vector<std::string> words(const std::vector<config::Name>& names) {
    std::vector<std::string> words;
    for (const auto& name : names) words.push_back(name.value);
    return words;
}

} // namespace

bool Daemon::open_osc() {
    auto urls = options_.osc;
    listened_ = loaded_.control.osc;
    if (urls.empty()) urls = listened_ ? words(*listened_) : std::vector<std::string>{"udp://127.0.0.1:9000"};
    if (!admit(loaded_.control)) return false;
    for (const auto& url : urls) {
        const auto bound = osc_->server().listen(url);
        if (!bound) {
            fmt::print(stderr, "tonmeister: {}\n", bound.error());
            return false;
        }
        spdlog::info(fmt::format("OSC on {}", bound->to_string()));
        if (const auto nobody = nobody_allowed(url, !loaded_.control.allow.empty()); nobody && !options_.osc.empty()) spdlog::warn(*nobody); // else warn() does
    }
    return true;
}

/// Who is heard and where hosts are answered, at once.
bool Daemon::admit(const config::Control& control) {
    const auto allowed = osc_->server().allow(words(control.allow));
    const auto answered = osc_->server().reply_to(words(control.reply));
    for (const auto& done : {allowed, answered})
        if (!done) spdlog::error(done.error());
    admitted_ = control;
    return allowed && answered;
}

/// After every change of the config.
void Daemon::follow_config() {
    const auto& now = console_.loaded();
    if (now.control != admitted_) admit(now.control);
}

/// What of the config an edit can't bring into effect while it plays.
std::vector<config::Diagnostic> Daemon::waiting_for_restart() const {
    config::Diagnostics list(loaded_.file);
    const auto& control = loaded_.control;
    const auto add = [&](config::Position at, const char* path) { list.add(at, path, "takes effect after a restart"); };
    if (options_.osc.empty() && control.osc != listened_) add(control.osc && !control.osc->empty() ? control.osc->front().at : config::Position{}, "control.osc");
    if (on_internal_clock_ && loaded_.engine.sample_rate.value != clock_.sample_rate.value) add(loaded_.engine.sample_rate.at, "engine.sample_rate");
    if (on_internal_clock_ && loaded_.engine.block.value != clock_.block.value) add(loaded_.engine.block.at, "engine.block");
    return list.take();
}

/// The answer to a config's change with a remark for each that waits: none is dropped in silence.
control::osc::Message Daemon::with_remarks(control::osc::Message answer) const {
    for (const auto& remark : waiting_for_restart()) answer.args.emplace_back(config::format(remark));
    return answer;
}

} // namespace ton::app
