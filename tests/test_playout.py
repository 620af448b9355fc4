# SPDX-License-Identifier: GPL-3.0-or-later
"""configs/playout.json: the programme stops and comes back."""

import subprocess
import time

import numpy as np
import pytest
from desk import BINARY, ROOT, Daemon, read_wav
from osc_client import wait_for

RATE = 48000
EVENTS = "4 /programme/player/play 0\n20 /programme/player/play 1\n"


def render(folder, *words, events=EVENTS, length=36):
    (folder / "events.txt").write_text(events)
    outs = [w for strip in ("programme", "backup", "air", "master") for w in ("--output", f"{strip}={folder}/{strip}.wav")]
    subprocess.run([BINARY, "render", ROOT / "configs/playout.json", *outs, "--events", folder / "events.txt", "--bits", "32f", "--quiet",
                    "--length", str(length), *words], check=True, timeout=200)
    return {strip: read_wav(folder / f"{strip}.wav") for strip in ("programme", "backup", "air", "master")}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    return render(tmp_path_factory.mktemp("playout"))


def heard(x, start, stop):
    """Which of the two is on air between these seconds, to the bit."""
    part = slice(int(start * RATE), int(stop * RATE))
    return [source for source in ("programme", "backup") if np.array_equal(x["air"][part], x[source][part])]


def test_the_reserve_comes_and_goes_when_it_should(played):
    assert np.abs(played["programme"][int(4.2 * RATE):int(19.9 * RATE)]).max() == 0
    assert heard(played, 0, 14) == ["programme"]
    # 10 s of silence, known to the 100 ms of its window, after the programme's last sound; 50 ms of fade.
    assert heard(played, 14.3, 29.8) == ["backup"]
    assert np.abs(played["backup"][int(15 * RATE):int(29 * RATE)]).max() > 0.01
    # 10 s after the programme is back at 20 s, and its music as loud as it must be.
    assert heard(played, 35.5, 36) == ["programme"]


def test_by_hand_it_stays(tmp_path):
    x = render(tmp_path, events="0 /air/failover/mode main\n" + EVENTS, length=18)
    assert heard(x, 0, 18) == ["programme"]


@pytest.mark.parametrize("block", [7, 1000])
def test_the_bits_do_not_depend_on_the_block_size(played, tmp_path, block):
    again = render(tmp_path, "--block", str(block))
    assert all(np.array_equal(again[strip], played[strip]) for strip in played)


def test_subscribers_are_told_when_it_switches(tmp_path):
    """Live, on the internal clock, with a hold of half a second."""
    config = tmp_path / "playout.json"
    config.write_text((ROOT / "configs/playout.json").read_text().replace("../demo", str(ROOT / "demo")))
    with Daemon(config) as daemon:
        daemon.client.obey("/air/failover/hold", 0.5)
        daemon.client.obey("/tonmeister/subscribe", "/air/failover/active", 20.0)
        daemon.client.tell("/programme/player/play", 0)
        began = time.monotonic()
        while (told := daemon.client.hear("/air/failover/active")) == [0.0]:
            pass
        assert told == [1.0]
        assert 0.4 < time.monotonic() - began < 5
        assert wait_for(lambda: "switched to the reserve" in daemon.log())
