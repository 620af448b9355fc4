// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/random_desk.hpp"

#include "files/audio_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numbers>
#include <stdexcept>

namespace ton::test {

namespace {

constexpr int kVisitors = 6; // strips that come and go, beside the nine tracks
const std::array<std::string, 2> kGroups{"g0", "g1"}, kReturns{"fx0", "fx1"};

template <class T> bool contains(const std::vector<T>& list, const T& x) { return std::ranges::find(list, x) != list.end(); }

std::string quoted(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", name);
    return text;
}

} // namespace

Tones::Tones() {
    std::string name = (std::filesystem::temp_directory_path() / "tonmeister-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no folder for the tones");
    folder = name;
    for (int track = 0; track < 9; ++track) {
        const double frequency = 20 + 5 * track; // to 60 Hz
        std::vector<float> samples(48000);
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] = static_cast<float>(kLevel * std::sin(2 * std::numbers::pi * frequency * static_cast<double>(i) / 48000));
        files.push_back((folder / fmt::format("{}.wav", track)).string());
        auto writer = files::Writer::open(files.back(), {.rate = 48000, .channels = 1, .format = *files::sample_format_named("32f"), .dither = files::Dither::none});
        const float* planes[] = {samples.data()};
        if (!writer || !writer->write(planes, 48000) || !writer->close()) throw std::runtime_error("a tone can't be written");
    }
}

Tones::~Tones() { std::filesystem::remove_all(folder); }

const std::vector<std::string>& RandomDesk::untouched() {
    static const std::vector<std::string> names{"t6", "t7", "t8", "clean"};
    return names;
}

std::vector<std::string> RandomDesk::all_strips() {
    std::vector<std::string> names{"g0", "g1", "fx0", "fx1", "clean", "mix", "mon"};
    for (int t = 0; t < 9; ++t) names.push_back(fmt::format("t{}", t));
    for (int v = 0; v < kVisitors; ++v) names.push_back(fmt::format("v{}", v));
    return names;
}

RandomDesk::RandomDesk(const Tones& tones, unsigned seed) : random_(seed), files_(tones.files) {
    for (int t = 0; t < 9; ++t) {
        Strip strip{fmt::format("t{}", t), files_[static_cast<std::size_t>(t)], 1, {}, {t < 6 ? kGroups[static_cast<std::size_t>(t / 3)] : "clean"}};
        strip.chain = {{"highpass", "highpass", R"("frequency": 20)", ""}, {"compressor", "compressor", R"("threshold": -40, "ratio": 2)", ""},
                       {"fader", "fader", R"("level": -1)", ""}};
        if (t < 6) strip.chain.push_back({"send", "send", R"("level": -6)", kReturns[static_cast<std::size_t>(t % 2)]});
        strips_.push_back(strip);
    }
    for (const auto& name : kGroups) strips_.push_back({name, "", 2, {}, {"mix"}});
    for (const auto& name : kReturns) strips_.push_back({name, "", 2, {{"lowpass", "lowpass", R"("frequency": 800)", ""}}, {"mix"}});
    strips_.push_back({"clean", "", 2, {}, {"mix"}});
    strips_.push_back({"mix", "", 2, {{"fader", "fader", "", ""}}, {}});
    strips_.push_back({"mon", "", 2, {{"monitor", "monitor", R"("source/1/from": "mix")", ""}}, {}});
}

std::string RandomDesk::json() const {
    std::string text = R"({ "version": 1, "strips": {)";
    for (const auto& strip : strips_) {
        std::string chain;
        if (!strip.file.empty()) chain = fmt::format(R"({{ "player": {{ "file": "{}", "loop": true }} }})", strip.file);
        for (const auto& module : strip.chain) {
            const auto to = module.to.empty() ? "" : fmt::format(R"("to": "{}", )", module.to);
            chain += fmt::format(R"({}{{ "{}": {{ {}{} }}, "as": "{}" }})", chain.empty() ? "" : ", ", module.type, to, module.settings, module.name);
        }
        text += fmt::format(R"({}"{}": {{ "channels": {}, "chain": [{}], "to": [{}] }})", &strip == strips_.data() ? "" : ", ", strip.name, strip.channels, chain, quoted(strip.to));
    }
    return text + "} }";
}

std::vector<std::string> RandomDesk::strips() const {
    std::vector<std::string> names;
    for (const auto& strip : strips_) names.push_back(strip.name);
    return names;
}

bool RandomDesk::has(const std::string& strip) const {
    return std::ranges::any_of(strips_, [&](const Strip& s) { return s.name == strip; });
}

double RandomDesk::reach(const std::string& name) const {
    double sum = 0;
    for (const auto& strip : strips_) {
        if (strip.name == name) sum += strip.file.empty() ? 0.0 : Tones::kLevel;
        if (name == "mon" && strip.name != "mon" && (strip.solo || strip.name == "mix")) sum += reach(strip.name);
        const auto sends = std::ranges::count(strip.chain, name, &Module::to);
        const auto paths = static_cast<double>(sends + (contains(strip.to, name) ? 1 : 0));
        if (paths > 0) sum += paths * reach(strip.name);
    }
    return sum;
}

RandomDesk::Strip& RandomDesk::editable() {
    while (true) {
        auto& strip = strips_[static_cast<std::size_t>(pick(static_cast<int>(strips_.size())))];
        if (!contains(untouched(), strip.name) && strip.name != "mon") return strip;
    }
}

void RandomDesk::edit() {
    switch (pick(8)) {
    case 0: return add_strip();
    case 1: return remove_strip();
    case 2: case 3: return route(editable());
    default: return change_chain(editable());
    }
}

void RandomDesk::add_strip() {
    for (int v = 0; v < kVisitors; ++v) {
        const auto name = fmt::format("v{}", v);
        if (has(name)) continue;
        Strip strip{name, files_[static_cast<std::size_t>(pick(9))], 1, {}, {}};
        for (int m = pick(4); m > 0; --m) strip.chain.push_back(make_module(strip));
        route(strip);
        // Anywhere in the desk: the order of the additions changes, too.
        strips_.insert(strips_.begin() + pick(static_cast<int>(strips_.size())), std::move(strip));
        return;
    }
    remove_strip();
}

void RandomDesk::remove_strip() {
    std::vector<std::size_t> tracks;
    for (std::size_t i = 0; i < strips_.size(); ++i)
        if (!strips_[i].file.empty() && !contains(untouched(), strips_[i].name)) tracks.push_back(i);
    if (tracks.size() < 4) return add_strip();
    strips_.erase(strips_.begin() + static_cast<std::ptrdiff_t>(tracks[static_cast<std::size_t>(pick(static_cast<int>(tracks.size())))]));
}

/// Tracks feed groups, returns and the mix; these feed the mix. So there is never a circle.
void RandomDesk::route(Strip& strip) {
    if (strip.name == "mix") return change_chain(strip);
    std::vector<std::string> choices{"mix"};
    if (!strip.file.empty()) choices = {"g0", "g1", "fx0", "mix"};
    strip.to.clear();
    for (const auto& choice : choices)
        if (pick(2) == 0) strip.to.push_back(choice);
}

void RandomDesk::change_chain(Strip& strip) {
    auto& chain = strip.chain;
    const auto place = [&](std::size_t more) { return chain.begin() + pick(static_cast<int>(chain.size() + more)); };
    const int what = pick(5);
    if (chain.empty() || (what < 2 && chain.size() < 7)) {
        auto module = make_module(strip);
        chain.insert(place(1), std::move(module));
    } else if (what == 2) {
        chain.erase(place(0));
    } else if (what == 3) {
        const auto from = place(0);
        auto module = *from;
        chain.erase(from);
        chain.insert(place(1), std::move(module));
    } else {
        auto& module = *place(0);
        module.settings = settings_of(module.type);
    }
}

RandomDesk::Module RandomDesk::make_module(const Strip& strip) {
    const bool mono = strip.channels == 1;
    std::vector<std::string> types{"gain", "highpass", "lowpass", "eq", "compressor", "limiter", "delay", "polarity", "gate"};
    if (mono && std::ranges::find(strip.chain, "pan", &Module::type) == strip.chain.end()) types.push_back("pan");
    if (!strip.file.empty()) types.push_back("send");
    const auto& type = types[static_cast<std::size_t>(pick(static_cast<int>(types.size())))];
    return {type, fmt::format("{}{}", type, ++named_), settings_of(type), type == "send" ? kReturns[static_cast<std::size_t>(pick(2))] : ""};
}

std::string RandomDesk::settings_of(const std::string& type) {
    if (type == "gain" || type == "fader" || type == "send") return fmt::format(R"("level": {:.2f})", between(-12, 0));
    if (type == "highpass") return fmt::format(R"("frequency": {:.1f}, "slope": 12)", between(20, 40));
    if (type == "lowpass") return fmt::format(R"("frequency": {:.0f})", between(200, 2000));
    if (type == "eq") return fmt::format(R"("band": {{ "1": {{ "frequency": {:.0f}, "gain": {:.1f} }} }})", between(100, 1000), between(-9, 0));
    if (type == "compressor") return fmt::format(R"("threshold": {:.1f}, "ratio": 2, "lookahead": {})", between(-50, -20), pick(6));
    if (type == "limiter") return fmt::format(R"("lookahead": {})", 1 + pick(3));
    if (type == "delay") return fmt::format(R"("time": {:.2f})", between(0, 20));
    if (type == "polarity") return fmt::format(R"("invert": {})", pick(2) == 0);
    if (type == "pan") return fmt::format(R"("position": {:.2f})", between(-1, 1));
    return R"("threshold": -80)";
}

Move RandomDesk::move(bool structural) {
    const std::map<std::string, Move> moves{{"gain", {"level", between(-12, 0)}}, {"fader", {"level", between(-12, 0)}}, {"send", {"level", between(-12, 0)}},
                                            {"highpass", {"frequency", between(20, 40)}}, {"lowpass", {"frequency", between(200, 2000)}},
                                            {"eq", {"band/1/gain", between(-9, 0)}}, {"compressor", {"threshold", between(-50, -20)}},
                                            {"delay", {"time", between(0, 20)}}, {"polarity", {"invert", static_cast<double>(pick(2))}},
                                            {"pan", {"position", between(-1, 1)}}};
    if (!structural && pick(4) == 0) {
        if (pick(4) == 0) return {"/mon/monitor/solo_mode", 1.0 + pick(2)};
        auto& strip = strips_[static_cast<std::size_t>(pick(static_cast<int>(strips_.size())))];
        strip.solo = !strip.solo;
        return {fmt::format("/{}/solo", strip.name), strip.solo ? 1.0 : 0.0};
    }
    for (int attempt = 0; attempt < 100; ++attempt) {
        const auto& strip = editable();
        if (!structural && pick(8) == 0) return {fmt::format("/{}/mute", strip.name), static_cast<double>(pick(2))};
        if (strip.chain.empty()) continue;
        const auto& module = strip.chain[static_cast<std::size_t>(pick(static_cast<int>(strip.chain.size())))];
        const bool looks_ahead = module.type == "compressor" || module.type == "limiter";
        if (structural && looks_ahead) return {fmt::format("/{}/{}/lookahead", strip.name, module.name), 1.0 + pick(5)};
        const auto it = moves.find(module.type);
        if (!structural && it != moves.end()) return {fmt::format("/{}/{}/{}", strip.name, module.name, it->second.address), it->second.value};
    }
    return {};
}

} // namespace ton::test
