# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon tells people: in the log of who did what, and in answers to what can't be done."""

import json
import re

import pytest
from desk import Daemon, write_config
from osc_client import wait_for

STRIPS = {"a": {"channels": 1, "chain": [{"tone": {"level": -20}}, {"fader": {"level": 0}}, {"pan": {}}], "to": "mix"},
          "m": {"channels": 2, "chain": [{"matrix": {}}], "to": "mix"},
          "loop": {"channels": 1, "chain": [{"insert": {"send": [], "return": []}}, {"insert": {"send": [], "return": []}, "as": "second"}], "to": "mix"},
          "mix": {"channels": 2, "chain": [{"fader": {}}]}}


@pytest.fixture(name="desk")
def running_desk(tmp_path):
    with Daemon(write_config(tmp_path, STRIPS)) as daemon:
        daemon.settle()
        yield daemon


def reasons(answers):
    return [values[1] for address, values in answers if address == "/tonmeister/error"]


def logged(desk, word):
    """The log's lines of what this client did and that have that word."""
    mine = re.compile(r"info udp://127\.0\.0\.1:\d+: (.*)")
    return [line.group(1) for line in map(mine.search, desk.log().splitlines()) if line and word in line.group(1)]


# ------------------------------------------------------------------------------------------------------- the log

def test_the_log_says_which_scene_was_stored_recalled_and_deleted_and_how_much_it_moved(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "verse", "/*/fader/level", "/a/mute")
    osc.obey("/tonmeister/scene/store", "verse", "/a/fader/level")
    osc.obey("/tonmeister/scene/recall", "verse", 0.1)
    osc.obey("/tonmeister/scene/store", "all", "/*/fader/level")
    osc.obey("/tonmeister/scene/safe", "/a", True)
    osc.obey("/tonmeister/strip/remove", "mix", "force")
    osc.obey("/tonmeister/scene/recall", "all")
    osc.obey("/tonmeister/scene/delete", "all")
    osc.obey("/tonmeister/scene/delete", "all")  # is refused, and not done
    assert logged(desk, "scene/") == [
        "scene/store verse: 3 parameters", "scene/store verse: 1 parameter", "scene/recall verse: 1 parameter", "scene/store all: 2 parameters",
        "scene/recall all: 0 parameters, 1 safe, 1 missing", "scene/delete all"]


def test_the_log_says_what_a_reload_did(desk):
    strips = json.loads(json.dumps(STRIPS))

    def reloaded(**more):
        write_config(desk.config.parent, strips, **more)
        assert reasons(desk.client.obey("/tonmeister/reload")) == []
        return [line.split(": ", 1)[1] for line in desk.log().splitlines() if f"{desk.config}: " in line][-1]

    assert reloaded() == "unchanged"
    strips["a"]["chain"][1]["fader"]["level"] = -7
    assert reloaded() == "reloaded, 1 parameter"
    strips["a"]["chain"][0]["tone"]["level"] = -30
    strips["a"]["mute"] = strips["mix"]["solo"] = True
    strips["b"], strips["c"] = {"to": "mix"}, {}
    del strips["loop"]
    strips["m"]["to"] = ["mix", "b"]
    assert reloaded() == "reloaded, 2 strips new, 1 gone, 1 changed, 3 parameters"
    del strips["c"]
    strips["a"]["chain"].append({"eq": {"band/1/gain": 3}})
    assert reloaded() == "reloaded, 1 strip gone, 1 changed"
    desk.client.obey("/mix/fader/level", -9.0)  # a hand's, which its author leaves alone
    strips["m"]["chain"][0]["matrix"]["1/2/level"] = -3
    assert reloaded() == "reloaded, 1 parameter"
    for more, what in (({"groups": {"g": {"members": ["a"]}}}, "1 group new"), ({"groups": {"g": {"members": ["b"], "level": -3}}}, "1 group changed, 1 parameter"),
                       ({"control": {"allow": ["10.0.0.0/8"]}}, "1 group gone"), ({}, "no strip and no parameter")):
        assert reloaded(**more) == "reloaded, " + what


def test_reloaded_names_the_file_as_saved_does(tmp_path, monkeypatch):
    config = write_config(tmp_path, STRIPS)
    monkeypatch.chdir(tmp_path)
    with Daemon(config.relative_to(tmp_path), env={"XDG_STATE_HOME": str(tmp_path)}) as desk:
        desk.settle()
        assert desk.client.obey("/tonmeister/reload") == [("/tonmeister/reloaded", [str(config), "unchanged"])]
        assert desk.client.obey("/tonmeister/save") == [("/tonmeister/saved", [str(config)])]
        write_config(tmp_path, STRIPS | {"new": {}})
        assert desk.client.obey("/tonmeister/reload") == [("/tonmeister/reloaded", [str(config)])]


# -------------------------------------------------------------------------------------------------- what is wrong

def test_a_point_beyond_a_matrix_is_answered_with_its_size(desk):
    size = "2 x 2: points 1..2 / 1..2"
    for address in ("/m/matrix/3/1/level", "/m/matrix/1/3/on", "/m/matrix/0/1/level/inc"):
        assert reasons(desk.client.obey(address, 1.0)) == [f"there is no such address: this matrix is {size}"]
    for address in ("/m/matrix/2/2/levle", "/m/matrix/x/1/level", "/m/matrix", "/m", "/m/matrx/3/1/level", "/a/fader/3/1/level"):
        assert reasons(desk.client.obey(address, 1.0)) == ["there is no such address"]
    told, = reasons(desk.client.obey("/tonmeister/chain/insert", "m", 0, '{"matrix":{"3/1/level":0}, "as":"two"}'))
    assert told == f"strips.m.chain[0].matrix.3/1/level: unknown parameter \"3/1/level\", expected one of this matrix's size, {size}"


def test_a_scenes_file_that_is_broken_is_not_called_a_config(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "verse", "/a/fader/level")
    assert wait_for(lambda: osc.ask("/tonmeister/status")[-1] == "saved")
    file, = desk.config.parent.glob("**/*.scenes.json")
    good = file.read_text()
    for broken, place, reason in ((good + "]", None, 'found "]", expected nothing after the scenes\' closing bracket'),
                                  ("", ":1:1: ", 'the file is empty, expected scenes such as {"tonmeister_scenes": 1, "scenes": {}}'),
                                  ("{}", ":1:1: tonmeister_scenes: ", 'expected "tonmeister_scenes": 1')):
        file.write_text(broken)
        told, = reasons(osc.obey("/tonmeister/scene/list"))
        assert told.startswith(f"{file}{place or ':'}") and told.endswith(reason) and "config" not in told.replace(str(file), "")
    file.write_text(good.replace('"safe"', '"save"'))
    told, = reasons(osc.obey("/tonmeister/scene/list"))
    assert told.endswith('expected a key of a file of scenes (tonmeister_scenes, safe, scenes); did you mean "safe"?')
    file.write_text(good)
    assert osc.obey("/tonmeister/scene/list")[-1] == ("/tonmeister/scene/listed", [1])


def test_a_fade_for_what_the_scene_has_not_is_refused(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "verse", "/a", "/mix/fader")
    for pattern in ("/m", "/nobody", "/*/matrix", "/mix/fader/level/x", "/a/fadr"):
        assert reasons(osc.obey("/tonmeister/scene/fade", "verse", pattern, 2.0)) == [f'"{pattern}" covers nothing in the scene "verse"']
    for pattern in ("/a", "/*/fader", "//level", "/mix/fader/level"):
        assert reasons(osc.obey("/tonmeister/scene/fade", "verse", pattern, 2.0)) == []


def test_an_insert_is_named_as_people_name_it_or_told_of(desk):
    ping = lambda *words: reasons(desk.client.obey("/tonmeister/insert/ping", *words))
    found = ["nothing is connected to its ports, or not at both ends"]
    for words in (["loop"], ["loop", "insert"], ["loop", "second", -20.0], ["loop/second"], ["/loop/second", -20.0], ["/loop"], ["loop/insert"]):
        assert ping(*words) == found, words
    expected = "expected STRIP [MODULE] [LEVEL in dBFS, -60 to -6], such as host, host insert or host/insert"
    for words in ([], ["loop", 3.0], [-20.0], ["loop", "insert", "more"]):
        assert ping(*words) == [expected]
    assert ping("nobody") == [f'there is no strip "nobody"; {expected}']
    assert ping("a") == ['the strip "a" has no insert']
    for words in (["loop", "third"], ["loop/third"], ["/loop/third"]):
        assert ping(*words) == ['the strip "loop" has no insert "third", expected one of insert, second']


def test_plain_words_where_a_list_belongs_are_answered_with_how_it_is_written(desk):
    told = reasons(desk.client.obey("/tonmeister/strip/set", "a", "output", "x"))
    assert told == ['found "x", expected a list of port names such as ["system:playback_1"]']
    assert "a list of" in reasons(desk.client.obey("/tonmeister/strip/set", "a", "output", '"x"'))[0]


def test_a_strips_chain_takes_bare_names_as_one_modules_insertion_does(desk):
    assert reasons(desk.client.obey("/tonmeister/strip/add", "b", '{"chain":["highpass","fader"],"to":"mix"}')) == []
    assert desk.client.get("/b/highpass/frequency") == 80.0
    told, = reasons(desk.client.obey("/tonmeister/strip/add", "c", '{"chain":["fadr"],"to":"mix"}'))
    assert told.startswith('strips.c.chain[0]: unknown module "fadr"') and told.endswith('did you mean "fader"?')
    desk.client.obey("/tonmeister/save", "kept")
    assert json.loads((desk.config.parent / "kept.json").read_text())["strips"]["b"]["chain"] == [{"highpass": {}}, {"fader": {}}]
