# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random instants of a daemon whose fader is flooded, 500 in `scripts/test --full`: the state always loads, and no change
that was acknowledged more than a second before is lost."""

import os
import random
import shutil
import signal
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

from osc_client import PATIENCE, string
from support_cli import ROOT, Daemon, free_port

KILLS, TOGETHER = 500 if os.environ.get("TONMEISTER_THOROUGH") else 100, 10
PERIOD = 1.0  # s within which a change is on the disk


def level_and_sync(value, number):
    """A bundle of the fader's level and a sync with its number."""
    level = string("/host/fader/level") + string(",f") + struct.pack(">f", value)
    sync = string("/tonmeister/sync") + string(",i") + struct.pack(">i", number)
    return b"#bundle\0" + struct.pack(">Q", 1) + struct.pack(">i", len(level)) + level + struct.pack(">i", len(sync)) + sync


def flood(port, seconds, first):
    """Sends rising levels for so long after the first is acknowledged; returns when each number was."""
    acknowledged, number = {}, first
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.settimeout(0.002)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            number += 1
            client.send(level_and_sync(level_of(number), number))
            try:
                while True:
                    answer = client.recv(2048)
                    if answer.startswith(b"/tonmeister/synced\0"):
                        if not acknowledged:
                            until = time.monotonic() + seconds
                        acknowledged[struct.unpack(">i", answer[-4:])[0]] = time.monotonic()
            except TimeoutError:
                pass
    return acknowledged, number


def level_of(number):
    """In steps that a float has exactly; never the config's own -3."""
    return -100 + number / 1024


def many_lives(folder, seed, lives):
    """How much was lost at worst, in seconds."""
    folder.mkdir()
    config = shutil.copy(ROOT / "configs/voice.json", folder / "voice.json")
    port, chance, number, lost = free_port(), random.Random(seed), 0, []
    for _ in range(lives):
        desk = Daemon(config, folder, port=port)
        if number:
            back = round((float(desk.get("/host/fader/level")) + 100) * 1024) # `get` prints six digits: a tenth of a step
            lost.append(killed - max((at for n, at in acknowledged.items() if n <= back), default=0))
            due = [n for n, at in acknowledged.items() if at <= killed - PERIOD]
            assert back >= max(due)
            assert back <= number
        acknowledged, number = flood(port, 1.1 + chance.uniform(0, 0.5), number)
        assert len(acknowledged) > 50
        killed = time.monotonic()  # not before: what is late from here on is not the desk's
        desk.stop(signal.SIGKILL)
    assert len(lost) == lives - 1
    assert not list(folder.glob("*.broken"))
    return max(lost)


def test_kills(tmp_path):
    with ThreadPoolExecutor(TOGETHER) as pool:
        worst = max(pool.map(lambda seed: many_lives(tmp_path / str(seed), seed, KILLS // TOGETHER), range(TOGETHER)))
    print(f"{KILLS} kills: at most {worst:.3f} s of changes lost")
