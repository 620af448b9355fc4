# SPDX-License-Identifier: GPL-3.0-or-later
"""X-1: `tonmeister measure --json` reads as ffmpeg's ebur128 filter does, on stems and on synthesised files.

TONMEISTER names the binary (by default that of build/), TONMEISTER_STEMS the folder with the stems.
"""

import json
import os
import pathlib
import re
import subprocess

import numpy as np
import pytest
from scipy.io import wavfile
from scipy.signal import firwin, lfilter

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("TONMEISTER", ROOT / "build/src/app/tonmeister")).absolute()


def stems():
    folders = [os.environ.get("TONMEISTER_STEMS"), ROOT.parent / "shared/data/stems", ROOT / "demo/stems"]
    folder = next(pathlib.Path(f) for f in folders if f and pathlib.Path(f).is_dir())
    files = sorted(f for f in folder.iterdir() if f.suffix in (".flac", ".ogg"))
    assert len(files) >= 9
    return files


def measure(*files):
    assert BINARY.is_file(), f"{BINARY} is missing: build it first, or name it in TONMEISTER"
    run = subprocess.run([BINARY, "measure", *files, "--json"], capture_output=True, timeout=120, check=False)
    refuse = lambda word: pytest.fail(f"{word} is not JSON")
    reports = json.loads(run.stdout, parse_constant=refuse)
    assert [r["file"] for r in reports] == [str(f) for f in files]
    return reports


def tech_3342(shortterm):
    """EBU Tech 3342 from ffmpeg's S every 100 ms. Its own LRA (5.1) is up to 0.4 LU off that on short files."""
    shortterm = np.array([s for s in shortterm if s >= -70])
    gate = 10 * np.log10(np.mean(10 ** (shortterm / 10))) - 20
    shortterm = np.sort(shortterm[shortterm >= gate])
    rank = lambda percent: shortterm[int(np.floor((len(shortterm) - 1) * percent / 100 + 0.5))]
    return rank(95) - rank(10)


def ffmpeg(file):
    """The last values that ffmpeg's filter gives as metadata, with three decimals."""
    command = ["ffmpeg", "-nostats", "-hide_banner", "-i", file, "-af",
               "ebur128=metadata=1:peak=true+sample,ametadata=mode=print:file=-", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, timeout=120, check=True, text=True).stdout
    # The filter's M and S every 100 ms; ours are taken every 10 ms, so ours may be a little above.
    values = lambda key: [float(v) for v in re.findall(rf"lavfi\.r128\.{key}=(\S+)", text) if v != "nan"]
    most = lambda key: max(values(key))
    peak = lambda kind: 20 * np.log10(max(most(key) for key in set(re.findall(rf"{kind}_peaks_ch\d+", text))))
    return {"integrated": values("I")[-1], "range": tech_3342(values("S")), "momentary_max": most("M"),
            "shortterm_max": most("S"), "true_peak": peak("true"), "sample_peak": peak("sample")}


def assert_same(ours, theirs, loudness=0.02):
    tolerances = {"integrated": loudness, "range": 0.02, "true_peak": 0.1, "sample_peak": 0.01}
    for key, tolerance in tolerances.items():
        assert ours[key] == pytest.approx(theirs[key], abs=tolerance), key
    for key in ("momentary_max", "shortterm_max"):
        assert theirs[key] - loudness <= ours[key] <= theirs[key] + 0.5, key


@pytest.mark.parametrize("stem", stems(), ids=lambda f: f.stem)
def test_stem(stem):
    assert_same(measure(stem)[0], ffmpeg(stem))


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_synthetic_programme(tmp_path, rate):
    random = np.random.default_rng(rate)
    seconds = 20
    noise = lfilter(firwin(255, 0.8), 1.0, random.standard_normal((2, seconds * rate)))
    gates = 10 ** (random.uniform(-45, -15, (1, seconds)) / 20)  # a new level every second
    samples = (noise * np.repeat(gates, rate, axis=1)).astype(np.float32).T
    file = tmp_path / "programme.wav"
    wavfile.write(file, rate, samples)
    # ffmpeg leaves the high-pass numerator at 1, -2, 1 at every rate: 0.028 dB off the 48 kHz curve at 96 kHz.
    assert_same(measure(file)[0], ffmpeg(file), loudness=0.05 if rate == 96000 else 0.02)


def test_silence_is_null_and_several_files_are_one_array(tmp_path):
    silent, tone = tmp_path / "silent.wav", tmp_path / "tone.wav"
    wavfile.write(silent, 48000, np.zeros((48000, 2), np.int16))
    time = np.arange(48000 * 5) / 48000
    sine = 0.1 * np.sin(2 * np.pi * 1000 * time)
    wavfile.write(tone, 48000, np.stack([sine, sine], axis=1).astype(np.float32))
    first, second = measure(silent, tone)
    for key in ("integrated", "range", "momentary_max", "shortterm_max", "true_peak", "sample_peak"):
        assert first[key] is None
    assert second["integrated"] == pytest.approx(-20.0 + 0.0067, abs=0.01)  # 1 kHz reads its level, +0.0067
    assert second["duration"] == 5.0
    assert second["verdict"] == "pass"


@pytest.mark.parametrize("rate", [1, 3999, 1_000_001])
def test_a_rate_that_loudness_has_no_filters_for_is_told_and_the_others_measured(tmp_path, rate):
    odd, good = tmp_path / "odd.wav", tmp_path / "good.wav"
    wavfile.write(odd, rate, np.zeros(100, np.int16))
    wavfile.write(good, 48000, np.full(4800, 1 << 14, np.int16))
    run = subprocess.run([BINARY, "measure", good, odd, good, "--json"], capture_output=True, timeout=60, check=False, text=True)
    assert run.returncode == 1
    assert run.stderr == f"tonmeister measure: {odd}: has a sample rate of {rate} Hz; expected 4,000 to 1,000,000 Hz\n"
    assert [(report["file"], report["sample_peak"]) for report in json.loads(run.stdout)] == [(str(good), -6.021)] * 2


@pytest.mark.parametrize("rate", [4000, 1_000_000])
def test_the_rates_at_the_ends_are_measured(tmp_path, rate):
    wavfile.write(tmp_path / "end.wav", rate, np.full(rate // 2, 1 << 14, np.int16))
    assert measure(tmp_path / "end.wav")[0]["sample_peak"] == -6.021
