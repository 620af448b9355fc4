# SPDX-License-Identifier: GPL-3.0-or-later
"""configs/studio.json on the nine stems: ears, DCAs, solos, talkback and loudspeakers, against numpy."""

import json
import re
import subprocess

import numpy as np
import pytest
from desk import BINARY, ROOT, read_wav
from scipy.io import wavfile

RATE, SECONDS, LATE = 48000, 6, 144  # LATE: the master limiter's look-ahead
CONFIG = json.loads((ROOT / "configs/studio.json").read_text())
INPUTS = [name for name, strip in CONFIG["strips"].items() if strip.get("stage") == "track"]
PATCH = {"kick": ["kick-in", "kick-out"], "snare": ["snare-top", "snare-bottom"], "overheads": ["overhead-l", "overhead-r"], "bass": ["bass-di", "bass-amp"],
         "guitar": ["guitar-1-close", "guitar-2-close"], "lead": ["guitar-2-far", "keys-l"], "piano": ["piano-l", "piano-r"],
         "strings": ["strings-l", "strings-r"], "voice": ["vox-lead", "vox-1"]}
OUTPUTS = ["master", "control-room", "drums", "ears-1", "ears-6", "ears-8"]
STRAIGHT = "".join(f"0s /*/{module}/bypass 1\n" for module in ("gate", "eq", "compressor", "highpass", "polarity"))
STEADY = slice(RATE, None)
CENTRE = np.sqrt(0.5)  # mono into stereo


def gain(decibels):
    return 10 ** (decibels / 20)


def late(x, frames):
    return np.concatenate([np.zeros((frames, *x.shape[1:])), x])[:len(x)]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Each input's file, and the samples in it."""
    folder = tmp_path_factory.mktemp("stems")
    parts = {}
    for stem, strips in PATCH.items():
        wav = folder / f"{stem}.wav"
        subprocess.run(["ffmpeg", "-v", "error", "-ss", "8", "-t", str(SECONDS), "-i", ROOT / f"demo/stems/{stem}.ogg", "-ar", str(RATE), "-c:a", "pcm_f32le", wav],
                       check=True, timeout=60)
        x = read_wav(wav)
        x = np.resize(x, (SECONDS * RATE, x.size // len(x)))
        for channel, strip in enumerate(strips):
            parts[strip] = x[:, channel % x.shape[1]]
    parts["talk"] = 0.1 * np.sin(2 * np.pi * 500 * np.arange(SECONDS * RATE) / RATE)
    for strip, x in parts.items():
        wavfile.write(folder / f"{strip}.wav", RATE, x.astype(np.float32))
    return folder, {strip: x.astype(np.float32).astype(np.float64) for strip, x in parts.items()}


@pytest.fixture(scope="module")
def render(sound, tmp_path_factory):
    folder, parts = sound
    out, done = tmp_path_factory.mktemp("out"), {}

    def rendered(events="", block=64):
        if (events, block) not in done:
            (out / "events.txt").write_text(events)
            wires = [word for strip in parts for word in ("--input", f"{strip}={folder}/{strip}.wav")]
            wires += [word for strip in OUTPUTS for word in ("--output", f"{strip}={out}/{strip}.wav")]
            subprocess.run([BINARY, "render", ROOT / "configs/studio.json", *wires, "--events", out / "events.txt", "--bits", "32f", "--raw", "--quiet",
                            "--length", str(SECONDS), "--block", str(block)], check=True, timeout=200)
            done[events, block] = {strip: read_wav(out / f"{strip}.wav").astype(np.float64) for strip in OUTPUTS}
        return done[events, block]

    return rendered


def test_it_is_the_studio_that_was_asked_for():
    strips = CONFIG["strips"]
    assert len(INPUTS) == 32 and sum(name.startswith("ears-") for name in strips) == 8
    assert len({port for strip in strips.values() for port in strip.get("input", [])}) == 33  # the talkback's, too
    assert len({port for strip in strips.values() for port in strip.get("output", [])}) == 22


def test_a_musicians_mix_is_the_sum_of_the_inputs_before_their_faders(render, sound):
    levels = {strip: -3.5 * i for i, strip in enumerate(sorted(sound[1])) if strip != "talk"}
    sends = "".join(f"0s /{strip}/ears-6/level {level}\n" for strip, level in levels.items())
    expected = sum(gain(level) * CENTRE * sound[1][strip] for strip, level in levels.items())
    heard = render(STRAIGHT + sends)["ears-6"]
    assert np.abs(heard - expected[:, None])[STEADY].max() < 2e-6
    # Neither faders nor mutes nor DCAs nor solos reach it.
    played = render(STRAIGHT + sends + "1.5 /*/fader/level -30\n2 /vox-lead/mute 1\n3 /groups/drums/level -120\n4 /kick-in/solo 1\n2 /ears-*/fader/level 0\n")
    assert np.array_equal(played["ears-6"][RATE:int(1.5 * RATE)], heard[RATE:int(1.5 * RATE)])
    assert np.array_equal(played["ears-6"][int(2.5 * RATE):], heard[int(2.5 * RATE):])
    assert np.array_equal(played["ears-8"][int(2.5 * RATE):], render(STRAIGHT + sends)["ears-8"][int(2.5 * RATE):])


def test_a_dca_turns_its_members_down_by_its_level_and_no_one_else(render):
    plain, down = render(STRAIGHT), render(STRAIGHT + "0s /groups/drums/level -10\n")
    assert np.abs(down["drums"] - gain(-10) * plain["drums"])[STEADY].max() < 1e-6
    assert np.array_equal(down["ears-1"], plain["ears-1"])
    assert np.abs(plain["drums"]).max() > 0.05


def test_pfl_reaches_the_control_room_alone_whatever_the_fader_does(render, sound):
    plain = render(STRAIGHT + "0s /vox-lead/mute 1\n")
    soloed = render(STRAIGHT + "0s /vox-lead/mute 1\n0s /vox-lead/solo 1\n2 /vox-lead/fader/level -120\n")
    expected = gain(-12) * CENTRE * late(sound[1]["vox-lead"], LATE)
    assert np.abs(soloed["control-room"][:, :2] - expected[:, None])[STEADY].max() < 1e-6
    for strip in ("master", "ears-1", "ears-6"):
        assert np.array_equal(soloed[strip], plain[strip])


def test_talkback_speaks_to_all_ears_and_dims_the_control_room(render, sound):
    plain, talking = render(STRAIGHT), render(STRAIGHT + "0s /talk/talkback/on 1\n")
    for ears in ("ears-1", "ears-6", "ears-8"):
        assert np.abs(talking[ears] - plain[ears] - CENTRE * sound[1]["talk"][:, None])[STEADY].max() < 1e-6
    assert np.abs(talking["control-room"] - gain(-20) * plain["control-room"])[STEADY].max() < 1e-7
    assert np.array_equal(talking["master"], plain["master"])


def test_the_control_room_hears_the_master_on_the_speakers_that_are_picked(render):
    out = render("3 /control-room/monitor/speakers 2\n")
    master = gain(-12) * out["master"]
    first, second = slice(RATE, 3 * RATE), slice(4 * RATE, None)
    assert np.abs(out["control-room"][first, :2] - master[first]).max() < 1e-7
    assert not out["control-room"][first, 2:].any() and not out["control-room"][second, :2].any()
    assert np.abs(out["control-room"][second, 2:] - gain(-3) * late(master, 72)[second]).max() < 1e-7  # 1.5 ms


def test_the_mix_is_music_and_keeps_its_ceiling(render, tmp_path):
    master = render()["master"]
    wavfile.write(tmp_path / "master.wav", RATE, master.astype(np.float32))
    run = subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", tmp_path / "master.wav", "-af", "ebur128=peak=true", "-f", "null", "-"],
                         capture_output=True, text=True, timeout=60, check=True)
    summary = run.stderr[run.stderr.rindex("Summary"):]
    assert float(re.search(r"Peak:\s+(\S+) dBFS", summary).group(1)) <= -1 + 0.1
    assert -30 < float(re.search(r"I:\s+(\S+) LUFS", summary).group(1)) < -10


@pytest.mark.parametrize("block", [7, 1000])
def test_the_bits_do_not_depend_on_the_block_size(render, block):
    events = "1 /kick-in/solo 1\n2.00001 /talk/talkback/on 1\n3 /tonmeister/solo/clear\n4 /groups/vocals/level -6 0.5\n"
    again, once = render(events, block), render(events)
    assert all(np.array_equal(again[strip], once[strip]) for strip in OUTPUTS)
