# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarm for DC: a mean over 5 s beyond 0.1 % and 1 % of full scale (acceptance.md section 8)."""

import re
import subprocess

import numpy as np
from desk import BINARY, ROOT, write_config
from scipy.io import wavfile

RATE = 48000
SOME = re.compile(r"DC of (-\d+\.\d) dBFS, more than 0\.1 % of full scale")
MUCH = re.compile(r"DC of (-\d+\.\d) dBFS, more than 1 % of full scale")
LESS = re.compile(r"DC of (-\d+\.\d) dBFS, less than 1 % of full scale")
WAIT, HOLD = 1, 10  # s beyond the lower mark alone, and far below a mark, before it is told


def told_when(tmp_path, strips, inputs=None, seconds=60):
    """Renders, and gives what each strip's guard told and when, in order."""
    words = []
    for name, sound in (inputs or {}).items():
        wavfile.write(tmp_path / f"{name}.wav", RATE, sound.astype(np.float32))
        words += ["--input", f"{name}={tmp_path}/{name}.wav"]
    done = subprocess.run([BINARY, "render", write_config(tmp_path, strips), *words, "--output", f"{next(iter(strips))}={tmp_path}/out.wav",
                           "--length", str(seconds), "--bits", "32f"], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    events = re.findall(r"^(\d+\.\d) s: /(\w+)/guard: (.*)$", done.stderr, re.MULTILINE)
    return {name: [(float(at), text) for at, strip, text in events if strip == name and "ceiling" not in text] for name in strips}


def told(tmp_path, strips, inputs=None, seconds=60):
    return {name: [text for _, text in events] for name, events in told_when(tmp_path, strips, inputs, seconds).items()}


def pink(frames, seed, lowest=20):
    """-3.01 dB an octave, flat below `lowest` Hz, RMS of 1."""
    generator = np.random.default_rng(seed)
    f = np.fft.rfftfreq(frames, 1 / RATE)
    x = np.fft.irfft((generator.normal(size=f.size) + 1j * generator.normal(size=f.size)) / np.sqrt(np.maximum(f, lowest)), frames)
    return x / x.std()


def kinds(events):
    return ["some" if SOME.fullmatch(e) else "much" if MUCH.fullmatch(e) else "less" if LESS.fullmatch(e) else e for e in events]


def test_dc_is_told_by_its_size_and_once_when_it_is_gone(tmp_path):
    here = np.zeros(40 * RATE)
    here[3 * RATE:20 * RATE] = 1
    beds = {"silence": 0.0, "tone": 0.1 * np.sin(2 * np.pi * 97.3 * np.arange(40 * RATE) / RATE), "white": 0.02 * np.random.default_rng(4).normal(size=40 * RATE),
            "pink": 0.001 * pink(40 * RATE, 5)}
    values = {"trace": (0.0005, []), "some": (0.0013, ["some", "the DC is gone"]), "half": (-0.005, ["some", "the DC is gone"]),
              "much": (0.011, ["some", "much", "the DC is gone"]), "more": (-0.06, ["much", "the DC is gone"])}
    sounds = {f"{bed}_{name}": sound + value * here for bed, sound in beds.items() for name, (value, _) in values.items()}
    heard = told(tmp_path, {name: {"channels": 1, "input": [], "output": []} for name in sounds}, sounds, 40)
    assert {name: kinds(events) for name, events in heard.items()} == {name: values[name.split("_")[1]][1] for name in sounds}


def test_one_per_cent_under_noise_and_music_is_told(tmp_path):
    music = subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "2", "-i", ROOT / "demo/stems/guitar.ogg", "-t", "40", "-ar", str(RATE), "-ac", "1", "-f", "f32le", "-"],
                           capture_output=True, timeout=60, check=True).stdout
    sounds = {"white": 0.1 * np.random.default_rng(3).normal(size=40 * RATE) + 0.012, "pink": 0.1 * pink(40 * RATE, 6) + 0.02, "music": np.frombuffer(music, np.float32)[:40 * RATE] + 0.012}
    for events in told(tmp_path, {name: {"channels": 1, "input": [], "output": []} for name in sounds}, sounds, 40).values():
        assert kinds(events) == ["some", "much"], events


def test_it_is_measured_behind_the_ceiling(tmp_path):
    noise = {"loud": {"channels": 1, "chain": [{"noise": {"type": "white", "seed": 3, "level": 0}}, {"gain": {"level": 24}}], "output": [], "guard": {"on": True, "ceiling": -6}}}
    assert "much" not in kinds(told(tmp_path, noise)["loud"]) # half of full scale at the most: its mean over 5 s is some -60 dBFS


def test_more_and_less_of_it_are_told_as_they_come(tmp_path):
    seconds = np.arange(70 * RATE) / RATE
    sound = {"a": np.select([seconds < 15, seconds < 30, seconds < 50], [0.004, 0.03, 0.004], 0)}
    events = told(tmp_path, {"a": {"channels": 1, "input": [], "output": []}}, sound, 70)["a"]
    assert kinds(events) == ["some", "much", "less", "the DC is gone"]


def test_what_comes_again_is_told_again_in_a_render_too(tmp_path):
    t = np.arange(60 * RATE) / RATE
    heard = told_when(tmp_path, {"a": {"channels": 1, "input": [], "output": []}}, {"a": np.where((t < 10) | (t >= 40), 0.004, 0)}, 60)["a"]
    assert kinds(text for _, text in heard) == ["some", "the DC is gone", "some"]
    assert [low <= at <= high for (at, _), low, high in zip(heard, (1, 15, 41), (3, 30, 43), strict=True)] == [True] * 3, heard


def test_it_is_told_when_it_begins_and_when_it_is_gone(tmp_path):
    begin, end, dc = 3, 20, {"a": 0.0013, "b": 0.0035, "c": 0.009}
    here = np.zeros(40 * RATE)
    here[begin * RATE:end * RATE] = 1
    heard = told_when(tmp_path, {name: {"channels": 1, "input": [], "output": []} for name in dc}, {name: value * here for name, value in dc.items()}, 40)
    for name, value in dc.items():
        # The mean over 5 s, every half second, first exceeds 0.001 and is first below half of it: marks in straight lines.
        some, gone = begin + np.ceil(0.001 / value * 10) / 2, end + np.ceil((1 - 0.0005 / value) * 10) / 2 + HOLD
        assert [text for _, text in heard[name]] == [f"DC of {20 * np.log10(value * (some - begin) / 5):.1f} dBFS, more than 0.1 % of full scale", "the DC is gone"]
        times = np.array([at for at, _ in heard[name]])
        expected = np.array([some + WAIT, gone])
        assert (times >= expected).all() and (times <= expected + 0.25).all(), (times, expected)


def test_a_mean_that_hovers_near_a_mark_is_one_event(tmp_path):
    # The mean of a swing of 12 s over 5 s is 0.74 of it, of 20 s 0.90: by that much it passes the mark, to either side.
    t = np.arange(180 * RATE) / RATE
    sounds = {f"{name}_{period}": mark * (1 + 0.4 * np.sin(2 * np.pi * t / period)) for name, mark in (("some", 0.001), ("much", 0.01)) for period in (12, 20)}
    sounds["both_60"] = 0.004 * 10 ** (0.6 * np.sin(2 * np.pi * t / 60))  # from 0.1 to 1.6 %: over the upper mark once a minute
    heard = {name: kinds(events) for name, events in told(tmp_path, {name: {"channels": 1, "input": [], "output": []} for name in sounds}, sounds, 180).items()}
    assert heard == {"some_12": ["some"], "some_20": ["some"], "much_12": ["some", "much"], "much_20": ["some", "much"], "both_60": ["some"] + ["much", "less"] * 3}


def test_what_begins_in_a_programmes_last_second_is_told_at_its_end(tmp_path):
    sound = {"a": np.where(np.arange(10 * RATE) < 9 * RATE, 0, 0.04)}
    assert kinds(told(tmp_path, {"a": {"channels": 1, "input": [], "output": []}}, sound, 10)["a"]) == ["some"]
