# SPDX-License-Identifier: GPL-3.0-or-later
"""A pattern that asks for thousands of values: every one arrives, also where the client is slow and its buffer the default."""

import socket
import time

from desk import Daemon, write_config
from osc_client import message, parse

STRIPS = {f"s{i}": {"chain": [{"eq": {}}, {"compressor": {}}, {"fader": {}}]} for i in range(60)}


def heard_by_a_slow_client(port, request, seconds_per_packet):
    """What comes until the sync behind the request is answered; and the longest packet."""
    heard, longest = [], 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(request, ("127.0.0.1", port))
        client.sendto(message("/tonmeister/sync", 5), ("127.0.0.1", port))
        while not heard or heard[-1] != ("/tonmeister/synced", [5]):
            packet = client.recv(65536)
            longest = max(longest, len(packet))
            heard += parse(packet)
            time.sleep(seconds_per_packet)
    return heard[:-1], longest


def test_every_value_arrives(tmp_path):
    with Daemon(write_config(tmp_path, STRIPS)) as desk:
        listed = [values[0] for address, values in desk.client.obey("/tonmeister/list") if address == "/tonmeister/list"]
        heard, longest = heard_by_a_slow_client(desk.port, message("//*"), 0.0005)
        assert len(listed) > 4000
        assert sorted(address for address, _ in heard) == sorted(listed)
        assert longest <= 1400
        few, _ = heard_by_a_slow_client(desk.port, message("/s[0-4]/fader/level"), 0)
        assert few == [(f"/s{i}/fader/level", [0.0]) for i in range(5)]


def test_more_questions_than_can_be_held_are_refused_not_dropped(tmp_path):
    with Daemon(write_config(tmp_path, STRIPS)) as desk:
        for _ in range(100):
            desk.client.tell("//*")
        desk.client.sync()
        assert desk.client.status()["refused"] > 0
        assert desk.running()
