# SPDX-License-Identifier: GPL-3.0-or-later
"""The desk as a JACK client: ports, connections, latencies, a server that dies (issue 2, section 4; JLT-1, -3, -4)."""

import json
import math
import signal
import time

import numpy as np
import pytest
from desk import Daemon, JackFeed, JackServer, on_a_machine_that_lets, write_config
from osc_client import bundle, message, wait_for

# A compressor that looks 10 ms ahead: 480 frames.
STRIPS = {
    "voice": {"input": ["system:capture_1"], "channels": 1, "chain": [{"compressor": {"ratio": 1, "lookahead": 10}}, {"fader": {}}],
              "output": ["synth:in_1"], "to": "mix"},
    "free": {"input": [], "channels": 2, "chain": [{"fader": {}}], "to": "mix"},
    "mix": {"name": "The Mix", "channels": 2, "chain": [{"fader": {}}], "output": ["/system:playback_[1]/", "system:playback_2"]},
}
# All of its ports are connected, so that each latency is one number: voice's way and the straight one, which is delayed alike.
PATHS = {
    "voice": {"input": ["system:capture_1"], "channels": 1, "chain": [{"compressor": {"ratio": 1, "lookahead": 10}}], "to": "mix"},
    "straight": {"input": ["system:capture_2"], "channels": 1, "to": "mix"},
    "mix": {"channels": 1, "output": ["system:playback_1"]},
}
PORTS = {"tonmeister:voice/in_1", "tonmeister:voice/out_1", "tonmeister:free/in_1", "tonmeister:free/in_2",
         "tonmeister:mix/out_1", "tonmeister:mix/out_2"}


def own(server):
    return {name for name in server.ports() if name.startswith("tonmeister")}


def latency(server, port):
    """(capture, playback), each (least, most)."""
    found = {"capture": None, "playback": None}
    for line in server.ports("-l").get(port, []):
        words = line.split()
        found[words[1]] = (int(words[5]), int(words[6]))
    return found["capture"], found["playback"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with JackServer(tmp_path_factory.mktemp("jack"), period=128) as running:
        yield running


@pytest.fixture
def desk(server, tmp_path):
    with Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env) as daemon:
        assert wait_for(daemon.running)
        yield daemon


def test_ports_have_their_names_and_connections(server, desk):
    assert own(server) == PORTS
    assert wait_for(lambda: server.connections("tonmeister:voice/in_1") == ["system:capture_1"])
    assert server.connections("tonmeister:free/in_1") == []
    assert server.connections("tonmeister:mix/out_1") == ["system:playback_1"]
    assert server.connections("tonmeister:mix/out_2") == ["system:playback_2"]


def test_a_connection_is_made_when_a_port_appears_and_made_again_when_it_comes_back(server, desk, tmp_path):
    assert wait_for(lambda: server.connections("tonmeister:voice/out_1") == [])
    config = {"synth": {"input": [], "channels": 1}}
    for _ in range(2):
        with Daemon(write_config(tmp_path, config, file="synth.json"), "--name", "synth", backend="jack", env=server.env):
            # Another daemon's ports are called STRIP/…; ours waits for a name that never comes: left alone.
            assert wait_for(lambda: "synth:synth/in_1" in server.ports())
            assert server.connections("tonmeister:voice/out_1") == []
    config = {**STRIPS, "voice": {**STRIPS["voice"], "output": ["/synth:.*in_1/"]}}
    write_config(tmp_path, config)
    assert ("/tonmeister/reloaded", [str(desk.config)]) in desk.client.obey("/tonmeister/reload")
    for _ in range(2):
        with Daemon(write_config(tmp_path, {"synth": {"input": [], "channels": 1}}, file="synth.json"), "--name", "synth",
                    backend="jack", env=server.env):
            assert wait_for(lambda: server.connections("tonmeister:voice/out_1") == ["synth:synth/in_1"])
        assert wait_for(lambda: server.connections("tonmeister:voice/out_1") == [])
    assert own(server) == PORTS


def has_latency(server, block, delay):
    """acceptance.md 5.2: at a period of 128, dummy's capture ports have 128 frames and its playback ports 256."""
    wanted = {"tonmeister:mix/out_1": ((block + delay,) * 2, (2 * block,) * 2),
              "tonmeister:voice/in_1": ((block,) * 2, (2 * block + delay,) * 2),
              "tonmeister:straight/in_1": ((block,) * 2, (2 * block + delay,) * 2)}
    assert wait_for(lambda: all(latency(server, port) == pair for port, pair in wanted.items())), \
        {port: latency(server, port) for port in wanted}


def test_JLT_1_2_4_latencies_follow_settings_and_block_sizes(server, tmp_path):
    with Daemon(write_config(tmp_path, PATHS), backend="jack", env=server.env) as desk:
        has_latency(server, 128, 480)
        assert desk.client.obey("/voice/compressor/lookahead", 5.0) == []
        has_latency(server, 128, 240)
        for size in (256, 1024, 128):
            assert server.run("jack_bufsize", str(size)).returncode == 0
            has_latency(server, size, 240)
            assert desk.client.status()["state"] == "running"
            assert desk.client.sync() == []  # audio cycles go on, or this would not be answered
        assert desk.client.get("/voice/compressor/lookahead") == 5.0


def test_ports_come_and_go_with_a_reload(server, desk, tmp_path):
    write_config(tmp_path, {**STRIPS, "new": {"input": ["system:capture_2"], "channels": 1, "to": "mix"}})
    desk.client.obey("/tonmeister/reload")
    assert wait_for(lambda: server.connections("tonmeister:new/in_1") == ["system:capture_2"])
    write_config(tmp_path, STRIPS)
    desk.client.obey("/tonmeister/reload")
    assert wait_for(lambda: own(server) == PORTS)


def test_JLT_3_the_server_is_killed_and_comes_back_ten_times(tmp_path):
    server = JackServer(tmp_path, period=128)
    server.start()
    times = []
    try:
        with Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env) as desk:
            assert wait_for(desk.running)
            desk.client.obey("/mix/fader/level", -7.25)
            for turn in range(10):
                server.stop(signal.SIGKILL if turn % 2 else signal.SIGTERM)
                assert wait_for(lambda: desk.client.status()["state"] == "waiting")
                desk.client.obey("/voice/fader/level", -float(turn))  # obeyed while there is no server
                server.start()
                start = time.monotonic()
                assert wait_for(lambda: desk.running() and server.connections("tonmeister:voice/in_1") == ["system:capture_1"])
                times.append(time.monotonic() - start)
                assert own(server) == PORTS and server.connections("tonmeister:mix/out_1") == ["system:playback_1"]
                assert desk.client.get("/mix/fader/level") == -7.25 and desk.client.get("/voice/fader/level") == -float(turn)
            assert desk.client.sync() == []
    finally:
        server.stop()
    print("rejoined after", [round(t, 2) for t in times])
    assert max(times) < 5.0


def test_the_desk_waits_for_a_server_that_is_not_there_yet(tmp_path):
    server = JackServer(tmp_path)
    with Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env) as desk:
        assert desk.client.status()["state"] == "waiting"
        assert desk.client.obey("/mix/fader/level", -3.0) == []
        with server:
            assert wait_for(desk.running)
            assert own(server) == PORTS and desk.client.get("/mix/fader/level") == -3.0


def test_JLT_4_a_server_of_another_rate_and_a_reload_while_there_is_none(tmp_path):
    strips = {"a": {"channels": 1, "chain": [{"tone": {"level": -20}}, {"delay": {"time": 10}}, {"fader": {}}], "output": []}}
    server = JackServer(tmp_path)
    with server, Daemon(write_config(tmp_path, strips), backend="jack", env=server.env) as desk:
        assert wait_for(desk.running) and desk.client.ask("/tonmeister/info")[3] == 48000.0
        desk.client.obey("/a/fader/level", -3.0)
        server.stop()
        assert wait_for(lambda: not desk.running())
        write_config(tmp_path, strips | {"b": {"channels": 1, "input": ["system:capture_1"]}})
        assert ("/tonmeister/reloaded", [str(desk.config)]) in desk.client.obey("/tonmeister/reload")
        for rate in (44100, 96000, 48000):
            server.rate = rate
            server.start()
            assert wait_for(desk.running)
            assert desk.client.ask("/tonmeister/info")[3] == rate
            assert desk.client.get("/a/fader/level") == -3.0
            assert wait_for(lambda: server.connections("tonmeister:b/in_1") == ["system:capture_1"])
            desk.client.obey("/a/tone/level", -20.0)
            assert wait_for(lambda: desk.client.get("/a/meter/peak") == pytest.approx(-23, abs=0.1))
            server.stop()
            assert wait_for(lambda: not desk.running())


def test_auto_takes_the_running_server(server, tmp_path):
    with Daemon(write_config(tmp_path, STRIPS), backend="auto", env=server.env) as desk:
        assert wait_for(desk.running) and own(server) == PORTS


def test_auto_joins_a_server_that_comes_later_with_all_settings(tmp_path):
    server = JackServer(tmp_path)
    elsewhere = {"XDG_RUNTIME_DIR": str(tmp_path), "PIPEWIRE_REMOTE": "there-is-none"}
    with Daemon(write_config(tmp_path, STRIPS), backend="auto", env=server.env | elsewhere) as desk:
        assert "the internal clock" in desk.log() and wait_for(desk.running)
        desk.client.obey("/mix/fader/level", -7.25)
        with server:
            assert wait_for(lambda: own(server) == PORTS, 15)  # it looks every three seconds
            assert wait_for(lambda: server.connections("tonmeister:voice/in_1") == ["system:capture_1"])
            assert desk.client.get("/mix/fader/level") == -7.25 and desk.client.sync() == []


def test_no_page_faults_in_the_audio_thread_after_warm_up(tmp_path):
    """RT-5, on the whole program: from /proc, minor and major faults of each of its real-time threads."""
    with JackServer(tmp_path, realtime=True) as server, Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env) as desk:
        assert wait_for(desk.running)
        time.sleep(1.5)  # a thousand cycles of 64 frames

        def faults():
            found = {}
            for task in (desk.proc / "task").iterdir():
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                if int(fields[38]) == 1:  # SCHED_FIFO
                    found[task.name] = int(fields[7]) + int(fields[9])
            return found

        before = faults()
        assert before, "no thread has real-time scheduling: run this as root or with the rights for it"
        for turn in range(60):
            desk.client.obey("/mix/fader/level", -turn / 3)
            desk.client.obey("/voice/compressor/threshold", -turn / 2)
            if turn % 20 == 10:
                desk.client.obey("/voice/compressor/lookahead", float(turn % 40) / 4)
        assert {thread: count for thread, count in faults().items() if thread in before} == before


@on_a_machine_that_lets
def test_a_strip_that_another_of_its_name_replaces_in_one_bundle_fades_out_through_the_port(tmp_path):
    """The ports stay, with their cables; nothing steps (design section 8, promise 3)."""
    level, seconds = 0.25, 4
    strip = {"channels": 1, "input": [], "output": [], "chain": [{"fader": {}}]}
    with JackServer(tmp_path, period=128, realtime=True) as server, Daemon(write_config(tmp_path, {"a": strip}), backend="jack", env=server.env) as desk:
        desk.settle()
        feed = JackFeed(server, tmp_path, np.full((int(seconds * 48000), 1), level), ["tonmeister:a/in_1"], ["tonmeister:a/out_1"])
        time.sleep(0.4)
        twice = strip | {"chain": [{"gain": {"level": 20 * math.log10(2)}}]}
        desk.client.send(bundle(None, message("/tonmeister/strip/remove", "a"), message("/tonmeister/strip/add", "a", json.dumps(twice))))
        assert desk.client.hear("/tonmeister/edited")
        heard = feed.heard()[:, 0]
    begin = np.argmax(heard > level * 0.99)
    steps = np.abs(np.diff(heard[begin:-480]))
    assert heard[begin:].min() < level / 100 and heard.max() == pytest.approx(2 * level, rel=1e-5)
    # Ten milliseconds each; the second rises to twice the level. A raised cosine is half of pi steeper than a line.
    assert steps.max() < 1.1 * math.pi / 2 * (2 * level) / 480
