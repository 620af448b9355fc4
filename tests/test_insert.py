# SPDX-License-Identifier: GPL-3.0-or-later
"""Insert points under a JACK server, with an outboard box whose delay is known (issue 3, section 2)."""

import contextlib
import json
import os
import subprocess
import time

import numpy as np
import pytest
from desk import BUILD, Daemon, JackFeed, JackServer, on_a_machine_that_lets, read_wav, write_config
from osc_client import wait_for
from scipy.io import wavfile
from support_cli import tonmeister

PERIOD = 128
# What goes through the insert and what goes beside it are told apart by their sign: together they are silence, sample by sample.
STRIPS = {
    "in": {"input": [], "channels": 2, "to": ["through", "beside"]},
    "through": {"channels": 2, "chain": [{"insert": {"send": ["box:in_1", "/box:in_.*2/"], "return": ["box:out_1", "box:out_2"]}}], "to": "null"},
    "beside": {"channels": 2, "chain": [{"polarity": {"invert": True}}], "to": "null"},
    "null": {"channels": 2, "output": []},
    "other": {"input": [], "channels": 1, "chain": [{"fader": {}}], "output": []},
}
PINGED = "/tonmeister/insert/pinged"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with JackServer(tmp_path_factory.mktemp("jack"), period=PERIOD, realtime=True) as running:
        yield running


@contextlib.contextmanager
def box(server, delays, gain=1.0, echo=0):
    program = BUILD / "tests/jack_box"
    assert program.is_file(), f"{program} is missing: build it first, or name the build in TONMEISTER_BUILD"
    words = [program, "box", ",".join(map(str, delays)), str(gain), str(echo)]
    process = subprocess.Popen(words, env=os.environ | server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "running\n"
        yield
    finally:
        process.stdin.close()
        process.wait(20)


@pytest.fixture
def desk(server, tmp_path):
    with Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env) as daemon:
        daemon.settle()
        yield daemon


def returned(desk, there=True):
    return wait_for(lambda: desk.client.get("/through/insert/returned") == float(there))


def ping(desk, *words):
    """The answer's values, or the reason why there is none."""
    client = desk.new_client()
    client.tell("/tonmeister/insert/ping", "through", *words)
    while (answer := client.next()) is not None:
        address, values = answer
        if address == PINGED:
            return values
        if address == "/tonmeister/error":
            return values[1]
    raise AssertionError("a ping was not answered")


def settled(desk):
    """The insert has opened again: a second after a ping, and what takes longer to come round."""
    time.sleep(1.6)
    assert desk.client.sync() == []


def played(server, folder, frames=24000):
    """Noise into both inputs; what the null and the other strip gave."""
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (frames, 3)).astype(np.float32)
    to = ["tonmeister:in/in_1", "tonmeister:in/in_2", "tonmeister:other/in_1"]
    for _ in range(5):  # a cycle that this machine lost is not the desk's
        feed = JackFeed(server, folder, noise, to, ["tonmeister:null/out_1", "tonmeister:null/out_2", "tonmeister:other/out_1"])
        heard, missing = feed.result()
        if missing == 0:
            return noise, heard
    raise AssertionError("this machine loses cycles all the time")


def nulls(server, folder):
    """Silence to the bit; tried again, as the box may lose a cycle, too."""
    return any(not played(server, folder)[1][:, :2].any() for _ in range(3))


@pytest.mark.parametrize("delay", [0, 1, 480, 4801] if os.environ.get("TONMEISTER_THOROUGH") else [0, 1, 4801])
def test_a_ping_finds_period_and_box_to_the_sample_and_parallel_strips_cancel(server, desk, tmp_path, delay):
    with box(server, [delay, delay]):
        assert returned(desk)
        if delay > 0:
            settled(desk)
            assert not nulls(server, tmp_path)
        told = ping(desk)
        assert len(told) == 6, told
        strip, module, latency, way, gain, polarity = told
        assert (strip, module, latency, way, polarity) == ("through", "insert", delay, delay + PERIOD, "straight")
        assert abs(gain) < 0.1
        logged = f"insert/ping through/insert: 1 parameter, a latency of {delay} sample{'' if delay == 1 else 's'}\n"
        assert wait_for(lambda: logged in desk.log())
        assert wait_for(lambda: desk.client.get("/through/insert/latency") == float(delay))
        settled(desk)
        assert nulls(server, tmp_path)


@on_a_machine_that_lets
def test_the_dry_signal_is_as_late_and_other_strips_keep_every_bit_through_a_ping(server, desk, tmp_path):
    assert returned(desk, False) and nulls(server, tmp_path)  # nothing is there: dry
    noise = np.random.default_rng(2).uniform(-0.5, 0.5, (3 * 48000, 3)).astype(np.float32)
    to = ["tonmeister:in/in_1", "tonmeister:in/in_2", "tonmeister:other/in_1"]
    with box(server, [300, 300]):
        assert returned(desk)
        feed = JackFeed(server, tmp_path, noise, to, ["tonmeister:null/out_1", "tonmeister:null/out_2", "tonmeister:other/out_1"])
        assert ping(desk)[2] == 300
        heard = feed.heard()
        # Nothing of another strip has moved by a bit, while a plan was changed and noise went out.
        assert np.array_equal(heard[:, 2], noise[:, 2])
        settled(desk)
        assert nulls(server, tmp_path)
        desk.client.obey("/through/insert/on", False)
        desk.client.sync()
        settled(desk)
        assert nulls(server, tmp_path)  # dry, and as late
    assert returned(desk, False) and nulls(server, tmp_path)  # the box is gone
    with box(server, [300, 300]):
        assert returned(desk)
        desk.client.obey("/through/insert/on", True)
        settled(desk)
        assert nulls(server, tmp_path)  # and back


def test_a_ping_through_an_inverting_and_softer_box_tells_both(server, desk):
    with box(server, [64, 64], gain=-0.5):
        assert returned(desk)
        assert ping(desk, -20.0)[2:4] == [64, 64 + PERIOD]
        settled(desk)
        _, _, _, _, gain, polarity = ping(desk, "insert", -20.0)
        assert polarity == "inverted" and gain == pytest.approx(-6.02, abs=0.1)


def test_a_ping_follows_its_strip_s_new_name_and_is_one_step_of_undo(server, desk):
    with box(server, [480, 480]):
        assert returned(desk)
        client = desk.new_client()
        client.tell("/tonmeister/insert/ping", "through")
        desk.client.obey("/tonmeister/strip/rename", "through", "outboard")
        assert client.hear(PINGED, 10)[:3] == ["outboard", "insert", 480]
        assert wait_for(lambda: desk.client.get("/outboard/insert/latency") == 480.0)
        assert desk.client.obey("/tonmeister/undo") == [("/tonmeister/undone", ["insert/ping outboard"])]
        assert wait_for(lambda: desk.client.get("/outboard/insert/latency") == 0.0)
        assert desk.client.obey("/tonmeister/undo") == [("/tonmeister/undone", ["strip/rename through"])]
        desk.client.sync()
        assert desk.client.obey("/tonmeister/redo") == [("/tonmeister/redone", ["strip/rename through"])]
        desk.client.sync()
        assert desk.client.obey("/tonmeister/redo") == [("/tonmeister/redone", ["insert/ping outboard"])]
        assert wait_for(lambda: desk.client.get("/outboard/insert/latency") == 480.0)


def test_other_ports_are_connected_live_and_saved_as_a_list(server, desk):
    with box(server, [64, 64]):
        assert returned(desk)
        desk.client.obey("/through/insert/send", "box:in_2\nbox:in_1")
        assert wait_for(lambda: server.connections("tonmeister:through/insert/send_1") == ["box:in_2"])
        assert server.connections("tonmeister:through/insert/return_1") == ["box:out_1"]
        assert returned(desk)
        assert "is no port's full name" in desk.client.obey("/through/insert/send", "box")[0][1][1]
        assert "found 1 port for 2 channels" in desk.client.obey("/through/insert/send", "box:in_1")[0][1][1]
        desk.client.obey("/tonmeister/save", "copy")
        saved = json.loads(desk.config.with_name("copy.json").read_text())["strips"]["through"]["chain"][0]["insert"]
        assert saved == {"send": ["box:in_2", "box:in_1"], "return": ["box:out_1", "box:out_2"]}
        desk.client.obey("/tonmeister/scene/store", "show")
        desk.client.obey("/through/insert/send", "")
        assert wait_for(lambda: server.connections("tonmeister:through/insert/send_1") == [])
        desk.client.obey("/tonmeister/scene/recall", "show")
        assert wait_for(lambda: server.connections("tonmeister:through/insert/send_1") == ["box:in_2"])


def test_in_a_render_the_signal_passes_every_bit_in_time(tmp_path):
    wavfile.write(tmp_path / "in.wav", 48000, np.random.default_rng(3).uniform(-0.5, 0.5, (9600, 2)).astype(np.float32))
    chains = {"with": [{"insert": {"latency": 333}}, {"fader": {}}], "without": [{"fader": {}}]}
    outputs = []
    for name, chain in chains.items():
        config = write_config(tmp_path, {"a": {"channels": 2, "chain": chain, "output": []}}, file=f"{name}.json")
        done = tonmeister("render", config, "--input", f"a={tmp_path}/in.wav", "--output", f"a={tmp_path}/{name}.wav", "--bits", "32f")
        assert done.returncode == 0 and (("/a/insert: nothing is outside" in done.stderr) == (name == "with")), done.stderr
        outputs.append(read_wav(tmp_path / f"{name}.wav"))
    assert np.array_equal(*outputs) and outputs[0].any()


def test_what_can_not_be_measured_is_refused_and_changes_nothing(server, desk):
    assert returned(desk, False)
    assert "connected" in ping(desk)
    assert "expected STRIP" in ping(desk, 3.0)
    assert 'has no insert "another", expected one of insert' in ping(desk, "another")
    for delays, gain, echo, words in (([480, 480], 0.0, 0, "nothing comes back on channel 1"), ([480, 480], 1.0, 999, "more than once"),
                                      ([480, 482], 1.0, 0, "channel 2 comes back after 610 samples and channel 1 after 608")):
        with box(server, delays, gain, echo):
            assert returned(desk)
            assert words in ping(desk)
            assert "under way" not in ping(desk)  # the next one is let out
        assert returned(desk, False)
    assert desk.client.get("/through/insert/latency") == 0.0


def latencies(server, port):
    """(capture, playback), each (least, most)."""
    told = {words[1]: (int(words[5]), int(words[6])) for words in map(str.split, server.ports("-l")[port]) if "latency" in words}
    return told["capture"], told["playback"]


@pytest.mark.parametrize("cabled", [False, True])
def test_ports_of_an_insert_within_a_path_tell_what_is_before_and_behind_it(server, tmp_path, cabled):
    """The insert is away for 100 samples and a period; the limiter's look-ahead of 2 ms is 96, and 48 more (modules/limiter/limiter.md).
    The first send leaves before the insert and is heard at once; nothing of what comes back is in it."""
    ports = {"send": ["system:playback_2"], "return": ["system:capture_2"]} if cabled else {"send": [], "return": []}
    way, limiter, capture, playback = 100 + PERIOD, 96 + 48, PERIOD, 2 * PERIOD
    strips = {
        "v": {"input": ["system:capture_1"], "channels": 1, "to": "mix",
              "chain": [{"send": {"to": "early"}}, {"insert": ports | {"latency": 100}}, {"limiter": {"lookahead": 2}}]},
        "mix": {"channels": 1, "output": ["system:playback_1"]},
        "early": {"channels": 1, "output": []},
    }
    whole = (playback + way + limiter,) * 2
    wanted = {
        "v/insert/return_1": ((capture,) * 2 if cabled else (0, 0), (playback + limiter,) * 2),
        "v/insert/send_1": ((capture,) * 2, (playback,) * 2 if cabled else (0, 0)),
        "v/in_1": ((capture,) * 2, (0, whole[1])),  # early's output leads nowhere
        "mix/out_1": ((capture + way + limiter,) * 2, (playback,) * 2),
        "early/out_1": ((capture,) * 2, (0, 0)),
    }
    with Daemon(write_config(tmp_path, strips), backend="jack", env=server.env):
        found = {}

        def right():
            found.update({port: latencies(server, f"tonmeister:{port}") for port in wanted})
            return found == wanted

        assert wait_for(right), found
    del strips["early"], strips["v"]["chain"][0]
    with Daemon(write_config(tmp_path, strips), backend="jack", env=server.env):
        assert wait_for(lambda: latencies(server, "tonmeister:v/in_1") == ((capture,) * 2, whole))
        assert wait_for(lambda: latencies(server, "system:capture_1")[1] == whole)


def test_the_period_is_added_anew_when_it_changes_and_ports_tell_the_whole_latency(server, desk, tmp_path):
    def latency(port):
        return latencies(server, port)[0]

    with box(server, [100, 100]):
        assert returned(desk) and ping(desk)[2] == 100
        server.run("jack_connect", "system:capture_1", "tonmeister:in/in_1")
        server.run("jack_connect", "system:capture_2", "tonmeister:in/in_2")
        for period in (256, 64, PERIOD):
            assert server.run("jack_bufsize", str(period)).returncode == 0
            # dummy's capture ports are a period late; the insert is away for another and the box's hundred samples.
            assert wait_for(lambda: latency("tonmeister:null/out_1") == (2 * period + 100,) * 2), latency("tonmeister:null/out_1")
            assert latency("tonmeister:through/insert/send_1") == (period,) * 2
            assert desk.client.get("/through/insert/latency") == 100.0
            settled(desk)
            assert nulls(server, tmp_path)
