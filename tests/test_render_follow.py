# SPDX-License-Identifier: GPL-3.0-or-later
"""A render's files while its strips come, go, and get other names and widths."""

import json

import numpy as np
import pytest
from desk import read_wav, write_config
from scipy.io import wavfile
from support_cli import tonmeister

RATE, SECONDS = 48000, 2
FADED = 1000  # samples: an edit's two fades of 10 ms, and some
RISING = (np.arange(SECONDS * RATE) / (4 * SECONDS * RATE)).astype(np.float32)  # every sample tells its place


def tone(frequency, **more):
    return {"channels": 1, "chain": [{"tone": {"frequency": frequency, "level": -12}}], "output": []} | more


def add(name, strip):
    return f"/tonmeister/strip/add {name} {json.dumps(json.dumps(strip))}\n"


@pytest.fixture
def render(tmp_path):
    def run(events, strips=None, outputs="ab", inputs="", block=64):
        config = write_config(tmp_path, strips or {"b": tone(1000), "a": tone(100)})
        (tmp_path / "events").write_text(events)
        wavfile.write(tmp_path / "in.wav", RATE, RISING)
        done = tonmeister("render", config, *(f"--input={name}={tmp_path}/in.wav" for name in inputs),
                          *(f"--output={name}={tmp_path}/{name}.wav" for name in outputs), "--length", SECONDS, "--bits", "32f",
                          "--raw", "--events", tmp_path / "events", "--block", block)
        assert done.returncode == 0, done.stderr
        return {name: read_wav(tmp_path / f"{name}.wav") for name in outputs} | {"told": done.stderr}

    return run


def heard(sound, second, channel=0):
    """The frequency (Hz) of a tone in the 0.2 s from there on; 0 where every sample is exactly 0."""
    part = sound[round(second * RATE):round((second + 0.2) * RATE), channel].astype(float)
    if not part.any():
        return 0
    spectrum = np.abs(np.fft.rfft(part))  # all tones here fit the window in whole periods
    found = int(spectrum.argmax())
    assert spectrum[found] / len(part) * 2 == pytest.approx(10 ** (-12 / 20), rel=1e-3)
    return found * 5


def test_a_strip_that_is_removed_leaves_silence_and_its_neighbour_alone(render):
    plain, edited = render(""), render("1 /tonmeister/strip/remove b\n")
    assert not edited["b"][RATE + FADED:].any()
    assert np.array_equal(edited["b"][:RATE], plain["b"][:RATE])
    assert np.array_equal(edited["a"], plain["a"])


@pytest.mark.parametrize("outputs", ["ab", "ba", "b"])
def test_a_strip_that_comes_is_never_in_anothers_file(render, outputs):
    edited = render("0.5 /tonmeister/strip/remove b\n1 " + add("c", tone(5000)), outputs=outputs)
    assert heard(edited["b"], 0.2) == 1000
    assert not edited["b"][RATE // 2 + FADED:].any()


@pytest.mark.parametrize("block", [1, 64, 8192])
def test_a_strip_of_the_name_is_heard_when_it_is_back(render, block):
    edited = render("0.5 /tonmeister/strip/remove b\n1 " + add("c", tone(5000)) + "1.5 " + add("b", tone(2000)), block=block)
    assert [heard(edited["b"], second) for second in (0.2, 0.7, 1.2, 1.7)] == [1000, 0, 0, 2000]
    assert heard(edited["a"], 1.7) == 100


def test_what_undo_brings_back_is_heard_again(render):
    edited = render("0.5 /tonmeister/strip/remove b\n1 /tonmeister/undo\n1.5 /tonmeister/redo\n")
    assert [heard(edited["b"], second) for second in (0.2, 0.7, 1.2, 1.7)] == [1000, 0, 1000, 0]


@pytest.mark.parametrize("more", [{}, {"output": None}])
def test_a_strip_is_gone_and_another_of_its_name_there_in_one_edit(render, more):
    """Also of strips without ports, which have some for the file only. One fades out, then the other in: no step."""
    strip = {key: value for key, value in tone(2000, **more).items() if value is not None}
    edited = render("1 /tonmeister/strip/remove b\n1 " + add("b", strip))
    assert [heard(edited["b"], second) for second in (0.7, 1.1, 1.7)] == [1000, 2000, 2000]
    level = 10 ** (-12 / 20)
    assert np.abs(np.diff(edited["b"][:, 0])).max() < level * (2 * np.pi * 2000 / RATE + 1.5 / 480)  # the tone's own, and a fade's


def test_a_file_follows_its_strip_under_another_name(render):
    events = "0.4 /tonmeister/strip/rename b z\n0.5 " + add("b", tone(5000)) + "1 /tonmeister/strip/remove z\n1.5 /tonmeister/undo\n"
    edited = render(events)
    assert [heard(edited["b"], second) for second in (0.1, 0.7, 1.2, 1.7)] == [1000, 1000, 0, 1000]
    plain, renamed = render(""), render("0.4 /tonmeister/strip/rename b z\n")
    assert np.array_equal(renamed["b"], plain["b"])


def test_a_file_keeps_its_width_when_its_strip_gets_wider(render):
    events = "0.5 /tonmeister/chain/insert b 1 \"{\\\"pan\\\":{\\\"position\\\":-1}}\"\n1 /b/pan/position 1\n1.5 /tonmeister/chain/remove b pan\n"
    edited = render(events)
    assert edited["b"].shape == (SECONDS * RATE, 1)
    assert [heard(edited["b"], second) for second in (0.2, 0.7, 1.7)] == [1000, 1000, 1000]
    assert np.abs(edited["b"][RATE + FADED:RATE * 3 // 2]).max() < 1e-6  # all of it goes to the right
    assert "wider" in edited["told"] and "narrower" not in edited["told"]


def test_a_file_keeps_its_width_when_its_strip_gets_narrower(render):
    strips = {"b": tone(1000, channels=2), "a": tone(100)}
    edited = render("0.5 /tonmeister/strip/set b channels 1\n1 /tonmeister/strip/set b channels 2\n", strips)
    assert edited["b"].shape == (SECONDS * RATE, 2)
    assert [heard(edited["b"], second, 0) for second in (0.2, 0.7, 1.2)] == [1000, 1000, 1000]
    assert [heard(edited["b"], second, 1) for second in (0.2, 0.7, 1.2)] == [1000, 0, 1000]
    assert "narrower" in edited["told"] and "wider" not in edited["told"]


INPUTS = {"x": {"channels": 1, "chain": []}, "y": {"channels": 1, "input": [], "chain": []}}


@pytest.mark.parametrize("block", [1, 441, 8192])
def test_an_input_plays_on_for_the_strip_that_it_was_opened_for(render, block):
    """Wherever its strip is there, and has faded in, every sample is at its place."""
    strip = {"channels": 1, "chain": []}
    events = ("0.3 /tonmeister/strip/remove x\n0.5 " + add("w", strip) + "0.7 " + add("x", strip) + "1 /tonmeister/strip/rename x z\n1.1 " + add("x", strip) +
              "1.2 /tonmeister/strip/remove z\n1.4 " + add("z", strip) + "1.6 /tonmeister/strip/remove z\n1.6 " + add("z", strip))
    edited = render(events, INPUTS, "xy", "xy", block)
    assert np.array_equal(edited["y"][:, 0], RISING)
    for begin, end, is_there in ((0, 0.3, True), (0.3, 0.7, False), (0.7, 1.2, True), (1.2, 1.4, False), (1.4, 1.6, True), (1.6, 2, True)):
        part = slice(round(begin * RATE) + (FADED if begin else 0), round(end * RATE))
        assert np.array_equal(edited["x"][part, 0], RISING[part] if is_there else 0 * RISING[part]), begin


@pytest.mark.parametrize("event", ["chain/insert music 0 highpass", "chain/insert music 0 {\"gain\":{}}", "chain/move music player -1"])
def test_a_strip_keeps_the_width_of_the_file_that_it_plays_wherever_the_player_stands(tmp_path, event):
    at = np.arange(SECONDS * RATE) / RATE
    wavfile.write(tmp_path / "music.wav", RATE, np.stack([0.4 * np.sin(2 * np.pi * 440 * at), 0.1 * np.sin(2 * np.pi * 1000 * at)], axis=1).astype(np.float32))
    config = write_config(tmp_path, {"music": {"chain": [{"player": {"file": "music.wav", "play": True}}, {"fader": {}}], "to": "mix"}, "mix": {"channels": 2, "output": []}})
    (tmp_path / "events").write_text(f"0.5 /tonmeister/{event}\n")
    done = tonmeister("render", config, f"--output=mix={tmp_path}/out.wav", "--length", SECONDS, "--bits", "32f", "--events", tmp_path / "events")
    assert done.returncode == 0, done.stderr
    assert np.abs(read_wav(tmp_path / "out.wav")[RATE:]).max(axis=0) == pytest.approx([0.4, 0.1], rel=0.01)


@pytest.mark.parametrize("head", [{"fader": {}}, {"player": {}, "as": "empty"}])
def test_a_mono_file_on_a_stereo_bus_leaves_it_stereo(tmp_path, head):
    at = np.arange(SECONDS * RATE) / RATE
    wavfile.write(tmp_path / "in.wav", RATE, np.stack([0.4 * np.sin(2 * np.pi * 440 * at), 0.1 * np.sin(2 * np.pi * 1000 * at)], axis=1).astype(np.float32))
    wavfile.write(tmp_path / "mono.wav", RATE, np.zeros(RATE, dtype=np.float32))
    config = write_config(tmp_path, {"in": {"channels": 2, "input": [], "to": "bus"}, "bus": {"chain": [head], "to": "mix"}, "mix": {"channels": 2, "output": []}})
    (tmp_path / "events").write_text('0.5 /tonmeister/chain/insert bus -1 {"player":{"file":"mono.wav","play":true}}\n')
    done = tonmeister("render", config, f"--input=in={tmp_path}/in.wav", f"--output=mix={tmp_path}/out.wav", "--length", SECONDS, "--bits", "32f", "--events", tmp_path / "events")
    assert done.returncode == 0, done.stderr
    assert np.abs(read_wav(tmp_path / "out.wav")[RATE:]).max(axis=0) == pytest.approx([0.4, 0.1], rel=0.01)
