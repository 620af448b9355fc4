# SPDX-License-Identifier: GPL-3.0-or-later
"""Two mono strips linked, in a running daemon: made, moved, undone, released and saved over OSC."""

import json

import pytest
from desk import Daemon, write_config

STRIPS = {
    "left": {"channels": 1, "chain": [{"compressor": {}}, {"gain": {}}, {"fader": {"level": -6}}, {"pan": {"position": -0.5}}], "to": "mix"},
    "right": {"channels": 1, "chain": [{"compressor": {}}, {"gain": {}}, {"fader": {}}, {"pan": {}}], "to": "mix"},
    "mix": {"channels": 2, "chain": []}}


@pytest.fixture
def desk(tmp_path):
    with Daemon(write_config(tmp_path, STRIPS)) as daemon:
        daemon.settle()
        yield daemon.client


def value(client, address):
    client.tell(address)
    return pytest.approx(client.hear(address)[0], abs=1e-6)


def edit(client, *message):
    client.tell(*message)
    assert client.hear("/tonmeister/edited")
    client.sync()


def test_a_link_is_made_moved_undone_and_released(desk, tmp_path):
    edit(desk, "/tonmeister/strip/set", "left", "link", "right")  # a name needs no quotes, as JSON would
    assert value(desk, "/right/fader/level") == -6
    assert value(desk, "/right/pan/position") == 0.5
    desk.tell("/right/fader/level", -9.0)
    desk.tell("/left/gain/level", 3.0)
    desk.sync()
    assert value(desk, "/left/fader/level") == -9
    assert value(desk, "/right/gain/level") == 0
    desk.tell("/tonmeister/save", "saved")
    assert desk.hear("/tonmeister/saved")
    saved = json.loads((tmp_path / "saved.json").read_text())["strips"]
    assert saved["left"]["link"] == "right" and saved["left"]["chain"][2] == saved["right"]["chain"][2] == {"fader": {"level": -9}}
    for _ in range(2):  # the gain, then both faders in one step
        desk.tell("/tonmeister/undo")
        assert desk.hear("/tonmeister/undone")
    desk.sync()
    assert value(desk, "/left/fader/level") == -6 and value(desk, "/right/fader/level") == -6
    edit(desk, "/tonmeister/strip/set", "left", "link", "null")
    assert value(desk, "/right/fader/level") == -6  # as it was heard
    desk.tell("/left/fader/level", 0.0)
    desk.sync()
    assert value(desk, "/right/fader/level") == -6


def test_undoing_a_link_gives_the_right_side_what_it_had(desk):
    desk.tell("/right/pan/position", 0.75)
    edit(desk, "/tonmeister/strip/set", "left", "link", '"right"')
    assert value(desk, "/right/pan/position") == 0.5
    desk.tell("/tonmeister/undo")
    assert desk.hear("/tonmeister/undone")
    desk.sync()
    assert value(desk, "/right/pan/position") == 0.75
    assert value(desk, "/right/fader/level") == 0


def test_a_link_follows_a_new_name_and_goes_with_its_strip(desk):
    edit(desk, "/tonmeister/strip/set", "left", "link", '"right"')
    edit(desk, "/tonmeister/strip/rename", "right", "other")
    desk.tell("/left/fader/level", -12.0)
    desk.sync()
    assert value(desk, "/other/fader/level") == -12
    edit(desk, "/tonmeister/strip/remove", "other", "force")
    desk.tell("/left/fader/level", -3.0)
    desk.sync()
    assert value(desk, "/left/fader/level") == -3


def test_what_can_be_no_link_is_refused(desk):
    for partner in ("left", "nobody"):
        desk.tell("/tonmeister/strip/set", "left", "link", f'"{partner}"')
        assert "link" in str(desk.hear("/tonmeister/error"))
    desk.tell("/tonmeister/strip/set", "left", "link", "mix")  # a mono strip, and the stereo bus that it feeds
    assert "one of the linked strips feeds the other (left -> mix)" in desk.hear("/tonmeister/error")[1]
    desk.tell("/left/mute", 1)
    desk.sync()
    assert value(desk, "/mix/mute") == 0
    edit(desk, "/tonmeister/strip/set", "right", "channels", 2)
    desk.tell("/tonmeister/strip/set", "left", "link", "right")
    assert '"left" has 1 channel and "right" has 2 channels, expected two strips of one width' in desk.hear("/tonmeister/error")[1]


def test_a_relative_move_of_both_by_pattern_is_one_step(desk):
    edit(desk, "/tonmeister/strip/set", "left", "link", '"right"')
    desk.tell("/{left,right}/fader/level/inc", -1.0)
    desk.tell("/*/mute/toggle")
    desk.sync()
    assert value(desk, "/left/fader/level") == -7 and value(desk, "/right/fader/level") == -7
    assert value(desk, "/left/mute") == value(desk, "/right/mute") == value(desk, "/mix/mute") == 1


def saved_strips(desk, tmp_path, name):
    desk.tell("/tonmeister/save", name)
    assert desk.hear("/tonmeister/saved")
    return json.loads((tmp_path / f"{name}.json").read_text())["strips"]


def test_what_is_saved_of_the_right_side_is_what_is_heard(desk, tmp_path):
    desk.tell("/right/gain/level", 2.0)
    edit(desk, "/tonmeister/strip/set", "left", "link", "right")  # its fader goes from 0 to -6 dB, its pan to 0.5
    right = saved_strips(desk, tmp_path, "linked")["right"]["chain"]
    assert right == [{"compressor": {}}, {"gain": {"level": 2}}, {"fader": {"level": -6}}, {"pan": {"position": 0.5}}]
    desk.tell("/left/fader/level", 0.0)  # what the right side's text has said
    desk.tell("/left/mute", True)
    desk.sync()
    strips = saved_strips(desk, tmp_path, "linked")
    assert strips["left"]["mute"] is True and strips["right"]["mute"] is True
    assert strips["left"]["chain"][2] == {"fader": {"level": 0}} and strips["right"]["chain"][2] == {"fader": {}}
    desk.tell("/tonmeister/load", "linked")
    assert desk.hear("/tonmeister/loaded")
    desk.sync()
    again = saved_strips(desk, tmp_path, "again")
    assert again == strips
    edit(desk, "/tonmeister/strip/set", "left", "link", "null")
    assert value(desk, "/right/fader/level") == 0 and value(desk, "/right/pan/position") == 0.5
    assert saved_strips(desk, tmp_path, "released")["right"] == strips["right"]


def test_an_undone_removal_of_the_left_side_brings_both_back_as_they_were(desk):
    edit(desk, "/tonmeister/strip/set", "left", "link", "right")
    for address, moved in (("/left/fader/level", -9.0), ("/right/compressor/threshold", -31.0), ("/left/mute", True), ("/left/pan/position", -0.75)):
        desk.tell(address, moved)
    edit(desk, "/tonmeister/strip/remove", "left")
    for turn in ("undo", "redo", "undo"):
        desk.tell(f"/tonmeister/{turn}")
        assert desk.hear("/tonmeister/undone" if turn == "undo" else "/tonmeister/redone")
        desk.sync()
        assert (value(desk, "/right/fader/level"), value(desk, "/right/compressor/threshold"), value(desk, "/right/mute"), value(desk, "/right/pan/position")) == (-9, -31, 1, 0.75)
    assert (value(desk, "/left/fader/level"), value(desk, "/left/mute"), value(desk, "/left/pan/position")) == (-9, 1, -0.75)
