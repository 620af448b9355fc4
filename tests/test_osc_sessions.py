# SPDX-License-Identifier: GPL-3.0-or-later
"""What a surface does in a session: it subscribes, watches meters, reloads, comes by TCP (design.md section 5)."""

import json
import pathlib
import re
import select
import socket
import subprocess
import time

import pytest
from desk import Daemon, write_config
from osc_client import Stream, bundle, message, parse, wait_for
from support_cli import free_port

STRIPS = {
    "a": {"chain": [{"tone": {"level": -20}}, {"fader": {}}], "to": "mix"},
    "b": {"chain": [{"tone": {"level": -30}}, {"fader": {}}], "to": "mix"},
    "mix": {"channels": 2, "chain": [{"fader": {}}]},
}
URLS = ("udp://127.0.0.1:0", "tcp://127.0.0.1:0", "tcp+slip://127.0.0.1:0")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Daemon(write_config(tmp_path_factory.mktemp("sessions"), STRIPS, file="show.json", name="show"), osc=URLS) as daemon:
        yield daemon


@pytest.fixture
def osc(desk):
    return desk.new_client()


def test_subscription_gives_a_snapshot_then_changes_but_no_echo(desk, osc):
    other = desk.new_client()
    osc.obey("/?/fader/level", 0.0)
    osc.tell("/tonmeister/subscribe", "/?/fader/level", 50.0)
    assert dict(osc.gather(2)) == {"/a/fader/level": [0.0], "/b/fader/level": [0.0]}
    osc.tell("/a/fader/level", -3.0)       # as applied: not told to the one who sent it
    osc.tell("/b/fader/level", 99.0)       # not as sent: told
    heard = osc.gather(1, more=0.5)
    assert [v for a, v in heard if a == "/a/fader/level"] == []
    assert [12.0] in [v for a, v in heard if a == "/b/fader/level"]
    other.tell("/a/fader/level", -5.0)
    assert osc.hear("/a/fader/level") == [-5.0]
    osc.tell("/tonmeister/subscribe", "/?/fader/level", 50.0, "echo")
    osc.sync()
    osc.tell("/a/fader/level", -6.0)
    assert osc.hear("/a/fader/level") == [-6.0]
    osc.tell("/tonmeister/unsubscribe", "/?/fader/level")
    osc.sync()
    other.obey("/a/fader/level", -7.0)
    assert osc.hear("/a/fader/level", 0.5) is None


def test_changes_are_coalesced_and_the_last_one_arrives(desk, osc):
    other = desk.new_client()
    osc.tell("/tonmeister/subscribe", "/a/fader/level", 10.0)
    osc.gather(1)
    start = time.monotonic()
    for step in range(500):
        other.tell("/a/fader/level", -step / 10)
    values = []
    while not values or values[-1] > -49.85:
        values.append(osc.hear("/a/fader/level")[0])
    most = 10 * (time.monotonic() - start) + 2
    assert len(values) <= most < 250 and values[-1] == pytest.approx(-49.9)
    assert osc.hear("/a/fader/level", 0.5) is None
    osc.tell("/tonmeister/unsubscribe")


@pytest.mark.parametrize("rate", [5.0, 25.0])
def test_meters_come_at_the_rate_asked_for(osc, rate):
    osc.tell("/tonmeister/subscribe", "/a/meter/peak", rate)
    osc.collect(0.5)
    heard = [(t, v) for t, a, v in osc.collect(4.0) if a == "/a/meter/peak"]
    osc.tell("/tonmeister/unsubscribe")
    osc.sync()
    rate_heard = (len(heard) - 1) / (heard[-1][0] - heard[0][0])
    assert rate_heard == pytest.approx(rate, rel=0.2)


def test_a_lease_ends_after_ten_seconds_and_a_renewed_one_does_not(desk):
    ends, stays = desk.new_client(), desk.new_client()
    start = time.monotonic()
    for client in (ends, stays):
        client.tell("/tonmeister/subscribe", "/mix/meter/peak", 10.0)
    last = {ends: start, stays: start}
    renewed = False
    while time.monotonic() < start + 12.5:
        for client in last:
            if client.next(0.05):
                last[client] = time.monotonic()
        if not renewed and time.monotonic() > start + 6:
            renewed = True
            stays.tell("/tonmeister/subscribe", "/mix/meter/peak", 10.0)
    assert 9.5 < last[ends] - start < 11.0
    assert last[stays] - start > 12.0
    stays.tell("/tonmeister/unsubscribe")


def test_answers_go_to_another_port_where_asked(desk, osc):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(5)
        osc.tell("/tonmeister/reply", ear.getsockname()[1])
        osc.tell("/tonmeister/ping", 3)
        assert parse(ear.recv(4096)) == [("/tonmeister/pong", [3])]
        osc.tell("/tonmeister/reply", 0)
        osc.tell("/tonmeister/ping", 4)
        assert osc.hear("/tonmeister/pong") == [4]
    (_, (about, reason)), = osc.obey("/tonmeister/reply", 80)
    assert about == "/tonmeister/reply" and "1024" in reason


def test_info_and_status(osc):
    name, version, show, rate, strips = osc.ask("/tonmeister/info")
    assert (name, show, rate, strips) == ("tonmeister", "show", 48000.0, 3) and re.match(r"\d+\.\d+", version)
    status = osc.status()
    assert status["state"] == "running" and 0 <= status["load"] < 1 and status["xruns"] >= 0


def test_list_is_whole_and_describes(osc):
    osc.tell("/tonmeister/list", "/b/")
    listed, count = {}, None
    while count is None:
        address, values = osc.next()
        if address == "/tonmeister/list":
            listed[values[0]] = values[1:]
        elif address == "/tonmeister/listed":
            prefix, count = values
    assert prefix == "/b/" and count == len(listed) and {"/b/mute", "/b/solo", "/b/meter/peak"} <= set(listed)
    unit, least, most, default, text = listed["/b/fader/level"]
    assert (unit, least, most, default) == ("dB", -120.0, 12.0, 0.0) and len(text) > 10


def test_oscdump_watches(desk, osc):
    free = free_port()
    osc.obey("/a/fader/level", 0.0)
    assert wait_for(lambda: osc.get("/a/meter/peak") == pytest.approx(-20, abs=0.01))
    dump = subprocess.Popen(["oscdump", "-L", str(free)], stdout=subprocess.PIPE, text=True)
    try:
        osc.tell("/tonmeister/reply", free)
        osc.tell("/tonmeister/subscribe", "/a/meter/peak", 20.0)
        readable, _, _ = select.select([dump.stdout], [], [], 9)
        assert readable and re.search(r"/a/meter/peak f -(20\.0|19\.99)", dump.stdout.readline())
        osc.tell("/tonmeister/unsubscribe")
    finally:
        dump.kill()
        dump.wait()


@pytest.mark.parametrize("kind", ["size", "slip"])
def test_over_tcp(desk, kind):
    stream = Stream(desk.ports()[1 if kind == "size" else 2], slip=kind == "slip")
    assert stream.obey("/b/fader/level", -11.25) == []
    assert stream.get("/b/fader/level") == -11.25
    # One byte at a time, then two packets in one segment: all delivered once, in order (OSC-4).
    for byte in stream.frame(message("/b/fader/level", -3.5)):
        stream.socket.sendall(bytes([byte]))
    assert stream.get("/b/fader/level") == -3.5
    stream.socket.sendall(stream.frame(message("/b/fader/level/inc", -1.0)) * 2 + stream.frame(message("/b/fader/level")))
    assert stream.hear("/b/fader/level") == [-5.5]
    stream.tell("/tonmeister/subscribe", "/b/meter/peak", 20.0)
    assert stream.hear("/b/meter/peak") is not None
    stream.socket.close()
    assert desk.answers_ping()


def test_a_bundle_is_in_effect_as_a_whole(osc):
    osc.send(bundle(None, message("/a/fader/level", -1.0), bundle(None, message("/b/fader/level", -2.0)), message("/a/mute", 1),
                    message("/a/mute", 0)))
    osc.sync()
    assert [osc.get(a) for a in ("/a/fader/level", "/b/fader/level", "/a/mute")] == [-1.0, -2.0, 0.0]


def test_late_time_tags_run_at_once_and_are_counted(osc):
    before = osc.status()["late"]
    osc.send(bundle(time.time() - 2, message("/a/fader/level", -8.0)))
    osc.sync()
    assert osc.get("/a/fader/level") == -8.0
    assert osc.status()["late"] == before + 1


def test_a_time_tag_is_waited_for(osc):
    osc.obey("/a/fader/level", 0.0)
    osc.send(bundle(time.time() + 1.5, message("/a/fader/level", -9.0)))
    osc.sync()
    assert osc.get("/a/fader/level") == 0.0
    assert wait_for(lambda: osc.get("/a/fader/level") == -9.0, 3)
    osc.send(bundle(time.time() + 3600, message("/a/fader/level", -1.0)))
    (_, (about, reason)), = osc.sync()
    assert about == "/a/fader/level" and "minute" in reason


def test_reload_good_and_bad(desk, osc):
    config = pathlib.Path(desk.config)
    osc.obey("/a/fader/level", -2.0)
    good = json.loads(config.read_text())
    bad = json.loads(config.read_text())
    bad["strips"]["a"]["chain"][1] = {"fadr": {}}
    bad["strips"]["b"]["chain"][0]["tone"]["level"] = 99
    bad["strips"]["mix"]["to"] = "mixx"
    config.write_text(json.dumps(bad))
    before = osc.get("/mix/meter/peak")
    errors = [values for address, values in osc.obey("/tonmeister/reload") if address == "/tonmeister/error"]
    assert len(errors) == 3 and all("show.json" in text for _, text in errors)
    assert all(any(word in text for _, text in errors) for word in ("fader", "99", "mix"))
    assert osc.get("/mix/meter/peak") == pytest.approx(before, abs=0.5) and osc.get("/a/fader/level") == -2.0
    good["strips"]["c"] = {"chain": [{"tone": {"level": -40}}], "to": "mix"}
    good["strips"]["b"]["chain"][1] = {"fader": {"level": -20}}
    config.write_text(json.dumps(good))
    heard = osc.obey("/tonmeister/reload")
    assert ("/tonmeister/reloaded", [str(config)]) in heard and "/tonmeister/error" not in dict(heard)
    assert osc.get("/a/fader/level") == -2.0       # moved by hand, not by the author: stays
    assert osc.get("/b/fader/level") == -20.0      # the author's
    assert wait_for(lambda: osc.get("/c/meter/peak") == pytest.approx(-40, abs=0.1))
    osc.obey("/tonmeister/reload")
    assert osc.get("/b/fader/level") == -20.0
