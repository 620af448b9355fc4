// SPDX-License-Identifier: GPL-3.0-or-later
// noise FILE SECONDS CHANNELS: a float WAV of the noise that `tonmeister bench strips` feeds its strips with, for
// scsynth to read.
#include "app/bench/programme.hpp"

#include <sndfile.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
    using namespace ton::app::benching;
    const int seconds = argc == 4 ? std::atoi(argv[2]) : 0, channels = argc == 4 ? std::atoi(argv[3]) : 0;
    if (seconds < 1 || channels < 1) {
        std::fprintf(stderr, "usage: noise FILE SECONDS CHANNELS\n");
        return 2;
    }
    SF_INFO info{};
    info.samplerate = kProgrammeRate;
    info.channels = channels;
    info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
    SNDFILE* file = sf_open(argv[1], SFM_WRITE, &info);
    std::vector<float> second(static_cast<std::size_t>(kProgrammeRate * channels));
    std::uint32_t state = 1;
    for (int s = 0; s < seconds && file; ++s) {
        fill_noise(second, kDeskNoisePeak, state);
        if (sf_writef_float(file, second.data(), kProgrammeRate) != kProgrammeRate) break;
    }
    const int error = sf_error(file);
    if (error || sf_close(file)) {
        std::fprintf(stderr, "noise: %s: %s\n", argv[1], sf_error_number(error));
        return 1;
    }
    return 0;
}
