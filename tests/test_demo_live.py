# SPDX-License-Identifier: GPL-3.0-or-later
"""The session of configs/demo.json live under JACK: with the bits of a render, and with hands on it."""

import contextlib
import json
import time

import numpy as np
from desk import Daemon, JackFeed, JackServer, on_a_machine_that_lets
from live_offline import obeyed_at, same_bits
from osc_client import wait_for
from test_demo import DEMO, STEMS, render

REST = 3 * 48000  # frames, in which every gate closes and every detector comes to rest


@contextlib.contextmanager
def live(folder):
    """The demo under a JACK server, its players at rest, in a copy of the config."""
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
        yield server, desk


@on_a_machine_that_lets
def test_live_is_offline_bit_for_bit(tmp_path):
    frames = 8 * 48000
    with live(tmp_path) as (server, desk):
        feed = JackFeed(server, tmp_path, [], [], ["tonmeister:master/out_1", "tonmeister:master/out_2"], frames=frames, freewheel=True)
        desk.client.sync()
        desk.client.obey("/*/player/play", 1)
        # A fader that moves what sounds, and has sounded for longer than obeyed_at looks back.
        assert wait_for(lambda: desk.client.get("/bass/player/playhead") > 0.5, every=0)
        desk.client.tell("/bass/fader/level", -9.0, 0.25)
        heard = feed.heard()

    def run(lines, *options):
        moved = [f"{int(line.split('s ', 1)[0]) + REST}s {line.split('s ', 1)[1]}\n" for line in lines]
        (tmp_path / "events.txt").write_text("".join(moved))
        return render(tmp_path, "--raw", "--events", str(tmp_path / "events.txt"), *options, config=tmp_path / "demo.json",
                      length=(frames + REST) / 48000)[REST:]

    events = obeyed_at(run, heard, [["/*/player/play 1"], ["/bass/fader/level -9 0.25"]], step=64)
    assert np.abs(heard).max() > 0.1
    assert same_bits(heard, run(events, "--block", "1000"))


def test_hands_on_the_live_session(tmp_path):
    with live(tmp_path) as (_, desk):
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
