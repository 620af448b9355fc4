# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random instants of a daemon whose fader is flooded, 500 in `scripts/test --full`: the state always loads, and no change
that was acknowledged more than a second before is lost."""

import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from osc_client import PATIENCE, string
from support_cli import ROOT, Daemon, free_port

KILLS, TOGETHER = 500 if os.environ.get("TONMEISTER_THOROUGH") else 100, 10
SOME = 50  # changes of a life
PERIOD = 1.0  # s within which a change is on the disk

# What this machine takes for a small file at the moment, late waking included: one that has no processor or disk to give is not the desk's fault.
WRITER = """
import os, sys, time
while True:
    due = time.monotonic() + 0.1
    time.sleep(0.1)
    with open(sys.argv[1] + "/part", "w") as file:
        file.write("x" * 4096)
        file.flush()
        os.fsync(file.fileno())
    os.rename(sys.argv[1] + "/part", sys.argv[1] + "/whole")
    print(time.monotonic(), time.monotonic() - due, flush=True)
"""


class Machine:
    def __init__(self, folder):
        folder.mkdir()
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def late(self, end):
        """Seconds, at worst in the two before `end`, for two files: a change that comes while one is written waits for the next."""
        lines = [tuple(map(float, line.split())) for line in self.log.read_text().splitlines() if line.count(".") == 2]
        return 2 * max((took for moment, took in lines if end - 2 < moment < end + 1), default=0)


def level_and_sync(value, number):
    """A bundle of the fader's level and a sync with its number."""
    level = string("/host/fader/level") + string(",f") + struct.pack(">f", value)
    sync = string("/tonmeister/sync") + string(",i") + struct.pack(">i", number)
    return b"#bundle\0" + struct.pack(">Q", 1) + struct.pack(">i", len(level)) + level + struct.pack(">i", len(sync)) + sync


def flood(port, seconds, first):
    """Sends rising levels until some are acknowledged, the first so many seconds ago; returns when each number was."""
    acknowledged, number, give_up = {}, first, time.monotonic() + 4 * PATIENCE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.settimeout(0.002)
        until = 0.0
        while time.monotonic() < (until if len(acknowledged) > SOME else give_up):
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


def many_lives(folder, seed, lives, machine):
    """How much was lost at worst, in seconds, and how many lives had something to lose."""
    folder.mkdir()
    checked = 0
    config = shutil.copy(ROOT / "configs/voice.json", folder / "voice.json")
    port, chance, number, lost = free_port(), random.Random(seed), 0, []
    for _ in range(lives):
        with Daemon(config, folder, port=port) as desk:
            if number:
                back = round((float(desk.get("/host/fader/level")) + 100) * 1024) # `get` prints six digits: a tenth of a step
                lost.append(killed - max((at for n, at in acknowledged.items() if n <= back), default=min(acknowledged.values())))
                due = [n for n, at in acknowledged.items() if at <= killed - PERIOD - machine.late(killed)]
                checked += len(due) > 0
                assert max(due, default=0) <= back <= number
            late = min(3.0, machine.late(time.monotonic()))  # so that a slow machine, too, has changes that must be on the disk
            acknowledged, number = flood(port, PERIOD + 0.1 + late + chance.uniform(0, 0.5), number)
            assert len(acknowledged) > SOME
            killed = time.monotonic()  # not before: what is late from here on is not the desk's
            desk.stop(signal.SIGKILL)
    assert len(lost) == lives - 1
    assert not list(folder.glob("*.broken"))
    return max(lost), checked


def test_kills(tmp_path):
    with ThreadPoolExecutor(TOGETHER) as pool, Machine(tmp_path / "machine") as machine:
        lives = list(pool.map(lambda seed: many_lives(tmp_path / str(seed), seed, KILLS // TOGETHER, machine), range(TOGETHER)))
    checked = sum(checked for _, checked in lives)
    print(f"{KILLS} kills: at most {max(worst for worst, _ in lives):.3f} s of changes lost, {checked} kills with more than a second's before them")
    assert checked > KILLS // 2, "this machine is too busy to write a file within a second"
