# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of configs/demo.json: checked, rendered at every block size, and measured by ffmpeg; test_demo_live.py has it live."""

import re
import subprocess

import numpy as np
import pytest
from desk import BINARY, ROOT, read_wav
from live_offline import same_bits

DEMO = ROOT / "configs/demo.json"
STEMS = ["kick", "snare", "overheads", "bass", "guitar", "piano", "strings", "lead", "voice"]


def render(folder, *options, config=DEMO, length=10.0):
    subprocess.run([BINARY, "render", config, "--output", f"master={folder}/master.wav", "--length", str(length), "--bits", "32f", "--quiet",
                    *options], check=True, timeout=200)
    return read_wav(folder / "master.wav")


def test_check_shows_the_session():
    run = subprocess.run([BINARY, "check", DEMO], capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    rows = {line.split()[0]: line.split() for line in run.stdout.splitlines() if line}
    order = list(rows)
    assert set(STEMS) <= set(order)
    assert order.index("voice") < order.index("mix") < order.index("master")
    # The voice looks 2 ms ahead; the master's limiter comes on top.
    assert rows["voice"][4:6] == ["96", "2.00ms"] and int(rows["master"][4]) > 96


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return render(tmp_path_factory.mktemp("reference"), "--block", "64")


@pytest.mark.parametrize("block", [1, 7, 441, 1000, 8192])
def test_the_bits_are_the_same_at_every_block_size(reference, tmp_path, block):
    seconds = 2.0 if block == 1 else 10.0
    assert same_bits(render(tmp_path, "--block", str(block), length=seconds), reference[:int(seconds * 48000)])


@pytest.mark.parametrize("lanes", [1, 4])
def test_the_bits_are_the_same_for_every_lane_width(reference, tmp_path, lanes):
    assert same_bits(render(tmp_path, "--lanes", str(lanes)), reference)


def test_ffmpeg_measures_a_sane_master(tmp_path):
    render(tmp_path, length=18.0)
    run = subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", tmp_path / "master.wav", "-af", "ebur128=peak=true", "-f", "null", "-"],
                         capture_output=True, text=True, timeout=60, check=True)
    summary = run.stderr[run.stderr.rindex("Summary"):]
    integrated = float(re.search(r"I:\s+(\S+) LUFS", summary).group(1))
    peak = float(re.search(r"Peak:\s+(\S+) dBFS", summary).group(1))
    assert -20 < integrated < -12
    assert peak <= -1.0 + 0.1


def test_every_stem_is_in_the_mix(reference, tmp_path):
    for stem in STEMS:
        (tmp_path / "events.txt").write_text(f"0s /{stem}/mute 1\n")
        without = render(tmp_path, "--events", str(tmp_path / "events.txt"))
        assert np.abs(without - reference).max() > 0.003, stem
