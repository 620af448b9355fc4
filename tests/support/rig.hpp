// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/stage.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ton::test {

using Planar = std::vector<std::vector<float>>; ///< [channel][frame]

struct Event {
    std::int64_t time;    ///< frame at which it is applied, exactly
    std::string path;     ///< "band/1/gain"
    float value;          ///< in the table's unit
    double fade = -1.0;   ///< seconds, or negative for the row's smoothing
    engine::Way way = engine::Way::smooth;
};

struct RigOptions {
    int channels = 1;
    int width = 0;              ///< lanes: 0 for the widest of this machine, else 1, 4, 8 or 16
    int lane = 0;               ///< which lane carries the signal; its neighbours carry noise and other settings
    double sample_rate = 48000;
    int sidechain_channels = 0;
    int tap_channels = 0;
    int half = 0;               ///< of a module that shares; see engine::Setup
};

/// One module, run as the engine runs it, for tests: parameters by path and unit, any block size, any lane.
class Rig {
  public:
    explicit Rig(const std::string& module, RigOptions options = {});
    ~Rig();
    /// Before the first run: a setting without a ramp. Throws where the path is unknown.
    Rig& set(const std::string& path, float value);
    Rig& text(const std::string& path, const std::string& value);

    /// Runs `input` through in blocks of `block` frames (events cut them where they fall) and returns
    /// channels_out planes. State carries over from call to call; event times count from the rig's first frame.
    Planar run(const Planar& input, int block = 64, const std::vector<Event>& events = {},
               const Planar& sidechain = {});

    float readout(const std::string& path); ///< in the table's unit; held ones start anew
    int latency();                          ///< frames, as declared
    engine::Stage& stage();
    Planar taps;                            ///< what a send wrote during the last run

  private:
    void build();
    const engine::ModuleType& type_;
    RigOptions options_;
    std::vector<float> values_;
    std::vector<std::string> texts_;
    std::unique_ptr<engine::Stage> stage_;
    std::unique_ptr<engine::Scratch> scratch_;
    std::int64_t position_ = 0;
    std::uint32_t noise_ = 1;
};

Planar silence(int channels, int frames);
Planar sine(int channels, int frames, double frequency, double level_dbfs, double sample_rate = 48000);
Planar noise(int channels, int frames, double level_dbfs, std::uint32_t seed = 1); ///< white, uniform; level is the peak
Planar impulse(int channels, int frames, int at = 0, float height = 1.0F);
double peak(const std::vector<float>& x, std::size_t from = 0);
double rms(const std::vector<float>& x, std::size_t from = 0);
double decibels(double amplitude);
/// Amplitude of the sine of that frequency in x[from…), by projection on a Hann-windowed complex exponential.
double tone_amplitude(const std::vector<float>& x, double frequency, double sample_rate, std::size_t from = 0);

} // namespace ton::test
