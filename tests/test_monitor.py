# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitor section of a whole desk, solos and talkback included, against numpy."""
import json

import numpy as np
import pytest
from desk import Daemon, read_wav, write_config
from scipy.io import wavfile
from support_cli import tonmeister

RATE, LENGTH, LATE = 48000, 24000, 240  # LATE: the compressor's look-ahead, for which all else waits

STRIPS = {
    "a": {"channels": 1, "chain": [{"gain": {"level": -6}}, {"fader": {"level": -30}}, {"pan": {"position": 1}}], "to": "mix"},
    "b": {"channels": 2, "chain": [{"compressor": {"ratio": 1, "lookahead": 5}}, {"send": {"to": "cue", "level": -3}}, {"fader": {}}], "to": "mix"},
    "talk": {"channels": 1, "chain": [{"talkback": {}}, {"send": {"to": "cue"}}]},
    "cue": {"channels": 2, "chain": []},
    "mix": {"channels": 2, "chain": [{"fader": {}}]},
    "mon": {"channels": 2, "chain": [{"monitor": {"source/1/from": "mix", "source/2/from": "cue", "sets": 2, "set/2/on": True}}]}}


def gain(decibels):
    return 10 ** (decibels / 20)


def late(x, frames=LATE):
    return np.concatenate([np.zeros((frames, *x.shape[1:])), x])[:len(x)]


@pytest.fixture
def desk(tmp_path):
    noise = np.random.default_rng(5).integers(-128, 128, (LENGTH, 4)).astype(np.float32) / 1024
    sound = {"a": noise[:, 0], "b": noise[:, 1:3], "talk": noise[:, 3]}
    for name, x in sound.items():
        wavfile.write(tmp_path / f"{name}.wav", RATE, x)

    def render(events="", block=64, **config):
        write_config(tmp_path, STRIPS, **config)
        (tmp_path / "events.txt").write_text(events)
        wires = [word for name in sound for word in ("--input", f"{name}={tmp_path}/{name}.wav")]
        wires += [word for name in ("mix", "cue", "mon") for word in ("--output", f"{name}={tmp_path}/out-{name}.wav")]
        done = tonmeister("render", str(tmp_path / "desk.json"), *wires, "--bits", "32f", "--raw", "--quiet", "--length", str(LENGTH / RATE),
                          "--block", str(block), "--events", str(tmp_path / "events.txt"))
        assert done.returncode == 0, done.stderr
        return {name: read_wav(tmp_path / f"out-{name}.wav").astype(np.float64) for name in ("mix", "cue", "mon")}

    render.sound = {name: x.astype(np.float64) for name, x in sound.items()}
    return render


def test_at_rest_both_pairs_give_the_source_to_the_bit(desk):
    out = desk()
    assert np.array_equal(out["mon"][:, :2], out["mix"])
    assert np.array_equal(out["mon"][:, 2:], out["mix"])


def test_a_source_is_changed_on_its_sample_along_the_smoothstep(desk):
    out = desk("5001s /mon/monitor/select 2\n")
    t = np.clip((np.arange(LENGTH) - 5001) / 960, 0, 1)[:, None]
    share = t * t * (3 - 2 * t)
    assert np.abs(out["mon"][:, :2] - ((1 - share) * out["mix"] + share * out["cue"])).max() < 1e-6
    assert np.array_equal(out["mon"][5961:, :2], out["cue"][5961:])


def test_dim_is_20_db_and_mono_half_the_sum(desk):
    out = desk("0s /mon/monitor/dim 1\n12000s /mon/monitor/dim 0\n12000s /mon/monitor/mono 1\n")
    steady = slice(2000, 12000)
    assert np.abs(out["mon"][steady, :2] - gain(-20) * out["mix"][steady]).max() < 1e-7
    middle = out["mix"].mean(axis=1)[14000:]
    assert np.abs(out["mon"][14000:, :2] - middle[:, None]).max() < 1e-7


def test_loudspeakers_have_their_own_trim_and_delay_and_one_is_picked(desk):
    out = desk("0s /mon/monitor/set/2/trim -4.5\n0s /mon/monitor/set/2/delay 12.5\n12000s /mon/monitor/speakers 2\n")
    expected = gain(-4.5) * late(out["mix"], 600)
    assert np.abs(out["mon"][4000:, 2:] - expected[4000:]).max() < 1e-7
    assert np.array_equal(out["mon"][4000:12000, :2], out["mix"][4000:12000])
    assert not out["mon"][12960:, :2].any()


def test_pfl_is_the_strip_before_its_fader_and_mute_in_time_with_the_mix(desk):
    plain, soloed = desk("0s /a/mute 1\n"), desk("0s /a/mute 1\n5001s /a/solo 1\n5001s /a/fader/level -120\n15000s /tonmeister/solo/clear\n")
    expected = late(gain(-6) * np.sqrt(0.5) * desk.sound["a"])[:, None]
    assert np.abs(soloed["mon"][6000:15000, :2] - expected[6000:15000]).max() < 1e-7
    assert np.array_equal(soloed["mon"][:5001], plain["mon"][:5001])
    assert np.array_equal(soloed["mon"][16000:], plain["mon"][16000:])
    for name in ("mix", "cue"):  # nobody else hears of it
        assert np.array_equal(soloed[name], plain[name])


def test_afl_follows_fader_and_pan(desk):
    out = desk("0s /mon/monitor/solo_mode afl\n100s /a/solo 1\n12000s /a/fader/level -10\n12000s /a/pan/position -1\n")
    sound = late(gain(-6) * desk.sound["a"])
    for part, level, side in ((slice(4000, 12000), -30, 1), (slice(16000, None), -10, 0)):
        assert np.abs(out["mon"][part, side] - gain(level) * sound[part]).max() < 1e-7
        assert np.abs(out["mon"][part, 1 - side]).max() < 1e-7


def test_solos_are_sample_accurate_and_the_same_at_any_block_size(desk):
    events = ("3001s /a/solo 1\n3100s /b/solo 1\n3200s /a/solo 0\n5003s /mon/monitor/solo_mode afl\n7000s /mon/monitor/select 2\n7100s /talk/talkback/on 1\n"
              "9000s /b/solo 0\n9001s /mon/monitor/speakers 2\n9500s /mon/monitor/set/2/delay 3\n11000s /talk/talkback/on 0\n")
    reference = desk(events)
    for block in (1, 7, 441):
        again = desk(events, block)
        assert all(np.array_equal(again[name], reference[name]) for name in reference)
    untouched = desk()
    assert np.array_equal(untouched["mon"][:3001], reference["mon"][:3001])
    # Steps: never beyond what the signals' own steps and the fades (10 and 20 ms) make of amplitudes below 0.5.
    own = max(np.abs(np.diff(x, axis=0)).max() for x in desk.sound.values())
    assert np.abs(np.diff(reference["mon"], axis=0)).max() < 2 * own + 0.5 * 1.5 / 480


def test_in_place_mutes_the_others_and_the_monitor_hears_the_mix(desk):
    out = desk("0s /mon/monitor/solo_mode in_place\n0s /b/solo 1\n")
    steady = slice(3000, None)
    assert np.array_equal(out["mix"][steady], late(desk.sound["b"])[steady])
    assert np.array_equal(out["mon"][steady, :2], out["mix"][steady])


def test_talkback_reaches_the_musicians_and_dims_the_loudspeakers(desk):
    plain, talking = desk(), desk("0s /talk/talkback/on 1\n")
    steady = slice(2000, None)
    assert np.abs(talking["cue"] - plain["cue"] - np.sqrt(0.5) * late(desk.sound["talk"])[:, None])[steady].max() < 1e-6
    assert np.abs(talking["mon"][steady, :2] - gain(-20) * plain["mix"][steady]).max() < 1e-7


def test_no_scene_state_or_saved_config_keeps_a_talkback_on(tmp_path):
    strips = {"talk": {"channels": 1, "chain": [{"talkback": {}}]}, "mon": {"channels": 2, "chain": [{"monitor": {"source/1/from": "talk"}}]}}
    config = write_config(tmp_path, strips)
    state = tmp_path / "state.json"
    with Daemon(config, "--state", str(state)) as daemon:
        daemon.settle()
        client = daemon.client
        client.tell("/talk/talkback/on", 1)
        client.tell("/talk/talkback/on", 0)
        client.tell("/tonmeister/undo")  # opens no microphone
        client.sync()
        assert client.get("/talk/talkback/on") == 0
        client.tell("/talk/talkback/on", 1)
        client.tell("/mon/monitor/dim", 1)
        client.tell("/tonmeister/scene/store", "all", "/*")
        assert client.hear("/tonmeister/scene/stored")[0] == "all"
        client.tell("/tonmeister/save", "saved")
        assert client.hear("/tonmeister/saved")
        client.sync()
    assert "/mon/monitor/dim" in state.read_text() and "talkback" not in state.read_text()
    assert json.loads((tmp_path / "saved.json").read_text())["strips"]["talk"]["chain"] == [{"talkback": {}}]
    scenes = next(tmp_path.rglob("*.scenes.json")).read_text()
    assert "/mon/monitor/dim" in scenes and "/talk/talkback/bypass" in scenes and "/talk/talkback/on" not in scenes
