# SPDX-License-Identifier: GPL-3.0-or-later
"""The same binary under a real, headless PipeWire with a null sink (issue 2, section 4; JLT-5)."""

import os
import pathlib
import signal
import subprocess
import time

import numpy as np
import pytest
from desk import Daemon, JackFeed, write_config
from osc_client import wait_for

STRIPS = {"a": {"input": [], "channels": 1, "chain": [{"tone": {"level": -20}}, {"compressor": {"ratio": 1, "lookahead": 10}}],
                "to": "mix"},
          "mix": {"channels": 2, "chain": [{"fader": {}}], "output": ["/sink:playback_FL/", "/sink:playback_FR/"]}}
SINK = ("{ factory.name=support.null-audio-sink node.name=sink media.class=Audio/Sink object.linger=true audio.position=[ FL FR ] "
        "audio.rate=48000 adapter.auto-port-config={ mode=dsp monitor=true position=preserve } }")


class PipeWire:
    wrap = ["pw-jack"]

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o700)
        self.env = {"XDG_RUNTIME_DIR": str(folder), "XDG_CONFIG_HOME": str(folder), "JACK_DEFAULT_SERVER": "there-is-none",
                    "PIPEWIRE_REMOTE": "pipewire-0", "PIPEWIRE_RUNTIME_DIR": str(folder)}

    def start(self):
        with (self.folder / "pipewire.log").open("ab") as log:
            self.process = subprocess.Popen(["pipewire"], env=os.environ | self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert wait_for(lambda: (self.folder / "pipewire-0").exists())
        assert wait_for(lambda: self.run("pw-cli", "create-node", "adapter", SINK).returncode == 0, every=0.2)
        self.quantum(256)

    def quantum(self, frames):
        assert self.run("pw-metadata", "-n", "settings", "0", "clock.force-quantum", str(frames)).returncode == 0

    def run(self, *words):
        return subprocess.run(words, env=os.environ | self.env, capture_output=True, text=True, timeout=20, check=False)

    def ports(self, *flags):
        found, name = {}, None
        for line in self.run("pw-jack", "jack_lsp", *flags).stdout.splitlines():
            if line[:1].isspace():
                found[name].append(line.strip())
            else:
                name = line
                found[name] = []
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def server(tmp_path):
    (tmp_path / "run").mkdir()
    running = PipeWire(tmp_path / "run")
    try:
        running.start()
        yield running
    finally:
        running.stop()


def connected(server):
    ports = server.ports("-c")
    return ports.get("tonmeister:mix/out_1") == ["sink:playback_FL"] and ports.get("tonmeister:mix/out_2") == ["sink:playback_FR"]


@pytest.mark.parametrize("backend", ["auto", "pipewire"])
def test_ports_connections_and_rate(server, tmp_path, backend):
    with Daemon(write_config(tmp_path, STRIPS), backend=backend, env=server.env) as desk:
        assert wait_for(desk.running)
        own = {name for name in server.ports() if name.startswith("tonmeister")}
        assert own == {"tonmeister:a/in_1", "tonmeister:mix/out_1", "tonmeister:mix/out_2"}
        assert wait_for(lambda: connected(server))
        assert desk.client.ask("/tonmeister/info")[3] == 48000.0
        assert "pipewire" in desk.log()


def share_of_the_tone(heard):
    """1 kHz at -20 dBFS, and -3 in the centre: the share of its periods that have this level, and go on from the one before in phase."""
    windows = heard[:len(heard) // 48 * 48].reshape(-1, 48)
    tone = windows @ np.exp(-2j * np.pi * np.arange(48) / 48) / 24
    right = np.abs(20 * np.log10(np.abs(tone) + 1e-12) + 23.01) < 0.02
    on = np.abs(np.angle(tone[1:] * np.conj(tone[:-1]))) < 1e-3
    return np.mean(right[1:] & on)


def test_audio_flows_to_the_sink_at_every_quantum(server, tmp_path):
    with Daemon(write_config(tmp_path, STRIPS), backend="pipewire", env=server.env) as desk:
        assert wait_for(lambda: desk.running() and connected(server))
        for quantum in (256, 1024, 64):
            server.quantum(quantum)
            time.sleep(0.3)
            assert desk.client.sync() == []  # cycles go on
            shares = []
            while len(shares) < 8 and max(shares, default=0) < 0.9:  # a busy machine makes cycles come late, now more and now less
                # A client of the server's own, on what the sink passes on.
                heard, _ = JackFeed(server, tmp_path, [], [], ["sink:monitor_FL", "sink:monitor_FR"], frames=48000).result()
                shares.append(min(share_of_the_tone(heard[:, channel]) for channel in (0, 1)))
            print(quantum, shares)
            assert max(shares) > 0.9, (quantum, shares)


def test_the_server_dies_and_comes_back(server, tmp_path):
    with Daemon(write_config(tmp_path, STRIPS), backend="pipewire", env=server.env) as desk:
        assert wait_for(lambda: desk.running() and connected(server))
        desk.client.obey("/mix/fader/level", -6.5)
        server.stop()
        assert wait_for(lambda: desk.client.status()["state"] == "waiting")
        assert desk.client.get("/mix/fader/level") == -6.5
        start = time.monotonic()
        server.start()
        assert wait_for(lambda: desk.running() and connected(server))
        assert time.monotonic() - start < 7  # of which the server's own start is a part
        assert desk.client.get("/mix/fader/level") == -6.5


def test_JLT_5_latency_is_reported(server, tmp_path):
    with Daemon(write_config(tmp_path, STRIPS), backend="pipewire", env=server.env) as desk:
        assert wait_for(lambda: desk.running() and connected(server))

        def playback(port):
            line, = [text for text in server.ports("-l")[port] if "playback" in text]
            return int(line.split()[6])

        # What is behind our input is what is behind our output, and our own 480 frames, within one quantum.
        assert wait_for(lambda: abs(playback("tonmeister:a/in_1") - playback("tonmeister:mix/out_1") - 480) <= 256, every=0.2)
