# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that edit at the same time: each is obeyed in its own order, none keeps the others waiting."""

import signal

import pytest
from desk import Daemon, write_config
from osc_client import Stream, message, wait_for

STRIPS = {"a": {"chain": [{"fader": {}}], "to": "mix"}, "mix": {"channels": 2, "chain": []}}
MANY = 100


@pytest.fixture
def desk(tmp_path):
    with Daemon(write_config(tmp_path, STRIPS), osc=("udp://127.0.0.1:0", "tcp://127.0.0.1:0")) as daemon:
        daemon.settle()
        yield daemon


def add_many(desk):
    busy = desk.new_client()
    for i in range(MANY):
        busy.tell("/tonmeister/strip/add", f"s{i}", '{"chain":[{"fader":{}}],"to":"mix"}')
        busy.tell(f"/s{i}/fader/level", -float(i))
    return busy


def strips(client):
    return client.ask("/tonmeister/info")[4]


def test_one_edit_waits_for_no_more_than_a_turn_of_a_client_with_many(desk):
    busy, other = add_many(desk), desk.new_client()
    other.tell("/tonmeister/strip/add", "guest")
    other.tell("/guest/mute", 1)
    assert other.hear("/tonmeister/edited") == ["strip/add guest"]
    assert strips(other) < MANY / 2, "the other client's edits went first"
    assert other.get("/guest/mute") == 1
    assert wait_for(lambda: strips(other) == MANY + 3, 60)
    assert "/tonmeister/error" not in dict(busy.sync())
    for i in (0, 1, MANY - 1):
        assert other.get(f"/s{i}/fader/level") == -i  # what stood behind each edit found its strip


def test_who_asks_whether_all_is_in_effect_waits_for_nobody_elses_edits(desk):
    add_many(desk)
    other = desk.new_client()
    other.obey("/a/fader/level", -6.0)
    assert strips(other) < MANY / 2


def test_a_file_that_is_loaded_by_signal_waits_for_no_client(desk):
    add_many(desk)
    write_config(desk.config.parent, STRIPS | {"late": {"chain": [], "to": "mix"}})
    desk.process.send_signal(signal.SIGHUP)
    assert wait_for(lambda: ": reloaded, 1 strip new" in desk.log())
    assert desk.log().count("strip/add") < MANY / 2


def test_a_client_has_512_waiting_at_most_and_is_told(desk):
    greedy, other = Stream(desk.ports()[1]), desk.new_client()
    refused = other.status()["refused"]
    edits = [message("/tonmeister/strip/add", name, "{}") for name in ("first", "second")]
    behind = [message("/a/fader/level/inc", 0.01)] * 700
    greedy.socket.sendall(b"".join(map(greedy.frame, edits + behind)))  # at once, however slow this client is: the first edit isn't over
    other.tell("/a/mute", 1)
    assert other.get("/a/mute") == 1
    about, why = greedy.hear("/tonmeister/error")
    assert about == "/a/fader/level/inc" and why.startswith("512 messages and bundles of yours wait")
    assert wait_for(lambda: other.get("/a/fader/level") == pytest.approx(5.11, abs=1e-3))
    assert other.status()["refused"] - refused == 700 - 511
