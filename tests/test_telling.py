# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon tells people: in the log of who did what, and in answers to what can't be done."""

import json
import re

import pytest
from desk import Daemon, write_config

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


# -------------------------------------------------------------------------------------------------- what is wrong

def test_plain_words_where_a_list_belongs_are_answered_with_how_it_is_written(desk):
    told = reasons(desk.client.obey("/tonmeister/strip/set", "a", "output", "x"))
    assert told == ['found "x", expected a list of port names such as ["system:playback_1"]']
    assert "a list of" in reasons(desk.client.obey("/tonmeister/strip/set", "a", "output", '"x"'))[0]


def test_a_strips_chain_takes_bare_names_as_one_modules_insertion_does(desk):
    assert reasons(desk.client.obey("/tonmeister/strip/add", "b", '{"chain":["highpass","fader"],"to":"mix"}')) == []
    assert desk.client.get("/b/highpass/frequency") == desk.client.get("/b/highpass/frequency") > 0
    desk.client.obey("/tonmeister/save", "kept")
    assert json.loads((desk.config.parent / "kept.json").read_text())["strips"]["b"]["chain"] == [{"highpass": {}}, {"fader": {}}]
