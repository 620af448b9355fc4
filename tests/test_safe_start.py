# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound begins when all is in place: silence, then a ramp (issue 3, section 2)."""

import signal
import time

import numpy as np
from desk import Daemon, JackFeed, JackServer, write_config, on_a_machine_that_lets
from osc_client import wait_for

RATE = 48000
RAMP = 0.2  # s
LEVEL = 0.5  # of the constant signal that is played
STRIPS = {"way": {"channels": 1, "input": [], "output": ["late:desk/in_1"]}}
LATE = {"desk": {"channels": 1, "input": []}}


def smoothstep(frames):
    t = np.arange(frames) / frames
    return t * t * (3 - 2 * t)


def begins_with_a_ramp(heard):
    """Exact silence, then the ramp to its last sample, then the signal itself; the frame at which it began."""
    first = int(np.flatnonzero(heard)[0]) - 1  # the ramp's own first sample is a zero, too
    length = round(RAMP * RATE)
    assert first > 0 and not heard[:first].any()
    np.testing.assert_allclose(heard[first:first + length], LEVEL * smoothstep(length), atol=2e-7)
    assert (heard[first + length:] == np.float32(LEVEL)).all() and len(heard) > first + length
    return first


def play(server, folder, seconds):
    return JackFeed(server, folder, np.full(int(seconds * RATE), LEVEL), ["tonmeister:way/in_1"], ["tonmeister:way/out_1"])


def late(server, folder):
    return Daemon(write_config(folder, LATE, file="late.json"), "--name", "late", backend="jack", env=server.env)


@on_a_machine_that_lets
def test_the_desk_is_silent_until_the_last_port_is_there_and_then_comes_up_on_a_ramp(tmp_path):
    config = write_config(tmp_path, STRIPS, start={"ramp": RAMP, "patience": 60})
    with JackServer(tmp_path, period=1024, realtime=True) as server, Daemon(config, backend="jack", env=server.env) as desk:
        assert wait_for(lambda: "tonmeister:way/out_1" in server.ports())
        feed = play(server, tmp_path, 5)
        time.sleep(0.3)
        assert desk.client.status()["state"] == "starting"
        with late(server, tmp_path):
            assert wait_for(desk.running)
            assert server.connections("late:desk/in_1") == ["tonmeister:way/out_1"]
            heard = feed.heard()
        assert begins_with_a_ramp(heard[:, 0]) > 0.3 * RATE
        assert "sound begins after" in desk.log()
        # A port that goes away later silences nobody.
        assert desk.client.status()["state"] == "running"


@on_a_machine_that_lets
def test_the_same_where_the_server_dies_and_comes_back_and_patience_ends(tmp_path):
    config = write_config(tmp_path, STRIPS, start={"ramp": RAMP, "patience": 2.5})
    server = JackServer(tmp_path, period=1024, realtime=True)
    try:
        server.start()
        with Daemon(config, backend="jack", env=server.env) as desk:
            begin = time.monotonic()
            assert wait_for(desk.running)
            assert 2.0 < time.monotonic() - begin < 6
            assert "sound begins without tonmeister:way/out_1 to late:desk/in_1\n" in desk.log()
            server.stop(signal.SIGKILL)
            assert wait_for(lambda: desk.client.status()["state"] == "waiting")
            server.start()
            assert wait_for(lambda: "tonmeister:way/out_1" in server.ports())
            heard = play(server, tmp_path, 5).heard()
            begins_with_a_ramp(heard[:, 0])
            assert desk.log().count("sound begins without") == 2
    finally:
        server.stop()


@on_a_machine_that_lets
def test_without_patience_and_ramp_sound_begins_at_once(tmp_path):
    config = write_config(tmp_path, STRIPS, start={"ramp": 0, "patience": 0})
    with JackServer(tmp_path, period=1024, realtime=True) as server, Daemon(config, backend="jack", env=server.env) as desk:
        assert wait_for(desk.running, 1.5)
        heard = play(server, tmp_path, 0.2).heard()
        assert set(np.unique(heard)) <= {0.0, LEVEL}
