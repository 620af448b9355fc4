# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon as a service manager sees it, and on its own clock: SYS-2, SYS-4, SYS-5, SYS-6 and signals."""

import json
import os
import signal
import socket
import subprocess
import time

import numpy as np
import pytest
from desk import BINARY, Daemon, JackFeed, JackServer, write_config
from osc_client import wait_for

STRIPS = {"a": {"chain": [{"tone": {"level": -20}}, {"fader": {}}], "to": "mix"}, "mix": {"channels": 2, "output": []}}


class Manager:
    """$NOTIFY_SOCKET's other end."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []

    def listen(self, seconds, until=None):
        """Every line with the moment it came, until one begins with `until`; true when that came."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                lines = self.socket.recv(4096).decode().splitlines()
            except TimeoutError:
                break
            self.heard += [(time.monotonic(), line) for line in lines]
            if until and any(line.startswith(until) for line in lines):
                return True
        return False

    def count(self, line):
        return sum(heard == line for _, heard in self.heard)

    def env(self, watchdog=None):
        return {"NOTIFY_SOCKET": self.path} | ({"WATCHDOG_USEC": str(int(watchdog * 1e6))} if watchdog else {})


def test_ready_watchdog_reload_and_stop_are_told(tmp_path):
    manager = Manager(tmp_path)
    with Daemon(write_config(tmp_path, STRIPS), env=manager.env(watchdog=1.0)) as desk:
        assert manager.listen(10, "READY=1") and desk.running()
        start = len(manager.heard)
        manager.listen(3.2)
        fed = [moment for moment, line in manager.heard[start:] if line == "WATCHDOG=1"]
        assert 4 <= len(fed) <= 9 and max(np.diff(fed)) < 0.95  # every half of its second, and never a whole one
        desk.process.send_signal(signal.SIGHUP)
        assert manager.listen(5, "RELOADING=1") and any(line.startswith("MONOTONIC_USEC=") for _, line in manager.heard)
        assert manager.count("READY=1") == 2 or manager.listen(5, "READY=1")
        assert desk.stop()[0] == 0
        assert manager.listen(1, "STOPPING=1")
    assert manager.heard[-1][1] != "WATCHDOG=1"


def test_ready_only_when_the_ports_exist_and_audio_flows(tmp_path):
    manager, server = Manager(tmp_path), JackServer(tmp_path)
    with Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env | manager.env(watchdog=1.0)) as desk:
        assert not manager.listen(1.5, "READY=1")
        assert any(line.startswith("STATUS=waiting for the audio server") for _, line in manager.heard)
        with server:
            assert manager.listen(10, "READY=1")
            assert {"tonmeister:mix/out_1", "tonmeister:mix/out_2"} <= set(server.ports())
            assert desk.running()
        start = len(manager.heard)
        manager.listen(3)  # waits for the server on purpose: alive
        assert sum(line == "WATCHDOG=1" for _, line in manager.heard[start:]) >= 3
        assert desk.stop()[0] == 0


def test_the_watchdog_starves_when_the_audio_thread_does(tmp_path):
    """SYS-3 as far as no debugger is needed: where the server stops its cycles, none is counted and nothing is fed."""
    manager, server = Manager(tmp_path), JackServer(tmp_path)
    with server, Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env | manager.env(watchdog=1.0)) as desk:
        assert manager.listen(10, "READY=1")
        server.process.send_signal(signal.SIGSTOP)
        try:
            manager.listen(1.5)
            start = len(manager.heard)
            manager.listen(2)
            assert sum(line == "WATCHDOG=1" for _, line in manager.heard[start:]) == 0
            assert desk.answers_ping(3)
        finally:
            server.process.send_signal(signal.SIGCONT)
        assert wait_for(lambda: desk.running())
        assert manager.listen(10, "WATCHDOG=1")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_0_within_two_seconds(tmp_path, how):
    with Daemon(write_config(tmp_path, STRIPS)) as desk:
        start = time.monotonic()
        desk.process.send_signal(how)
        assert desk.process.wait(5) == 0 and time.monotonic() - start < 2.0


def test_SYS_4_it_fades_out_within_50_ms(tmp_path):
    with JackServer(tmp_path, realtime=True) as server:
        with Daemon(write_config(tmp_path, STRIPS), backend="jack", env=server.env) as desk:
            assert wait_for(desk.running)
            time.sleep(0.3)
            feed = JackFeed(server, tmp_path, [], [], ["tonmeister:mix/out_1"], frames=72000)
            time.sleep(0.5)
            desk.process.send_signal(signal.SIGTERM)
            heard, _ = feed.result()
            assert desk.process.wait(5) == 0
    level = np.abs(heard[:, 0]).reshape(-1, 48).max(axis=1)  # each ms of a 1 kHz tone: its peak
    loud = 10 ** (-23 / 20)
    begins = int(np.argmax(level < loud * 0.98))
    ends = int(np.argmax(level < 1e-6))
    assert level[:begins].min() > loud * 0.98 and begins > 300
    assert 10 < ends - begins <= 52 and level[ends:].max() < 1e-6
    assert np.diff(level[begins:ends]).max() < 1e-3  # downwards, without a click
    assert np.abs(np.diff(heard[:, 0])).max() < 1.02 * 2 * np.pi * 1000 / 48000 * loud


def test_SYS_5_a_broken_config_leaves_the_old_graph(tmp_path):
    manager = Manager(tmp_path)
    with Daemon(write_config(tmp_path, STRIPS), env=manager.env()) as desk:
        assert manager.listen(10, "READY=1")
        desk.client.obey("/a/fader/level", -6.0)
        desk.config.write_text('{ "version": 1, "strips": { "a": { "chain": [ { "fadr": {} } ] } } }')
        desk.process.send_signal(signal.SIGHUP)
        assert manager.listen(5, "STATUS=reload refused")
        assert "fadr" in desk.log() and "desk.json:1:" in desk.log()
        assert wait_for(lambda: desk.client.get("/a/meter/peak") == pytest.approx(-26, abs=0.1))
        desk.config.write_text(json.dumps({"version": 1, "strips": STRIPS | {"b": {"to": "mix", "channels": 1}}}))
        desk.process.send_signal(signal.SIGHUP)
        assert wait_for(lambda: desk.client.ask("/tonmeister/info")[4] == 3)
        assert desk.client.get("/a/fader/level") == -6.0


def test_a_bad_config_never_starts(tmp_path):
    config = write_config(tmp_path, {"a": {"to": "nowhere"}, "b": {"chain": [{"fadr": {}}]}})
    run = subprocess.run([BINARY, "run", config, "--backend", "internal", "--osc", "udp://127.0.0.1:0"], capture_output=True,
                         text=True, timeout=20, check=False)
    assert run.returncode == 1
    assert "nowhere" in run.stderr and "fadr" in run.stderr and "fader" in run.stderr


def test_an_osc_port_that_is_taken_is_an_error_at_once(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{taken.getsockname()[1]}"
        run = subprocess.run([BINARY, "run", write_config(tmp_path, STRIPS), "--backend", "internal", "--osc", url],
                             capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 1 and url in run.stderr


def test_SYS_6_without_rights_it_warns_and_runs(tmp_path):
    """No real-time scheduling and no locked memory: limits of nothing, and no capability that goes beyond limits."""
    rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
    command = ["prlimit", "--memlock=65536:65536", "--rtprio=0:0", *rights, BINARY, "run", write_config(tmp_path, STRIPS), "--fresh",
               "--backend", "internal", "--osc", "udp://127.0.0.1:0", "--state", tmp_path / "state.json"]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            text = lambda: (tmp_path / "log").read_text()
            assert wait_for(lambda: "internal clock: 48000 Hz" in text()), text()
            assert "warning" in text() and "memlock" in text().lower(), text()
            process.terminate()
            assert process.wait(5) == 0
        finally:
            process.kill()
            process.wait()


def test_auto_falls_back_to_the_internal_clock_and_keeps_its_pace(tmp_path):
    env = {"JACK_DEFAULT_SERVER": "there-is-none", "XDG_RUNTIME_DIR": str(tmp_path), "PIPEWIRE_REMOTE": "there-is-none"}
    strips = {"a": {"chain": [{"tone": {}}, {"recorder": {"file": str(tmp_path / "take.wav"), "arm": True, "record": True}}]}}
    with Daemon(write_config(tmp_path, strips), backend="auto", env=env) as desk:
        assert "the internal clock" in desk.log() and wait_for(desk.running)
        written = lambda: desk.client.get("/a/recorder/written")
        assert wait_for(lambda: written() > 0.5)

        def reading():  # seconds of sound, and between which two moments they were read
            before = time.monotonic()
            return written(), before, time.monotonic()
        first, earliest, early = reading()
        time.sleep(3)
        last, late, latest = reading()
        assert late - early - 0.15 < last - first < latest - earliest + 0.15
