# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at 500 random instants while the state is written: it always loads, and no change older than a second is lost.

tests/test_state.py kills the whole daemon, fewer times; here a small program has nothing but the daemon's own writer."""

import json
import random
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from desk import BUILD

KILLS, TOGETHER = 500, 10
PROGRAM = BUILD / "src/control/state-kill-harness"


def one_life(file, first, seconds):
    """Runs until killed; every change it took, and when it said so."""
    taken = []
    with subprocess.Popen([PROGRAM, file, str(first)], stdout=subprocess.PIPE, text=True) as program:
        def read():
            for line in program.stdout:
                if line.endswith("\n"):
                    taken.append((int(line), time.monotonic()))
        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(seconds)
        killed = time.monotonic()
        program.send_signal(signal.SIGKILL)
        program.wait()
        reader.join()
    return taken, killed


def many_lives(folder, seed, lives):
    chance, file, first, worst = random.Random(seed), folder / f"{seed}.json", 1, 0.0
    for _ in range(lives):
        taken, killed = one_life(file, first, chance.uniform(1.1, 1.7))
        state = json.loads(file.read_text())  # whole, whenever it was killed
        assert state["change"] <= taken[-1][0] + 1 and len(state["filling"]) == 200_000
        due = [change for change, moment in taken if moment < killed - 1.0]
        assert state["change"] >= max(due, default=0)
        worst = max(worst, killed - max((moment for change, moment in taken if change <= state["change"]), default=killed - 9))
        first = taken[-1][0] + 1
    return worst


def test_500_kills(tmp_path):
    assert PROGRAM.is_file(), f"{PROGRAM} is missing: build it first, or name the build in TONMEISTER_BUILD"
    with ThreadPoolExecutor(TOGETHER) as pool:
        worst = max(pool.map(lambda seed: many_lives(tmp_path, seed, KILLS // TOGETHER), range(TOGETHER)))
    print(f"{KILLS} kills: at most {worst:.3f} s of changes lost")
    assert not list(tmp_path.glob("*.broken"))
