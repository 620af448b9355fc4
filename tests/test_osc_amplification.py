# SPDX-License-Identifier: GPL-3.0-or-later
"""OSC-9: who was not let in gets nothing back, whatever is sent, so no forged source can aim the desk at somebody else.

A network of its own (a namespace with one address besides loopback), since the sender must not be on loopback."""

import json
import pathlib
import subprocess
import sys

import pytest
from desk import write_config
from osc_client import PATIENCE
from support_cli import in_own

HERE = pathlib.Path(__file__).resolve().parent
STRANGER = "192.0.2.9"  # RFC 5737: for documentation, nobody's own
STRIPS = {f"s{i}": {"chain": [{"eq": {}}, {"compressor": {}}, {"fader": {}}]} for i in range(20)}

INSIDE = r"""
import json, socket, sys, time
sys.path.insert(0, sys.argv[1])
from desk import Daemon
from osc_client import bundle, message
REQUESTS = {
    "list": message("/tonmeister/list"), "status": message("/tonmeister/status"), "info": message("/tonmeister/info"),
    "ping": message("/tonmeister/ping", 1), "get": message("/s1/fader/level"), "pattern": message("//*"), "unknown": message("/x"),
    "malformed": b"/a", "bundle": bundle(None, *[message("//*")] * 20), "diff": message("/tonmeister/scene/list"),
    "subscribe": message("/tonmeister/subscribe", "//*", 100.0), "sync": message("/tonmeister/sync", 1),
    "reply": message("/tonmeister/reply", 4000), "load": message("/tonmeister/load", "x")}
REQUESTS = {name: REQUESTS[name] for name in sys.argv[5:] or REQUESTS}
found = {}
with Daemon(sys.argv[2], osc=("udp://0.0.0.0:0",)) as desk:
    before = desk.client.status()["refused"]
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind((sys.argv[3], 0))
    for name, packet in REQUESTS.items():
        client.sendto(packet, (sys.argv[3], desk.port))
        client.settimeout(float(sys.argv[4]))
        got = 0
        try:
            while True:
                got += len(client.recv(65536))
                client.settimeout(0.3)
        except TimeoutError:
            pass
        found[name] = got / max(len(packet), 1)
    found["refused"] = desk.client.status()["refused"] - before
    found["requests"] = len(REQUESTS)
print(json.dumps(found))
"""


def amplification(tmp_path, *requests, patience=0.3, **control):
    """Bytes that came for each byte sent, by request; all of them where none is named."""
    config = write_config(tmp_path, STRIPS, control=control)
    command = [*in_own("net"), "sh", "-c",
               f'ip link set lo up && ip addr add {STRANGER}/32 dev lo && exec "$@"', "sh",
               sys.executable, "-c", INSIDE, str(HERE), str(config), STRANGER, str(patience), *requests]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_OSC_9_a_stranger_gets_not_one_byte(tmp_path):
    found = amplification(tmp_path)
    refused, requests = found.pop("refused"), found.pop("requests")
    assert found == {name: 0 for name in found} and len(found) == requests
    assert refused == requests  # heard, counted, not answered


def test_who_is_let_in_is_answered(tmp_path):
    """The other side of the same test: without it, silence would prove nothing."""
    found = amplification(tmp_path, "list", "ping", "malformed", patience=PATIENCE, allow=[f"{STRANGER}/32"])
    assert found["list"] > 10 and found["ping"] == pytest.approx(1.0, abs=0.1) and found["malformed"] > 0
