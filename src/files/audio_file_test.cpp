// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/audio_file.hpp"
#include "files/test_support.hpp"

#include <chrono>
#include <cstring>
#include <doctest/doctest.h>
#include <fstream>
#include <map>
#include <numbers>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace ton::files;
using test::output_of;
using test::TempFolder;

namespace {

struct Planes {
    std::vector<std::vector<float>> samples;
    std::vector<const float*> pointers;
};

/// `bits` wide grid values, or floats beyond full scale that no integer holds (bits = 0).
Planes grid(int channels, std::int64_t frames, int bits) {
    Planes planes;
    for (int c = 0; c < channels; ++c) {
        auto& plane = planes.samples.emplace_back();
        for (std::int64_t n = 0; n < frames; ++n)
            plane.push_back(
                bits == 0 ? test::grid_sample(n, c) * 1.7f
                          : std::ldexp(static_cast<float>(test::grid_value(n, c) >> (24 - bits)), 1 - bits));
    }
    for (const auto& plane : planes.samples) planes.pointers.push_back(plane.data());
    return planes;
}

WriterOptions options(int channels, SampleFormat format, Dither dither = Dither::none) {
    WriterOptions o;
    o.rate = 44100;
    o.channels = channels;
    o.format = format;
    o.dither = dither;
    return o;
}

void write_file(const std::string& path, const WriterOptions& o, const Planes& planes) {
    auto writer = Writer::open(path, o);
    REQUIRE_MESSAGE(writer.has_value(), writer.error().text());
    const auto frames = static_cast<std::int64_t>(planes.samples.front().size());
    REQUIRE(writer->write(planes.pointers.data(), frames).has_value());
    CHECK(writer->frames() == frames);
    CHECK(writer->clipped() == 0);
    REQUIRE(writer->close().has_value());
    REQUIRE(writer->close().has_value());
}

std::string first_bytes(const std::string& path, std::size_t count) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes(count, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(count));
    return bytes;
}

} // namespace

TEST_CASE("DIT-7: what is on the grid comes back bit-exactly from every lossless format") {
    TempFolder folder;
    struct Case {
        const char* name;
        SampleFormat format;
        int bits;
        const char* magic;
    };
    for (const auto& c :
         {Case{"a16.wav", SampleFormat::int16, 16, "RIFF"}, Case{"a24.wav", SampleFormat::int24, 24, "RIFF"},
          Case{"a32.wav", SampleFormat::float32, 0, "RIFF"},
          Case{"a24.rf64", SampleFormat::int24, 24, "RF64"},
          Case{"a32.rf64", SampleFormat::float32, 0, "RF64"},
          Case{"a16.flac", SampleFormat::int16, 16, "fLaC"},
          Case{"a24.FLAC", SampleFormat::int24, 24, "fLaC"}})
        for (const int channels : {1, 2, 5}) {
            CAPTURE(c.name);
            CAPTURE(channels);
            const auto path = folder / c.name;
            const auto planes = grid(channels, 10007, c.bits);
            write_file(path, options(channels, c.format), planes);
            CHECK(first_bytes(path, 4) == c.magic);

            const auto back = read_all(path);
            REQUIRE(back.has_value());
            CHECK(back->rate == 44100);
            CHECK((back->samples == planes.samples));

            // And ffmpeg sees the same: no bit is ours alone.
            const auto seen = test::decoded_by_ffmpeg<float>(path, "f32le");
            REQUIRE(seen.size() == static_cast<std::size_t>(10007 * channels));
            std::size_t different = 0;
            for (std::size_t i = 0; i < seen.size(); ++i)
                different += seen[i] != planes.samples[i % static_cast<std::size_t>(channels)]
                                                      [i / static_cast<std::size_t>(channels)];
            CHECK(different == 0);
        }
}

TEST_CASE("dither is reproducible, and interleaved writing gives the same file as planar") {
    TempFolder folder;
    auto planes = grid(2, 20000, 0);
    std::vector<float> interleaved;
    for (std::size_t n = 0; n < 20000; ++n)
        for (auto& plane : planes.samples) interleaved.push_back(plane[n] *= 0.5f);
    for (const char* ending : {".wav", ".rf64", ".flac"}) {
        const auto o = options(2, SampleFormat::int16, Dither::tpdf);
        write_file(folder / test::named("a", ending), o, planes);
        auto writer = Writer::open(folder / test::named("b", ending), o);
        REQUIRE(writer.has_value());
        for (std::int64_t at = 0; at < 20000; at += 100)
            REQUIRE(writer->write_interleaved(interleaved.data() + 2 * at, 100).has_value());
        REQUIRE(writer->close().has_value());
        CHECK_NOTHROW(
            output_of("cmp " + folder / test::named("a", ending) + " " + folder / test::named("b", ending)));
    }
    // The dithered file is the Quantizer's output and nothing else rounds: ffmpeg reads those very integers.
    Quantizer quantizer(16, Dither::tpdf, 2, 1);
    std::vector<std::int32_t> expected(40000);
    quantizer.process(planes.pointers.data(), expected.data(), 20000);
    for (const char* name : {"a.wav", "a.flac"})
        CHECK((test::decoded_by_ffmpeg<std::int32_t>(folder / name, "s32le") == expected));
}

TEST_CASE("the time of day is in no file") {
    TempFolder folder;
    for (const char* name : {"a.wav", "b.wav", "a.rf64", "b.rf64"}) {
        if (name[0] == 'b')
            std::this_thread::sleep_for(std::chrono::milliseconds(1100)); // a PEAK chunk counts seconds
        write_file(folder / name, options(1, SampleFormat::float32), grid(1, 100, 0));
    }
    CHECK_NOTHROW(output_of("cmp " + folder / "a.wav" + " " + folder / "b.wav"));
    CHECK(first_bytes(folder / "a.wav", 300).find("PEAK") == std::string::npos);
    CHECK_NOTHROW(output_of("cmp " + folder / "a.rf64" + " " + folder / "b.rf64"));
}

TEST_CASE("after update_header the file is readable as it is, and tells its length") {
    TempFolder folder;
    const auto planes = grid(2, 30000, 24);
    for (const char* name : {"a.wav", "a.rf64", "a.flac"}) {
        CAPTURE(name);
        auto writer = Writer::open(folder / name, options(2, SampleFormat::int24));
        REQUIRE(writer.has_value());
        for (const std::int64_t frames : {1, 4096, 4097, 10001, 20000}) {
            CAPTURE(frames);
            const float* rest[] = {planes.pointers[0] + writer->frames(),
                                   planes.pointers[1] + writer->frames()};
            REQUIRE(writer->write(rest, frames - writer->frames()).has_value());
            REQUIRE(writer->update_header().has_value());
            const auto found = Reader::open(folder / name);
            REQUIRE_MESSAGE(found.has_value(), found.error().text());
            CHECK(found->frames() <= frames);
            CHECK(found->frames() >= frames - (std::string(name) == "a.flac" ? 4608 : 0));
            CHECK(read_all(folder / name)->samples[1].size() == static_cast<std::size_t>(found->frames()));
            if (found->frames() == 0) continue;
            const auto told =
                output_of("ffprobe -v error -show_entries stream=duration_ts -of csv=p=0 " + folder / name);
            CHECK(std::stoll(told) == found->frames());
        }
    }
}

TEST_CASE("Ogg Vorbis: the tone comes back, other decoders agree") {
    TempFolder folder;
    Planes planes;
    auto& plane = planes.samples.emplace_back(44100);
    for (std::size_t n = 0; n < plane.size(); ++n)
        plane[n] = static_cast<float>(
            0.5 * std::sin(2.0 * std::numbers::pi * 1000.0 / 44100.0 * static_cast<double>(n)));
    planes.pointers = {plane.data()};
    write_file(folder / "tone.ogg", options(1, SampleFormat::int24), planes);
    CHECK(first_bytes(folder / "tone.ogg", 4) == "OggS");
    const auto back = read_all(folder / "tone.ogg");
    REQUIRE(back.has_value());
    REQUIRE(back->samples.front().size() == 44100);
    CHECK(std::abs(test::tone(back->samples.front(), 11025, 22050, 1000.0 / 44100.0)) ==
          doctest::Approx(0.5).epsilon(0.01));
    const auto seen = test::decoded_by_ffmpeg<float>(folder / "tone.ogg", "f32le");
    REQUIRE(seen.size() > 43000); // ffmpeg 5.1 leaves out the last short block
    CHECK(std::abs(test::tone(seen, 11025, 22050, 1000.0 / 44100.0)) == doctest::Approx(0.5).epsilon(0.01));
}

TEST_CASE("reads what ffmpeg writes, planar, interleaved and from any frame") {
    TempFolder folder;
    const auto planes = grid(2, 50000, 16);
    write_file(folder / "source.wav", options(2, SampleFormat::int16), planes);
    for (const char* name : {"x.aiff", "x.caf", "x.au", "x.flac", "x.w64"}) {
        CAPTURE(name);
        output_of("ffmpeg -v error -nostdin -y -i '" + folder / "source.wav" + "' '" + folder / name + "'");
        auto reader = Reader::open(folder / name);
        REQUIRE_MESSAGE(reader.has_value(), reader.error().text());
        CHECK(reader->frames() == 50000);
        CHECK(reader->channels() == 2);
        CHECK(reader->rate() == 44100);
        CHECK(reader->stored_bits() == 16);
        std::vector<float> left(9000), right(9000), both(18000);
        float* out[] = {left.data(), right.data()};
        for (const std::int64_t from : {49999, 0, 12345, 41000}) {
            const auto expected = std::min<std::int64_t>(9000, 50000 - from);
            REQUIRE(reader->seek(from).has_value());
            CHECK(reader->read(out, 9000).value() == expected);
            REQUIRE(reader->seek(from).has_value());
            CHECK(reader->read_interleaved(both.data(), 9000).value() == expected);
            std::size_t different = 0;
            for (std::size_t n = 0; n < static_cast<std::size_t>(expected); ++n) {
                const auto at = n + static_cast<std::size_t>(from);
                different += left[n] != planes.samples[0][at] || right[n] != planes.samples[1][at];
                different += both[2 * n] != left[n] || both[2 * n + 1] != right[n];
            }
            CHECK(different == 0);
        }
    }
}

TEST_CASE("a stream whose header doesn't tell its length is counted") {
    TempFolder folder;
    const auto planes = grid(2, 50000, 16);
    write_file(folder / "source.wav", options(2, SampleFormat::int16), planes);
    for (const char* format : {"flac", "wav"}) { // ffmpeg can't go back to the header of a pipe
        CAPTURE(format);
        const auto path = folder / test::named("x.", format);
        output_of("ffmpeg -v error -nostdin -i " + folder / "source.wav" + " -f " + format + " - | cat > " +
                  path);
        auto reader = Reader::open(path);
        REQUIRE_MESSAGE(reader.has_value(), reader.error().text());
        CHECK(reader->frames() == 50000);
        CHECK((read_all(path)->samples == planes.samples));
        std::vector<float> both(200);
        REQUIRE(reader->seek(43210).has_value());
        REQUIRE(reader->read_interleaved(both.data(), 100).value() == 100);
        CHECK(both[0] == planes.samples[0][43210]);
        CHECK(both[199] == planes.samples[1][43309]);
    }
}

TEST_CASE("a lossy file read from any frame gives the same samples as read through") {
    TempFolder folder;
    auto planes = grid(2, 100000, 16);
    write_file(folder / "source.wav", options(2, SampleFormat::int16), planes);
    for (const char* name : {"x.ogg", "x.mp3", "x.opus"}) {
        CAPTURE(name);
        const std::string rate = std::strcmp(name, "x.opus") == 0 ? "-ar 48000 " : "";
        output_of("ffmpeg -v error -nostdin -y -i " + folder / "source.wav" + " -ac 2 " + rate +
                  folder / name);
        const auto whole = read_all(folder / name);
        auto reader = Reader::open(folder / name);
        REQUIRE(whole.has_value());
        REQUIRE(reader.has_value());
        std::vector<float> left(500), right(500);
        float* out[] = {left.data(), right.data()};
        for (const std::size_t from : {70001u, 0u, 33333u, 70002u, 100u, 5000u, 99000u, 20000u}) {
            REQUIRE(reader->seek(static_cast<std::int64_t>(from)).has_value());
            REQUIRE(reader->read(out, 500).value() == 500);
            double worst = 0.0;
            for (std::size_t n = 0; n < 500; ++n)
                worst = std::max(worst, std::abs(static_cast<double>(left[n]) -
                                                 static_cast<double>(whole->samples[0][from + n])));
            CHECK(worst == 0.0);
        }
    }
}

TEST_CASE("a WAV that passes 4 GiB becomes RF64") {
    TempFolder folder;
    const auto path = folder / "long.wav";
    auto writer = Writer::open(path, options(2, SampleFormat::int24));
    REQUIRE(writer.has_value());
    const auto planes = grid(2, 4096, 24);
    REQUIRE(writer->write(planes.pointers.data(), 4096).has_value());
    // The middle is a hole in the file, so that the test takes no 4 GiB: the writer's descriptor is moved on.
    int fd = -1;
    for (int candidate = 3; candidate < 1024 && fd < 0; ++candidate) {
        std::error_code none;
        const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(candidate), none);
        if (!none && target == std::filesystem::canonical(path)) fd = candidate;
    }
    REQUIRE(fd >= 0);
    const std::int64_t hole = std::int64_t{6} * 750'000'000;
    REQUIRE(lseek(fd, hole, SEEK_CUR) > hole);
    REQUIRE(writer->write(planes.pointers.data(), 4096).has_value());
    REQUIRE(writer->update_header().has_value());
    CHECK(first_bytes(path, 4) == "RF64"); // already while it is being written
    REQUIRE(writer->close().has_value());
    CHECK(first_bytes(path, 4) == "RF64");
    auto reader = Reader::open(path);
    REQUIRE(reader.has_value());
    CHECK(reader->frames() == 750'000'000 + 2 * 4096);
    REQUIRE(reader->seek(reader->frames() - 4096).has_value());
    std::vector<float> left(4096), right(4096);
    float* out[] = {left.data(), right.data()};
    REQUIRE(reader->read(out, 4096).value() == 4096);
    CHECK((left == planes.samples[0]));
    CHECK((right == planes.samples[1]));
    const auto seconds =
        std::stod(output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 '" + path + "'"));
    CHECK(seconds == doctest::Approx(750'008'192.0 / 44100.0));
}

TEST_CASE("what can't be read or written is said in words") {
    TempFolder folder;
    std::ofstream(folder / "text.wav") << "this is no sound at all, but a text of some length";
    std::ofstream(folder / "empty.wav");
    std::filesystem::create_directory(folder / "folder.wav");
    const auto reading = [&](const std::string& name) {
        const auto reader = Reader::open(folder / name);
        return reader ? std::string("opened") : reader.error().what;
    };
    CHECK(reading("none.wav") == "no such file or folder");
    CHECK(reading("text.wav") == "not a sound file of a known format");
    CHECK(reading("empty.wav") == "not a sound file of a known format");
    CHECK(reading("folder.wav") == "is a folder, not a file");
    REQUIRE(mkfifo((folder / "pipe.wav").c_str(), 0600) == 0);
    CHECK(reading("pipe.wav") == "is a pipe or a device, not a file"); // at once: nobody writes there
    const auto writing = [&](const std::string& name, const WriterOptions& o) {
        const auto writer = Writer::open(folder / name, o);
        return writer ? std::string("opened") : writer.error().what;
    };
    const auto good = options(2, SampleFormat::int24);
    CHECK(writing("a.mp4", good) == "the ending names no format that can be written");
    CHECK(writing("wav", good) == "the ending names no format that can be written");
    CHECK(writing("none/a.wav", good) == "no such file or folder");
    CHECK(writing("folder.wav", good) == "is a folder, not a file");
    CHECK(writing("a.flac", options(2, SampleFormat::float32)) == "FLAC holds integers only");
    CHECK(writing("a.flac", options(9, SampleFormat::int24)) == "FLAC holds at most 8 channels");
    CHECK(writing("a.wav", options(0, SampleFormat::int24)) == "no such rate or number of channels");
    CHECK(!std::filesystem::exists(folder / "a.flac"));
    CHECK(Writer::open(folder / "none/a.wav", good).error().text() ==
          folder / "none/a.wav" + ": no such file or folder; check the spelling and that the folder exists");
    CHECK(sample_format_named("16") == SampleFormat::int16);
    CHECK(sample_format_named("24") == SampleFormat::int24);
    CHECK(sample_format_named("32f") == SampleFormat::float32);
    CHECK(!sample_format_named("32"));
}

TEST_CASE("beyond full scale is limited and counted in integers, kept in float") {
    TempFolder folder;
    const auto planes = grid(1, 1000, 0);
    std::uint64_t beyond = 0;
    for (const float x : planes.samples[0]) beyond += x > 8388607.0f / 8388608.0f || x < -1.0f;
    auto writer = Writer::open(folder / "a.wav", options(1, SampleFormat::int24));
    REQUIRE(writer->write(planes.pointers.data(), 1000).has_value());
    CHECK(beyond > 100);
    CHECK(writer->clipped() == beyond);
}
