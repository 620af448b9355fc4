# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of configs/demo.json: checked, rendered at every block size, measured by ffmpeg, and live under JACK."""

import json
import re
import subprocess
import time

import numpy as np
import pytest
from desk import BINARY, ROOT, Daemon, JackFeed, JackServer, read_wav
from live_offline import obeyed_at, same_bits
from osc_client import wait_for

DEMO = ROOT / "configs/demo.json"
REST = 3 * 48000  # frames, in which every gate closes and every detector comes to rest
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


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """The demo under a JACK server, its players at rest, in a copy of the config beside the stems' folder."""
    folder = tmp_path_factory.mktemp("live")
    config = json.loads(DEMO.read_text())
    for strip in STEMS:
        player = config["strips"][strip]["chain"][0]["player"]
        player["play"] = False
        player["file"] = str((DEMO.parent / player["file"]).resolve())
    (folder / "demo.json").write_text(json.dumps(config))
    with JackServer(folder) as server, Daemon(folder / "demo.json", backend="jack", env=server.env) as desk:
        desk.settle()
        assert wait_for(lambda: server.connections("tonmeister:master/out_1") == ["system:playback_1"])
        time.sleep(REST / 48000)
        yield server, desk, folder / "demo.json"


def test_live_is_offline_bit_for_bit(live, tmp_path):
    server, desk, config = live
    frames = 8 * 48000
    feed = JackFeed(server, tmp_path, [], [], ["tonmeister:master/out_1", "tonmeister:master/out_2"], frames=frames, freewheel=True)
    desk.client.sync()
    desk.client.obey("/*/player/play", 1)
    for _ in range(4):  # two blocks at least each: more than the latencies, so that both are heard in their order
        desk.client.sync()
    desk.client.tell("/voice/fader/level", -9.0, 0.25)
    heard, missing = feed.result()
    assert missing == 0

    def run(lines, *options):
        moved = [f"{int(line.split('s ', 1)[0]) + REST}s {line.split('s ', 1)[1]}\n" for line in lines]
        (tmp_path / "events.txt").write_text("".join(moved))
        return render(tmp_path, "--raw", "--events", str(tmp_path / "events.txt"), *options, config=config,
                      length=(frames + REST) / 48000)[REST:]

    events = obeyed_at(run, heard, [["/*/player/play 1"], ["/voice/fader/level -9 0.25"]], step=64)
    assert np.abs(heard).max() > 0.1
    assert same_bits(heard, run(events, "--block", "1000"))


def test_hands_on_the_live_session(live):
    """Runs after the one before: the session plays."""
    server, desk, _ = live
    osc = desk.client
    osc.obey("/*/player/play", 1)
    momentary = lambda: osc.get("/master/loudness/momentary")
    assert wait_for(lambda: -30 < momentary() < -8)
    for stem in STEMS:
        assert wait_for(lambda: osc.get(f"/{stem}/meter/peak") > -60, 8), stem
    osc.obey("/*/player/play", 1)
    osc.obey("/mix/fader/level", -120.0, 0.2)
    assert wait_for(lambda: momentary() < -70)
    osc.obey("/mix/fader/level", 0.0, 0.2)
    assert wait_for(lambda: momentary() > -30)
    assert all(osc.get(f"/{stem}/player/underruns") == 0 for stem in STEMS)
    assert osc.get("/master/loudness/true_peak") <= -1.0 + 0.1
