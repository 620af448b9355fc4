# SPDX-License-Identifier: GPL-3.0-or-later
"""`render --events`: every event acts on its own sample, those that make a new plan too, whatever the block size."""
import json

import numpy as np
import pytest
from desk import read_wav
from scipy.io import wavfile
from support_cli import tonmeister

RATE, LENGTH = 48000, 48000

CONFIG = {"version": 1, "strips": {
    "a": {"channels": 1, "chain": [{"compressor": {"ratio": 1}}, {"fader": {}}], "to": "mix"},
    "b": {"channels": 1, "chain": [{"highpass": {"frequency": 100}}, {"limiter": {}}], "to": "mix"},
    "p": {"chain": [{"player": {"file": "one.wav", "loop": True}}], "to": "mix"},
    "mix": {"channels": 2, "chain": [{"fader": {}}]}}}

EVENTS = """
0s /a/compressor/lookahead 1
4801s /a/compressor/lookahead 5
4801s /b/limiter/lookahead 3
4801s /a/fader/level -6
4900s /a/compressor/lookahead 2
4901s /b/limiter/lookahead 1
12000s /p/player/file two.wav
20003s /p/player/file wide.wav
20003s /b/limiter/lookahead 5
30000s /a/mute 1
"""


@pytest.fixture
def session(tmp_path):
    noise = np.random.default_rng(3).integers(-128, 128, (LENGTH, 2)) / 1024
    wavfile.write(tmp_path / "in.wav", RATE, (noise[:, 0]).astype(np.float32))
    wavfile.write(tmp_path / "one.wav", RATE, (noise[:9600, 1]).astype(np.float32))
    wavfile.write(tmp_path / "two.wav", RATE, (-noise[:9600, 1]).astype(np.float32))
    wavfile.write(tmp_path / "wide.wav", RATE, (noise[:9600]).astype(np.float32))

    def render(events, *options, config=CONFIG, code=0):
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "events.txt").write_text(events)
        done = tonmeister("render", str(tmp_path / "config.json"), "--input", f"a={tmp_path}/in.wav", "--input", f"b={tmp_path}/in.wav",
                          "--output", f"mix={tmp_path}/out.wav", "--bits", "32f", "--raw", "--quiet", "--length", str(LENGTH / RATE),
                          "--events", str(tmp_path / "events.txt"), *options)
        assert done.returncode == code, done.stderr
        return read_wav(tmp_path / "out.wav") if code == 0 else done.stderr

    return render


@pytest.mark.parametrize("block", [1, 7, 441, 1000, 8192])
def test_structural_events_act_on_their_sample_at_any_block_size(session, block):
    assert np.array_equal(session(EVENTS, "--block", str(block)), session(EVENTS, "--block", "64"))


def test_nothing_happens_before_its_sample(session):
    plain, edited = session("0s /a/compressor/lookahead 1"), session(EVENTS)
    first = np.flatnonzero((plain != edited).any(axis=1))[0]
    assert 4801 <= first <= 4803  # fades begin with slope zero


def test_an_event_at_the_very_beginning_is_as_if_the_config_said_so(session):
    changed = json.loads(json.dumps(CONFIG))
    changed["strips"]["a"]["chain"][0]["compressor"]["lookahead"] = 5
    at_once = session("0s /a/compressor/lookahead 5")
    written = session("", config=changed)
    # The first plan starts at once; only its compressor's edge fades in, for 10 ms.
    assert np.array_equal(at_once[2000:], written[2000:])


def test_a_refused_event_among_others_of_its_sample_is_told_and_fails_the_render(session):
    told = session("100s /p/player/file nowhere.wav\n100s /a/compressor/lookahead 5\n", code=1)
    assert "nowhere.wav" in told and "/p/player/file" in told
