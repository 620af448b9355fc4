# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGTERM while the desk is as busy as it gets: a big desk, an audio thread without a moment's rest, a flood of messages."""

import json
import threading
import time

import pytest
from desk import Daemon, write_config
from osc_client import bundle, message, wait_for

STRIPS = 2000
CHAIN = [{"tone": {"level": -40}}, {"highpass": {}}, {"eq": {}}, {"compressor": {}}, {"fader": {}}, {"pan": {}}]


TRIES = 3
GOOD = 0.5  # s: what a desk should take, in the best of the tries; the machines are shared
LATEST = 2.0  # s, every time: SYS-4


@pytest.mark.parametrize("flooded", [False, True])
def test_SIGTERM_ends_within_half_a_second_under_full_load(tmp_path, flooded):
    times = []
    while len(times) < TRIES and min(times, default=LATEST) > GOOD:
        folder = tmp_path / str(len(times))
        folder.mkdir()
        times.append(seconds_to_stop(folder, flooded))
        assert times[-1] < LATEST
    assert min(times) <= GOOD, times


def seconds_to_stop(folder, flooded):
    strips = {f"s{i}": {"chain": CHAIN, "to": "mix"} for i in range(STRIPS)} | {"mix": {"channels": 2, "output": []}}
    config = write_config(folder, strips)
    with Daemon(config) as desk:
        assert wait_for(desk.running)
        desk.client.tell("/tonmeister/subscribe", "//*", 100.0)
        time.sleep(1.0)
        load = desk.new_client().status()["load"]
        stop = threading.Event()

        def flood():
            client, n = desk.new_client(), 0
            while not stop.is_set():
                client.send(bundle(None, *(message(f"/s{(n + k) % STRIPS}/fader/level", -(n % 60) - 1.0) for k in range(20))))
                n += 20
        threads = [threading.Thread(target=flood) for _ in range(1 if flooded else 0)]
        for thread in threads:
            thread.start()
        time.sleep(1.5)
        try:
            code, seconds = desk.stop()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    print(f"flooded {flooded}: load {load:.2f}, {seconds:.3f} s")
    assert code == 0
    if flooded:
        state = json.loads(next(folder.rglob("*.state.json")).read_text())
        assert len(state["settings"]) == STRIPS
    return seconds
