# SPDX-License-Identifier: GPL-3.0-or-later
"""OSC-3: time tags are honoured to the sample, and a bundle is one moment. Measured on what comes out of a JACK port.

A constant goes in and steps of gain come out: what sample a bundle took effect on can be seen."""

import functools
import time

import numpy as np
import pytest
from desk import Daemon, JackFeed, JackServer, write_config
from osc_client import bundle, message

RATE = 48000
STRIPS = {"a": {"input": [], "channels": 1, "chain": [{"fader": {}}], "output": []},
          "b": {"input": [], "channels": 1, "chain": [{"fader": {}}, {"polarity": {}}], "output": []}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # Real-time threads: without, this machine's other work would be measured, not the desk.
    with JackServer(tmp_path_factory.mktemp("jack"), realtime=True) as running:
        yield running


def play(server, folder, seconds, talk):
    """Both strips' output while `talk(client)` sends what it likes, and the client's status then."""
    with Daemon(write_config(folder, STRIPS), backend="jack", env=server.env) as daemon:
        daemon.settle()
        feed = JackFeed(server, folder, np.ones((int(seconds * RATE), 2)), to=["tonmeister:a/in_1", "tonmeister:b/in_1"],
                        listen=["tonmeister:a/out_1", "tonmeister:b/out_1"])
        talk(daemon.client)
        heard, missing = feed.result()
        return heard, missing, daemon.client.status()


def in_an_undisturbed_run(test):
    """A virtual machine may take the processor away for milliseconds, and the server then loses cycles: the sample clock
    stands still while the wall's goes on. The promise is for runs without that, so one of five has to be such a run."""

    @functools.wraps(test)
    def tried(server, tmp_path):
        for attempt in range(5):
            folder = tmp_path / str(attempt)
            folder.mkdir()
            try:
                return test(server, folder)
            except AssertionError:
                if attempt == 4:
                    raise
        return None

    return tried


@in_an_undisturbed_run
def test_the_distance_of_two_bundles_is_kept_to_the_sample(server, tmp_path):
    distances = [4176, 5424, 1, 4800, 12000, 97, 480, 30000]  # samples
    moments = np.concatenate([[0], np.cumsum(distances)])

    def talk(client):
        start = time.time() + 1.0  # the feed's arrival cost cycles, and the clock has to notice
        for i, moment in enumerate(moments):
            client.send(bundle(start + moment / RATE, message("/a/fader/level", -6.0 if i % 2 == 0 else 0.0, 0.0)))

    heard, missing, status = play(server, tmp_path, 3.5, talk)
    steps = np.flatnonzero(np.abs(np.diff(heard[:, 0])) > 0.1) + 1
    assert missing == 0 and status["late"] == 0, "the machine lost cycles"
    assert len(steps) == len(moments)
    assert np.abs(np.diff(steps) - distances).max() <= 1
    assert np.allclose(np.unique(heard[:, 0]), [10 ** (-6 / 20), 1.0], atol=1e-6)  # nothing between: no step is smeared


@in_an_undisturbed_run
def test_the_messages_of_a_bundle_take_effect_on_one_sample(server, tmp_path):
    def talk(client):
        time.sleep(0.1)
        for i in range(8):
            value = (-6.0, 0.0)[i % 2]
            client.send(bundle(None, message("/a/fader/level", value, 0.0), message("/b/fader/level", value, 0.0)))
            time.sleep(0.0531)

    heard, missing, _ = play(server, tmp_path, 1.5, talk)
    steps = [np.flatnonzero(np.abs(np.diff(heard[:, c])) > 0.1) + 1 for c in (0, 1)]
    assert missing == 0
    assert len(steps[0]) == 8 and np.array_equal(*steps)


@in_an_undisturbed_run
def test_a_tag_is_a_moment_of_the_wall_clock(server, tmp_path):
    """Against a message to be obeyed at once: that one can't be earlier than it was sent, and is soon after."""
    told = {}

    def talk(client):
        told["tag"] = time.time() + 0.5
        client.send(bundle(told["tag"], message("/b/fader/level", -6.0, 0.0)))
        time.sleep(0.5)
        told["sent"] = time.time()
        client.tell("/a/fader/level", -6.0, 0.0)

    heard, missing, _ = play(server, tmp_path, 1.5, talk)
    at_once, tagged = (int(np.flatnonzero(np.abs(np.diff(heard[:, c])) > 0.1)[0]) for c in (0, 1))
    assert missing == 0
    early = told["sent"] + (tagged - at_once) / RATE - told["tag"]  # seconds after its tag that it came, if the other came at once
    assert -0.1 < early < 0.003


@in_an_undisturbed_run
def test_late_ones_run_at_once_and_are_counted(server, tmp_path):
    def talk(client):
        time.sleep(0.2)
        client.send(bundle(time.time() - 1, message("/a/fader/level", -6.0, 0.0)))

    heard, _, status = play(server, tmp_path, 1, talk)
    assert len(np.flatnonzero(np.abs(np.diff(heard[:, 0])) > 0.1)) == 1
    assert status["late"] == 1
