# SPDX-License-Identifier: GPL-3.0-or-later
"""configs/panel.json on six speech-like signals over room noise and a music bed, and on a singer and a piano of the nine stems."""

import re
import subprocess

import numpy as np
import pytest
from desk import BINARY, ROOT, read_wav
from scipy.io import wavfile

RATE = 48000
TURN = 4 * RATE  # each microphone speaks for two seconds and is followed by two seconds of nobody
SECONDS = 24


def room(seed):
    return 10 ** (-58 / 20) * np.random.default_rng(seed).standard_normal(SECONDS * RATE)


def speech(seed):
    """Noise of a voice's spectrum (150 Hz to 3 kHz), four syllables a second, never quite silent between them; peak -12 dBFS."""
    spectrum = np.fft.rfft(np.random.default_rng(100 + seed).standard_normal(2 * RATE))
    f = np.fft.rfftfreq(2 * RATE, 1 / RATE)
    spectrum[(f < 150) | (f > 3000)] = 0
    x = np.fft.irfft(spectrum)
    x *= 0.55 + 0.45 * np.sin(2 * np.pi * 4 * np.arange(2 * RATE) / RATE)
    return 10 ** (-12 / 20) * x / np.abs(x).max()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    for m in range(6):
        x = room(m)
        x[m * TURN:m * TURN + 2 * RATE] += speech(m)
        wavfile.write(folder / f"mic{m + 1}.wav", RATE, x.astype(np.float32))
    t = np.arange(SECONDS * RATE) / RATE
    bed = 0.1 * np.sin(2 * np.pi * 440 * t)
    wavfile.write(folder / "music.wav", RATE, np.stack([bed, bed], 1).astype(np.float32))
    return folder


def render(inputs, folder, *events, block=64):
    (folder / "events.txt").write_text("".join(f"0s {e}\n" for e in events))
    words = [w for strip in [*(f"mic{m}" for m in range(1, 7)), "music"] for w in ("--input", f"{strip}={inputs}/{strip}.wav")]
    outs = [w for strip in ("mic1", "speech", "music", "stream") for w in ("--output", f"{strip}={folder}/{strip}.wav")]
    subprocess.run([BINARY, "render", ROOT / "configs/panel.json", *words, *outs, "--events", folder / "events.txt", "--bits", "32f", "--quiet",
                    "--block", str(block)], check=True, timeout=200)
    return {strip: read_wav(folder / f"{strip}.wav") for strip in ("mic1", "speech", "music", "stream")}


def level(x, start, stop):
    part = np.asarray(x, float)[int(start * RATE):int(stop * RATE)]
    return 10 * np.log10(np.mean(part ** 2))


@pytest.fixture(scope="module")
def mixed(inputs, tmp_path_factory):
    return render(inputs, tmp_path_factory.mktemp("mixed"))


OPEN = "/*/automix/bypass 1"


def test_in_the_pauses_the_room_is_that_of_one_microphone(inputs, mixed, tmp_path):
    open_ = render(inputs, tmp_path, OPEN)
    for turn in range(6):
        pause = (4 * turn + 3.3, 4 * turn + 3.9)
        assert level(open_["speech"], *pause) - level(mixed["speech"], *pause) == pytest.approx(10 * np.log10(6), abs=0.5)


def test_who_speaks_is_as_loud_as_alone(inputs, mixed, tmp_path):
    open_ = render(inputs, tmp_path, OPEN)
    assert level(mixed["mic1"], 0.3, 1.9) == pytest.approx(level(open_["mic1"], 0.3, 1.9), abs=0.5)
    # …and closed while another one does: at least 20 dB below its open room noise.
    assert level(mixed["mic1"], 4.3, 5.9) < level(open_["mic1"], 4.3, 5.9) - 20


def test_the_bed_is_down_while_somebody_speaks(mixed):
    quiet = level(mixed["music"], 0.2, 1.9)
    assert level(mixed["music"], 0.2, 1.9) == pytest.approx(20 * np.log10(0.1) - 3.01 - 14 - 6, abs=0.02)
    for turn in range(6):
        assert level(mixed["music"], 4 * turn + 0.2, 4 * turn + 1.9) == pytest.approx(quiet, abs=0.02)


def test_the_bed_comes_back(inputs, tmp_path):
    x = render(inputs, tmp_path, "/speech/fader/level -120", "/music/ducker/hold 50", "/music/ducker/release 300")
    assert level(x["music"], 2.0, 23) == pytest.approx(20 * np.log10(0.1) - 3.01 - 6, abs=0.02)


def true_peak(samples, folder):
    wavfile.write(folder / "stream.wav", RATE, np.asarray(samples, np.float32))
    run = subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", folder / "stream.wav", "-af", "ebur128=peak=true", "-f", "null", "-"],
                         capture_output=True, text=True, timeout=60, check=True)
    return float(re.search(r"Peak:\s+(\S+) dBFS", run.stderr[run.stderr.rindex("Summary"):]).group(1))


def test_the_stream_keeps_its_ceiling(mixed, tmp_path):
    assert true_peak(mixed["stream"], tmp_path) <= -1 + 0.1
    assert level(mixed["stream"], 0.2, 1.9) > -30


def stem(name, channels):
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", ROOT / f"demo/stems/{name}.ogg", "-t", str(SECONDS), "-ar", str(RATE), "-ac", str(channels), "-f", "f32le", "-"],
                          capture_output=True, check=True, timeout=60)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, channels)


def test_a_singer_who_goes_from_microphone_to_microphone_over_a_piano(tmp_path):
    singer, piano = stem("voice", 1)[:, 0], stem("piano", 2)
    for m in range(6):
        nearness = np.full(len(singer), 10 ** (-30 / 20))
        nearness[m * TURN:(m + 1) * TURN] = 1
        wavfile.write(tmp_path / f"mic{m + 1}.wav", RATE, (singer * nearness + room(m)[:len(singer)]).astype(np.float32))
    wavfile.write(tmp_path / "music.wav", RATE, piano)
    for folder in ("shared", "open"):
        (tmp_path / folder).mkdir()
    shared, open_ = render(tmp_path, tmp_path / "shared"), render(tmp_path, tmp_path / "open", OPEN)
    assert level(shared["mic1"], 0.5, 3.8) == pytest.approx(level(open_["mic1"], 0.5, 3.8), abs=0.5)
    assert level(shared["mic1"], 4.5, 7.8) < level(open_["mic1"], 4.5, 7.8) - 20
    played = np.asarray(shared["music"], float)
    ducked = [np.vdot(piano[part], played[part]) / np.vdot(piano[part], piano[part]) for part in (slice(int(t * RATE), int((t + 1) * RATE)) for t in range(1, 20))]
    assert 20 * np.log10(ducked[1:]) == pytest.approx(-14 - 6, abs=0.02)  # the singer comes in after the first second
    assert true_peak(shared["stream"], tmp_path) <= -1 + 0.1


@pytest.mark.parametrize("block", [7, 1000])
def test_the_bits_do_not_depend_on_the_block_size(inputs, mixed, tmp_path, block):
    again = render(inputs, tmp_path, block=block)
    assert all(np.array_equal(again[strip], mixed[strip]) for strip in mixed)
