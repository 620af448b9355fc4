# SPDX-License-Identifier: GPL-3.0-or-later
"""RT-9: what the running desk gives under a JACK server is what `render` writes, bit for bit, hands on the faders included.

JACK's freewheel mode lets both run through the same known samples. Where a hand moves, the sample on which it was obeyed is read off
the output, and `render --events` is told just that."""

import subprocess
import time

import numpy as np
import pytest
from desk import BINARY, Daemon, JackFeed, JackServer, read_wav, write_config, on_a_machine_that_lets
from live_offline import obeyed_at, same_bits
from osc_client import bundle, message
from scipy.io import wavfile

RATE = 48000
STRIPS = {
    "a": {"input": [], "channels": 1,
          "chain": [{"highpass": {"frequency": 60}}, {"eq": {"band/3": {"on": True, "type": "bell", "frequency": 300, "gain": 5, "q": 1}}},
                    {"compressor": {"threshold": -30, "lookahead": 5}}, {"fader": {"level": -3}}, {"pan": {"position": 0.3}}], "to": "mix"},
    "b": {"input": [], "channels": 2, "chain": [{"send": {"to": "echo", "level": -12}}, {"fader": {}}], "to": "mix"},
    "echo": {"channels": 2, "chain": [{"delay": {"time": 90}}, {"lowpass": {"frequency": 4000}}], "to": "mix"},
    "mix": {"stage": "master", "channels": 2, "chain": [{"limiter": {"gain": 6}}, {"loudness": {}}], "output": []},
}
TO = ["tonmeister:a/in_1", "tonmeister:b/in_1", "tonmeister:b/in_2"]
LISTEN = ["tonmeister:mix/out_1", "tonmeister:mix/out_2"]


def programme(seconds):
    """Noise whose level swells and falls, so that every detector works."""
    rng = np.random.default_rng(20)
    frames = int(seconds * RATE)
    level = 10 ** ((-20 + 14 * np.sin(2 * np.pi * np.arange(frames) / RATE / 1.7)) / 20)
    return (rng.standard_normal((frames, 3)) * level[:, None] * 0.5).astype(np.float32)


def render(folder, config, played, *options):
    wavfile.write(folder / "a.wav", RATE, played[:, 0])
    wavfile.write(folder / "b.wav", RATE, played[:, 1:])
    subprocess.run([BINARY, "render", config, "--input", f"a={folder}/a.wav", "--input", f"b={folder}/b.wav", "--output",
                    f"mix={folder}/mix.wav", "--raw", "--bits", "32f", "--quiet", *options], check=True, timeout=120)
    return read_wav(folder / "mix.wav")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with JackServer(tmp_path_factory.mktemp("jack")) as running:
        yield running


def desk_at_rest(server, folder):
    return Daemon(write_config(folder, STRIPS), backend="jack", env=server.env)


@pytest.mark.parametrize("block", [64, 1000])
@on_a_machine_that_lets
def test_live_is_offline_bit_for_bit(server, tmp_path, block):
    played = programme(6)
    with desk_at_rest(server, tmp_path) as desk:
        desk.settle()
        heard = JackFeed(server, tmp_path, played, TO, LISTEN, freewheel=True).heard()
    assert np.abs(heard).max() > 0.1
    assert same_bits(heard, render(tmp_path, desk.config, played, "--block", str(block)))


def with_events(folder, daemon, played):
    """render with these lines of events, for obeyed_at."""
    def run(lines, *options):
        (folder / "events.txt").write_text("".join(f"{line}\n" for line in lines))
        return render(folder, daemon.config, played, "--events", str(folder / "events.txt"), *options)
    return run


def packed(move):
    address, *values = move.split()
    return message(address, *(float(v) for v in values))


@on_a_machine_that_lets
def test_live_is_offline_with_hands_on_the_faders(server, tmp_path):
    played = programme(12)
    moves = ["/b/fader/level -8", "/a/pan/position -0.7", "/a/eq/band/3/gain -6 0.3", "/a/fader/level -12 0.5"]
    with desk_at_rest(server, tmp_path) as desk:
        desk.settle()
        feed = JackFeed(server, tmp_path, played, TO, LISTEN, freewheel=True)
        for move in moves:
            # Each sync takes two blocks at least: so moves are further apart than the strips' latencies, and are heard in their order.
            for _ in range(4):
                desk.client.sync()
            desk.client.send(packed(move))
        heard = feed.heard()
    run = with_events(tmp_path, desk, played)
    events = obeyed_at(run, heard, [[move] for move in moves], step=64)  # messages are obeyed between blocks
    assert len({event.split()[0] for event in events}) > 1, "all moves fell on one block: the run was too short for them"
    assert same_bits(heard, run(events, "--block", "441"))


@on_a_machine_that_lets
def test_live_is_offline_with_a_bundle_on_its_sample(tmp_path):
    """In real time, since a time tag is one of the wall's clock."""
    played = programme(2.5)
    moves = ["/b/fader/level -8", "/a/pan/position -0.7", "/a/fader/level -12 0.5", "/echo/lowpass/frequency 900"]
    with JackServer(tmp_path, realtime=True) as server, desk_at_rest(server, tmp_path) as desk:
        desk.settle()
        feed = JackFeed(server, tmp_path, played, TO, LISTEN)
        desk.client.send(bundle(time.time() + 1.2345, *[packed(move) for move in moves]))
        heard = feed.heard()
        run = with_events(tmp_path, desk, played)
        events = obeyed_at(run, heard, [moves], step=1)
        assert abs(int(events[0].split("s")[0]) - 1.2345 * RATE) < 0.2 * RATE
        assert same_bits(heard, run(events, "--block", "441"))
