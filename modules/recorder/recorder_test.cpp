// SPDX-License-Identifier: GPL-3.0-or-later
#include "rig.hpp"

#include "files/audio_file.hpp"
#include "files/disk_thread.hpp"
#include "modules/registry.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

using namespace ton;
using namespace ton::test;

namespace {
/// A recorder with a disk, offline: the disk's work is done between blocks.
class Studio {
  public:
    Studio() {
        auto name = (std::filesystem::temp_directory_path() / "ton-recorder-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        for (const auto& p : type_.parameters) values_.push_back(p.initial);
        texts_.resize(values_.size());
        texts_[0] = path("take.wav");
    }
    ~Studio() {
        stage_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::string path(const char* name) const { return (folder_ / name).string(); }
    Studio& file(const std::string& path) { return texts_[0] = path, *this; }
    Studio& set(const char* row, float value) {
        values_[static_cast<std::size_t>(engine::find_parameter(type_.parameters, row))] = value;
        return *this;
    }
    void aim(const char* row, float value) {
        stage().aim(engine::find_parameter(type_.parameters, row), 0, value, -1, position_);
    }

    engine::Stage& stage() {
        if (stage_) return *stage_;
        stage_ = std::make_unique<engine::Stage>(
            type_, setup_, nullptr, type_.make({setup_, {type_.parameters, values_, texts_}, &disk_, true}));
        stage_->set(0, values_);
        stage_->prime();
        scratch_ = std::make_unique<engine::Scratch>(stage_->ramps().sample_rows(), stage_->state_floats());
        return *stage_;
    }
    /// Sends x[from…to) through; it has to come out as it was.
    void pass(const Planar& x, std::size_t from, std::size_t to, bool disk_works = true) {
        stage();
        for (std::size_t at = from; at < to;) {
            const auto n = std::min<std::size_t>(64, to - at);
            std::vector<float> left(x[0].begin() + static_cast<std::ptrdiff_t>(at),
                                    x[0].begin() + static_cast<std::ptrdiff_t>(at + n));
            std::vector<float> right(x[1].begin() + static_cast<std::ptrdiff_t>(at),
                                     x[1].begin() + static_cast<std::ptrdiff_t>(at + n));
            const auto l = left, r = right;
            float* planes[2] = {left.data(), right.data()};
            stage_->run(planes, nullptr, nullptr, static_cast<int>(n), static_cast<std::int64_t>(at),
                        *scratch_);
            CHECK((left == l));
            CHECK((right == r));
            at += n;
            position_ = static_cast<std::int64_t>(at);
            if (disk_works) disk_.run_once();
        }
    }
    float readout(int i) {
        std::vector<float> all(static_cast<std::size_t>(stage().readouts()));
        stage().read(all.data());
        return all[static_cast<std::size_t>(i)];
    }
    files::Recording take(const char* name) {
        disk_.run_once();
        auto recording = files::read_all(path(name));
        REQUIRE(recording.has_value());
        return *recording;
    }
    bool exists(const char* name) const { return std::filesystem::exists(folder_ / name); }

  private:
    const engine::ModuleType& type_ = *modules::find("recorder");
    engine::Setup setup_{.channels_in = 2, .channels_out = 2};
    std::filesystem::path folder_;
    files::DiskThread disk_;
    std::vector<float> values_;
    std::vector<std::string> texts_;
    std::unique_ptr<engine::Stage> stage_;
    std::unique_ptr<engine::Scratch> scratch_;
    std::int64_t position_ = 0;
};
enum { kWritten, kOverruns, kState };

std::vector<float> part(const std::vector<float>& x, std::size_t from, std::size_t to) {
    return {x.begin() + static_cast<std::ptrdiff_t>(from), x.begin() + static_cast<std::ptrdiff_t>(to)};
}
/// Noise on the 24-bit grid, so that a 24-bit file gives it back exactly.
Planar song(int frames) {
    auto x = noise(2, frames, -6);
    for (auto& plane : x)
        for (auto& v : plane) v = std::round(v * 8388608.0F) / 8388608.0F;
    return x;
}
} // namespace

TEST_CASE("recorder writes exactly what passes between start and stop, bit for bit at 24") {
    Studio studio;
    const auto x = song(48000);
    studio.set("arm", 1).pass(x, 0, 1234);
    CHECK(studio.readout(kState) == 1.0F);
    studio.aim("record", 1);
    studio.pass(x, 1234, 30000);
    CHECK(studio.readout(kState) == 2.0F);
    CHECK(studio.readout(kWritten) == doctest::Approx((30000.0 - 1234) / 48000));
    studio.aim("record", 0);
    studio.pass(x, 30000, 48000);
    CHECK(studio.readout(kState) == 1.0F);
    const auto take = studio.take("take.wav");
    CHECK(take.rate == 48000);
    REQUIRE(take.samples.size() == 2);
    CHECK((take.samples[0] == part(x[0], 1234, 30000)));
    CHECK((take.samples[1] == part(x[1], 1234, 30000)));
    CHECK(studio.readout(kOverruns) == 0.0F);
    CHECK(studio.stage().processor()->take_report().empty());
}

TEST_CASE("recorder: without arm nothing is recorded, and no file appears") {
    Studio studio;
    studio.set("record", 1).pass(song(5000), 0, 5000);
    CHECK(studio.readout(kState) == 0.0F);
    CHECK_FALSE(studio.exists("take.wav"));
}

TEST_CASE("recorder: the pre-roll stands at the head of the take") {
    Studio studio;
    const auto x = song(48000);
    studio.set("arm", 1).set("preroll", 0.25F).pass(x, 0, 20000);
    studio.aim("record", 1);
    studio.pass(x, 20000, 40000);
    studio.aim("record", 0);
    studio.pass(x, 40000, 48000);
    CHECK((studio.take("take.wav").samples[0] == part(x[0], 20000 - 12000, 40000)));
}

TEST_CASE("recorder: the next take gets the next name, and a new name counts from the next start") {
    Studio studio;
    const auto x = song(8000);
    studio.set("arm", 1).set("record", 1).pass(x, 0, 1000);
    studio.aim("record", 0);
    studio.pass(x, 1000, 2000);
    studio.aim("record", 1);
    studio.pass(x, 2000, 3000);
    CHECK(studio.stage().processor()->set_text(0, studio.path("other.flac")).empty());
    studio.aim("record", 0);
    studio.pass(x, 3000, 4000);
    studio.aim("record", 1);
    studio.pass(x, 4000, 5000);
    studio.aim("record", 0);
    studio.pass(x, 5000, 6000);
    CHECK((studio.take("take.wav").samples[0] == part(x[0], 0, 1000)));
    CHECK((studio.take("take-2.wav").samples[0] == part(x[0], 2000, 3000)));
    CHECK((studio.take("other.flac").samples[1] == part(x[1], 4000, 5000)));
}

TEST_CASE("recorder: float keeps every bit, also above full scale") {
    Studio studio;
    auto x = noise(2, 4000, 6);
    studio.set("arm", 1).set("record", 1).set("format", 2).pass(x, 0, 3000);
    studio.aim("record", 0);
    studio.pass(x, 3000, 4000);
    CHECK((studio.take("take.wav").samples[0] == part(x[0], 0, 3000)));
}

TEST_CASE("recorder: a disk that doesn't come is an overrun; the audio passes, and the loss is told") {
    Studio studio;
    const auto x = song(48000 * 8);
    studio.set("arm", 1).set("record", 1).pass(x, 0, x[0].size(), false);
    CHECK(studio.readout(kOverruns) == 1.0F);
    studio.aim("record", 0);
    studio.pass(x, 0, 48000);
    CHECK(studio.stage().processor()->take_report().find("too slow") != std::string::npos);
    CHECK(studio.stage().processor()->take_report().empty());
    CHECK(studio.take("take.wav").samples[0].size() >=
          x[0].size()); // in time: silence stands for what was lost
}

TEST_CASE("recorder: no file, no folder, no such ending: told, never silent") {
    Studio bare, nowhere, wrong;
    bare.file("").set("arm", 1).set("record", 1).pass(song(1000), 0, 1000);
    auto& processor = *bare.stage().processor();
    CHECK(processor.take_report().find("file") != std::string::npos);
    CHECK(processor.take_report().empty());
    CHECK_FALSE(processor.set_text(0, bare.path("take.xyz")).empty());
    CHECK(processor.set_text(0, bare.path("late.wav")).empty());
    const auto x = song(3000);
    bare.pass(x, 0, 2000); // still asked to record: begins as soon as there is a file
    bare.aim("record", 0);
    bare.pass(x, 2000, 3000);
    CHECK((bare.take("late.wav").samples[0] == part(x[0], 0, 2000)));
    nowhere.file("/nonexistent/take.wav");
    CHECK_THROWS(nowhere.stage());
    wrong.file(wrong.path("take.ogg"));
    CHECK_THROWS(wrong.stage());
}
