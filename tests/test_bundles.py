# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs in bundles: one after the other where each is a change of the graph by itself, and never before their time."""

import json
import time

import osc_client
import pytest
from osc_client import bundle, message, wait_for
from support_cli import Daemon, tonmeister

DESK = {"version": 1, "strips": {"host": {"channels": 1, "chain": [{"fader": {}}, {"pan": {}}], "to": "mix"},
                                 "mix": {"channels": 2, "chain": [{"fader": {}}], "output": []}}}
ADD = "/tonmeister/strip/add"


@pytest.fixture(name="config")
def desk_config(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.json").write_text(json.dumps(DESK))
    return folder / "desk.json"


@pytest.fixture(name="desk")
def running_desk(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        yield desk


def named(heard, address):
    return [values for name, values in heard if name == address]


def test_several_undos_and_redos_in_one_bundle_are_done_in_turn(desk):
    client = osc_client.Client(desk.port)
    for name in ("one", "two", "three"):
        client.obey(ADD, name, '{"to":"mix"}')
    client.send(bundle(None, message("/tonmeister/undo"), message("/tonmeister/undo"), message("/host/fader/level", -7.0)))
    heard = client.sync()
    assert named(heard, "/tonmeister/undone") == [["strip/add three"], ["strip/add two"]]
    assert not named(heard, "/tonmeister/error")
    assert client.get("/host/fader/level") == -7 and client.get("/one/mute") == 0
    client.obey("/tonmeister/undo")  # of the fader, which took back what could be redone
    client.send(bundle(None, message("/tonmeister/undo"), message("/tonmeister/redo"), message(ADD, "last", "{}"), message("/last/mute", True)))
    heard = client.sync()
    assert [name for name, _ in heard] == ["/tonmeister/undone", "/tonmeister/redone", "/tonmeister/edited"]
    assert client.get("/one/mute") == 0 and client.get("/last/mute") == 1


def test_a_reload_beside_an_undo_waits_for_it(desk, config):
    client = osc_client.Client(desk.port)
    client.obey(ADD, "one", "{}")
    config.write_text(json.dumps(DESK).replace('{"fader": {}}, {"pan', '{"fader": {"level": -4}}, {"pan'))
    client.send(bundle(None, message("/tonmeister/undo"), message("/tonmeister/reload"), message("/tonmeister/undo")))
    heard = client.sync()
    assert [name for name, _ in heard] == ["/tonmeister/undone", "/tonmeister/reloaded", "/tonmeister/undone"]
    assert client.get("/host/fader/level") == 0


def test_a_bundle_s_verbs_wait_for_its_time_and_its_settings_for_theirs(desk, config):
    client = osc_client.Client(desk.port)
    client.obey("/host/fader/level", -10.0)
    due = time.time() + 0.6
    client.send(bundle(due, message("/host/fader/level", -20.0), message("/tonmeister/scene/store", "then", "/host/fader"),
                       message("/host/fader/level", -30.0), message("/tonmeister/save")))
    asked = client.hear("/tonmeister/scene/stored", 3)
    assert time.time() >= due and asked == ["then", 2]
    assert client.hear("/tonmeister/saved")
    client.sync()
    assert client.get("/host/fader/level") == -30  # behind the verb, and saved with it
    assert json.loads(config.read_text())["strips"]["host"]["chain"][0] == {"fader": {"level": -30}}
    assert client.obey("/tonmeister/scene/diff", "then")[0] == ("/tonmeister/scene/diff", ["/host/fader/level", -30.0, -20.0])


def test_in_a_render_undos_of_one_sample_are_done_in_turn(config, tmp_path):
    (tmp_path / "events").write_text("".join(f'{t} {ADD} {name} "{{\\"to\\":\\"mix\\"}}"\n' for t, name in ((0.1, "one"), (0.2, "two"), (0.3, "three"))) +
                                     "0.4 /tonmeister/undo\n0.4 /tonmeister/undo\n0.4 /tonmeister/redo\n0.4 /tonmeister/undo\n0.4 /tonmeister/save after\n"
                                     "0.6 /tonmeister/save later\n")
    done = tonmeister("render", config, "--output", f"mix={tmp_path / 'mix.wav'}", "--length", "1", "--quiet", "--events", tmp_path / "events")
    assert done.returncode == 0, done.stderr
    assert [line.split(": ")[1].split()[0] for line in done.stderr.splitlines() if "done" in line] == [
        "/tonmeister/undone", "/tonmeister/undone", "/tonmeister/redone", "/tonmeister/undone"]
    assert list(json.loads((config.parent / "later.json").read_text())["strips"]) == ["host", "mix", "one"]


def test_messages_that_wait_follow_a_new_name_given_after_they_came(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        due = time.time() + 1.2
        client.send(bundle(due, message("/host/fader/level", -20.0), message("/tonmeister/strip/set", "host", "name", "The host")))
        client.sync()
        client.obey("/tonmeister/strip/rename", "host", "guest")
        client.obey("/tonmeister/strip/add", "host", '{"chain":[{"fader":{"level":-1}}],"to":"mix"}')
        client.send(bundle(due, message("/host/fader/level", -5.0)))  # means the new one
        assert wait_for(lambda: client.get("/host/fader/level") == -5.0)
        client.sync()
        assert client.get("/guest/fader/level") == -20.0
        assert [a for a in client.obey("/tonmeister/save", "after") if a[0] == "/tonmeister/error"] == []
    assert '"name": "The host"' in config.with_name("after.json").read_text().split('"host"')[0]


@pytest.mark.parametrize("ahead", [None, 0.3])
def test_a_refused_bundle_leaves_its_parameters_too_and_is_answered_once(desk, ahead):
    client = osc_client.Client(desk.port)
    client.send(bundle(ahead and time.time() + ahead, message("/mix/fader/level", -20.0), message("/tonmeister/strip/remove", "nope"),
                       message("/host/fader/level", -20.0)))
    assert client.hear("/tonmeister/error")[0] == "/tonmeister/strip/remove"
    time.sleep(0.2)  # beyond its time
    assert not named(client.sync(), "/tonmeister/error")
    assert client.get("/mix/fader/level") == 0 and client.get("/host/fader/level") == 0
    client.send(bundle(ahead and time.time() + ahead, message("/mix/fader/level", -20.0), message("/tonmeister/strip/rename", "host", "guest"),
                       message("/guest/fader/level", -10.0)))
    assert client.hear("/tonmeister/edited")
    client.sync()
    assert client.get("/mix/fader/level") == -20 and client.get("/guest/fader/level") == -10
    client.obey("/tonmeister/undo")
    assert client.get("/mix/fader/level") == 0 and client.get("/host/fader/level") == 0


def test_who_sends_values_beside_an_edit_is_not_told_them_again(desk):
    client, other = osc_client.Client(desk.port), osc_client.Client(desk.port)
    for one in (client, other):
        one.tell("/tonmeister/subscribe", "/*/fader/level")
        assert len(one.gather(2)) == 2
    client.send(bundle(None, message("/mix/fader/level", -20.0), message(ADD, "x", "{}"), message("/host/fader/level", -10.0)))
    heard = client.gather(1, more=0.5)
    assert named(heard, "/tonmeister/edited") and not [h for h in heard if h[0].endswith("/level")], heard
    assert {(address, *values) for address, values in other.gather(2)} >= {("/mix/fader/level", -20.0), ("/host/fader/level", -10.0)}


def test_what_stands_in_front_of_an_undo_in_its_bundle_is_what_goes_back(desk):
    client = osc_client.Client(desk.port)
    client.obey("/host/fader/level", -3.0)
    client.send(bundle(None, message("/mix/mute", True), message("/tonmeister/undo")))
    assert named(client.sync(), "/tonmeister/undone") == [["/mix/mute"]]
    assert (client.get("/mix/mute"), client.get("/host/fader/level")) == (0, -3)


def test_a_surface_that_sends_numbers_only_can_name_strips(desk):
    client = osc_client.Client(desk.port)
    for words in ((ADD, 7, "{}"), ("/tonmeister/strip/rename", 7, 8.0), ("/tonmeister/route", "host", 8), ("/tonmeister/chain/insert", 8, 0, "eq")):
        assert [address for address, _ in client.obey(*words)] == ["/tonmeister/edited"], words
    assert client.get("/8/eq/band/1/gain") == 0
    assert client.obey(ADD, "x", '{"chain":["fadr"]}')[0][1][1].startswith('strips.x.chain[0]: unknown module "fadr"')


def test_what_stands_in_front_of_a_load_is_no_step_of_the_new_desk(desk, config):
    other = json.dumps(DESK).replace('{"fader": {}}, {"pan', '{"fader": {"level": -20}}, {"pan')
    config.with_name("other.json").write_text(other)
    client = osc_client.Client(desk.port)
    client.send(bundle(None, message("/host/fader/level", -6.0), message("/tonmeister/load", "other")))
    assert named(client.sync(), "/tonmeister/loaded")
    assert named(client.obey("/tonmeister/undo"), "/tonmeister/error") == [["/tonmeister/undo", "there is nothing to undo"]]
    assert client.get("/host/fader/level") == -20


def test_what_stands_in_front_of_a_redo_takes_back_what_could_be_redone(desk):
    client = osc_client.Client(desk.port)
    client.obey("/host/fader/level", -10.0)
    client.obey("/tonmeister/undo")
    client.send(bundle(None, message("/host/fader/level", -6.0), message("/tonmeister/redo")))
    assert named(client.sync(), "/tonmeister/error") == [["/tonmeister/redo", "there is nothing to redo"]]
    client.obey("/tonmeister/undo")
    assert client.get("/host/fader/level") == 0


def test_an_edit_that_names_a_strip_by_number_follows_its_new_name(desk):
    client = osc_client.Client(desk.port)
    client.obey(ADD, 7, "{}")
    client.send(bundle(time.time() + 4, message("/tonmeister/chain/insert", 7, 0, "eq")))
    client.obey("/tonmeister/strip/rename", 7, "seven")
    assert client.hear("/tonmeister/edited") == ["chain/insert seven"]
