// SPDX-License-Identifier: GPL-3.0-or-later
// How sound begins, at the start and when an audio server is back: silence until all is in place, then a ramp.
#include "app/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace ton::app {

namespace {
constexpr std::size_t kTold = 5; // of the ports that are missing

std::string some_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < kTold; ++i) text += (i > 0 ? ", " : "") + names[i];
    return names.size() > kTold ? fmt::format("{} and {} more", text, names.size() - kTold) : text;
}
} // namespace

void Daemon::hold_silent() {
    console_.fade(0.0F, 0.0); // a plan that is sent after it can't be heard before it
    silent_since_ = std::chrono::steady_clock::now();
}

/// The plan with all that was saved runs, and what the config names exactly is connected, or patience is over.
void Daemon::start_sound() {
    if (!silent_since_ || stopping_ || status_.state != backend::State::running) return;
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - *silent_since_;
    const auto missing = backend_->unconnected();
    if ((!console_.ready() || !missing.empty()) && waited.count() < loaded_.start.patience.value) return;
    if (!missing.empty()) spdlog::warn(fmt::format("sound begins without {}", some_of(missing)));
    else spdlog::info(fmt::format("sound begins after {:.2f} s of silence", waited.count()));
    console_.fade(1.0F, loaded_.start.ramp.value);
    silent_since_.reset();
}

} // namespace ton::app
