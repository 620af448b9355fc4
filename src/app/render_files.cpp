// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/render_files.hpp"

#include "config/diagnostic.hpp"
#include "files/reserve_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>

namespace ton::app {

namespace {

namespace fs = std::filesystem;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// The file that a name leads to, through links and "..", whether it exists or not.
fs::path place_of(const std::string& file) {
    std::error_code failed;
    auto place = fs::weakly_canonical(file, failed);
    return failed ? fs::path(file) : place;
}

/// The error of a part, told of the file that it grows for.
std::string told_of(const std::string& file, const files::FileError& error) {
    return files::FileError{file, error.what, error.remedy}.text();
}

/// Creates an empty file beside `place`, of a name that nothing had and none of `places` will have; "" where the place is
/// written itself. Its ending is that of `file`, which may be a link to a place with another.
tl::expected<fs::path, files::FileError> reserve_part(const std::string& file, const fs::path& place, const std::vector<fs::path>& places) {
    if (std::error_code ignored; fs::exists(place, ignored) && !fs::is_regular_file(place, ignored)) return {};
    auto part = place;
    part.replace_filename(place.stem().string() + ".part" + fs::path(file).extension().string());
    auto name = files::reserve_name(part.string());
    if (!name) return tl::unexpected(name.error());
    if (std::ranges::find(places, fs::path(*name)) == places.end()) return *name;
    auto other = reserve_part(file, place, places); // while this one is taken
    std::error_code ignored;
    fs::remove(*name, ignored);
    return other;
}

} // namespace

std::vector<std::string> RenderInputs::complaints(const FilesByStrip& inputs) {
    std::vector<std::string> lines;
    for (auto input = inputs.begin(); input != inputs.end(); ++input) {
        const auto& [strip, file] = *input;
        const auto first = std::ranges::find(inputs.begin(), input, strip, [](const auto& other) { return other.first; });
        if (first != input)
            lines.push_back(fmt::format("--input {}={}: {} feeds \"{}\" already; put all channels into one file, or feed another strip", strip, file, first->second, strip));
    }
    return lines;
}

void RenderInputs::open(const FilesByStrip& files, int rate, std::vector<std::string>& complaints) {
    for (const auto& [strip, file] : files) {
        auto source = files::StreamedSource::open(file, rate);
        if (!source) {
            complaints.push_back(source.error().text());
            continue;
        }
        const auto width = at(source->channels());
        inputs_.push_back({strip, std::move(*source), std::vector<std::vector<float>>(width)});
    }
}

std::int64_t RenderInputs::longest() const {
    std::int64_t frames = 0;
    for (const auto& input : inputs_) frames = std::max(frames, input.source.frames());
    return frames;
}

std::vector<std::pair<std::string, int>> RenderInputs::widths() const {
    std::vector<std::pair<std::string, int>> widths;
    for (const auto& input : inputs_) widths.emplace_back(input.strip, input.source.channels());
    return widths;
}

std::string RenderInputs::read(int count) {
    std::vector<float*> planes;
    for (auto& input : inputs_) {
        planes.clear();
        for (auto& plane : input.planes) {
            plane.resize(at(count));
            planes.push_back(plane.data());
        }
        if (const auto done = input.source.read(planes.data(), count); !done) return done.error().text();
    }
    return {};
}

void RenderInputs::add_to(std::string_view strip, int channel, std::vector<float>& plane) const {
    for (const auto& input : inputs_) {
        if (input.strip != strip || at(channel) >= input.planes.size()) continue;
        const auto& from = input.planes[at(channel)];
        for (std::size_t i = 0; i < plane.size(); ++i) plane[i] += from[i];
    }
}

RenderOutputs::~RenderOutputs() {
    for (const auto& output : outputs_)
        if (std::error_code ignored; !output.part.empty()) fs::remove(output.part, ignored);
}

std::vector<std::string> RenderOutputs::complaints(const FilesByStrip& outputs, const FilesByStrip& inputs) {
    std::vector<std::string> lines;
    for (auto output = outputs.begin(); output != outputs.end(); ++output) {
        const auto& [strip, file] = *output;
        const auto place = place_of(file);
        const auto same = [&](const auto& other) { return place_of(other.second) == place; };
        if (std::ranges::any_of(inputs, same))
            lines.push_back(fmt::format("--output {}={}: is an input, too; name another file for the output of \"{}\"", strip, file, strip));
        if (const auto twin = std::find_if(outputs.begin(), output, same); twin != output)
            lines.push_back(fmt::format("--output {}={}: the output of \"{}\" goes to the same file; name another", strip, file, twin->first));
    }
    return lines;
}

std::string RenderOutputs::open(const FilesByStrip& outputs, const graph::Compiled& compiled, const RenderFormat& format, std::int64_t frames) {
    std::vector<fs::path> places;
    for (const auto& [_, file] : outputs) places.push_back(place_of(file));
    for (const auto& [strip, file] : outputs)
        if (auto error = open(strip, file, places, compiled, format, frames); !error.empty()) return error;
    return {};
}

std::string RenderOutputs::open(const std::string& strip, const std::string& file, const std::vector<fs::path>& places,
                                const graph::Compiled& compiled, const RenderFormat& format, std::int64_t frames) {
    const int s = compiled.desk.index(strip);
    const auto channels = std::ranges::count_if(compiled.ports, [&](const graph::Port& port) { return !port.input && port.strip == s && port.module < 0; });
    const files::WriterOptions options{.rate = format.rate, .channels = static_cast<int>(channels), .format = format.format,
                                       .dither = format.dither ? files::Dither::tpdf : files::Dither::none};
    const auto place = place_of(file);
    if (const auto fits = files::Writer::check(file, options); !fits) return fits.error().text();
    auto part = reserve_part(file, place, places);
    if (!part) return told_of(file, part.error());
    auto writer = files::Writer::open(part->empty() ? file : part->string(), options);
    if (!writer) {
        if (std::error_code ignored; !part->empty()) fs::remove(*part, ignored);
        return told_of(file, writer.error());
    }
    const std::int64_t latency = format.raw ? 0 : compiled.layout.latency_of(s);
    latency_ = std::max(latency_, latency);
    outputs_.push_back({strip, std::move(*writer), std::vector<std::vector<float>>(at(options.channels)), latency, frames, file, place, std::move(*part)});
    return {};
}

void RenderOutputs::take(std::string_view strip, int channel, const std::vector<float>& plane) {
    for (auto& output : outputs_) {
        if (output.strip != strip) continue;
        if (at(channel) >= output.planes.size()) {
            output.wider = true;
            continue;
        }
        auto& to = output.planes[at(channel)];
        if (to.empty()) to = plane;
        else std::ranges::transform(to, plane, to.begin(), std::plus{}); // one that fades out, and one that comes in its place
    }
}

std::string RenderOutputs::write(int count) {
    for (auto& output : outputs_) {
        const auto skip = std::min<std::int64_t>(output.skip, count);
        const auto n = std::min<std::int64_t>(count - skip, output.left);
        const auto silent = static_cast<std::size_t>(std::ranges::count_if(output.planes, &std::vector<float>::empty));
        output.narrower = output.narrower || (silent > 0 && silent < output.planes.size());
        std::vector<const float*> planes;
        for (auto& plane : output.planes) {
            plane.resize(at(count), 0.0F);
            planes.push_back(plane.data() + skip);
        }
        output.skip -= skip;
        if (n > 0) {
            if (const auto done = output.writer.write(planes.data(), n); !done) return told_of(output.file, done.error());
            output.left -= n;
        }
        for (auto& plane : output.planes) plane.clear();
    }
    return {};
}

std::string RenderOutputs::close() {
    for (auto& output : outputs_) {
        if (const auto done = output.writer.close(); !done) return told_of(output.file, done.error());
        if (const auto clipped = output.writer.clipped(); clipped > 0)
            fmt::print(stderr, "{}: {} above full scale, limited to it\n", output.file, config::counted(static_cast<std::size_t>(clipped), "sample"));
    }
    for (const auto& output : outputs_) {
        const auto has = [&](const char* more) { return fmt::format("{} was {} than the file's {} for a while", config::quote(output.strip), more, config::counted(output.planes.size(), "channel")); };
        if (output.wider) fmt::print(stderr, "{}: {}; its other channels are not in it\n", output.file, has("wider"));
        if (output.narrower) fmt::print(stderr, "{}: {}; the rest is silent there\n", output.file, has("narrower"));
    }
    for (auto& output : outputs_) {
        std::error_code failed;
        if (output.part.empty()) continue;
        fs::rename(output.part, output.place, failed);
        if (failed) return fmt::format("{}: can't become {}: {}", output.part.string(), output.file, failed.message());
        output.part.clear();
    }
    return {};
}

} // namespace ton::app
