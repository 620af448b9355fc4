# SPDX-License-Identifier: GPL-3.0-or-later
"""M30: datagrams that come in IP fragments. Loopback's MTU is larger than any datagram, so a network of its own has a smaller one."""

import json
import pathlib
import subprocess
import sys

from desk import write_config
from support_cli import in_own

HERE = pathlib.Path(__file__).resolve().parent
STRIPS = {"a": {"channels": 1, "chain": [{"fader": {"level": -60}}]}}

INSIDE = r"""
import json, socket, struct, sys
sys.path.insert(0, sys.argv[1])
from desk import Daemon
from osc_client import bundle, message
LEVEL = "/a/fader/level"

def fragments():  # this network's: created, put together (RFC 2011's names)
    names, values = [line.split()[1:] for line in open("/proc/net/snmp") if line.startswith("Ip:")]
    counts = dict(zip(names, map(int, values)))
    return counts["FragCreates"], counts["ReasmOKs"]

def lone_fragment(port, more, offset, data):  # IPv4 by hand: the kernel fills in the checksum
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 77, more << 13 | offset // 8, 64, 17, 0, *[socket.inet_aton("127.0.0.1")] * 2)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.sendto(header + data, ("127.0.0.1", 0))

with Daemon(sys.argv[2], osc=("udp://127.0.0.1:0",)) as desk:
    osc = desk.client
    moves = [message(LEVEL + "/inc", 0.01)] * 2000
    packet = bundle(None, *moves)
    osc.send(packet)
    osc.sync()
    found = {"bytes": len(packet), "level": osc.get(LEVEL), "fragments": fragments()}
    refused = osc.status()["refused"]
    osc.send(b"/" + b"a" * 65506)
    osc.sync()
    found["refused"] = osc.status()["refused"] - refused
    # The first fragment of a message that sets the level, and a last one of nothing: neither is ever a datagram.
    udp = struct.pack(">HHHH", 5555, desk.port, 8 + 4000, 0) + message(LEVEL, -99.0)
    lone_fragment(desk.port, 1, 0, udp[:len(udp) // 8 * 8])
    lone_fragment(desk.port, 0, 65528, b"\0" * 1000)
    osc.sync()
    found["after"] = [osc.get(LEVEL), osc.status()["refused"] - refused]
print(json.dumps(found))
"""


def test_M30_fragments_are_one_datagram_or_none(tmp_path):
    command = [*in_own("net"), "sh", "-c", 'ip link set lo mtu 1280 up && exec "$@"', "sh",
               sys.executable, "-c", INSIDE, str(HERE), str(write_config(tmp_path, STRIPS))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    created, together = found["fragments"]
    assert found["bytes"] > 60_000 and created >= found["bytes"] // 1280 and together >= 1
    assert abs(found["level"] - (-60 + 2000 * 0.01)) < 0.01  # every one of its messages was obeyed, once
    assert found["refused"] == 1
    assert found["after"] == [found["level"], 1]
