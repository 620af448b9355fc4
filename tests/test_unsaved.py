# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart gives back of a desk that was edited, saved, undone and redone: what was heard last."""

import json
import shutil
import signal

import osc_client
import pytest
from support_cli import ROOT, Daemon, tonmeister

DESK = """{
  // The desk of the tests.
  "version": 1,
  "strips": {
    "host": { "channels": 1, "chain": [ { "highpass": {} }, { "fader": { "level": -3 } }, { "pan": {} } ], "to": "mix" },
    "music": { "channels": 2, "chain": [ { "fader": {} } ], "to": "mix" }, // from the library
    "mix": { "channels": 2, "chain": [ { "fader": {} } ], "output": [] }
  }
}
"""
NEW = '{"channels":1,"chain":[{"fader":{"level":-20}}],"to":"mix"}'


@pytest.fixture(name="config")
def desk_config(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.json").write_text(DESK)
    return folder / "desk.json"


def settings(desk):
    lines = "".join(desk.ask("get", pattern, "--plain").stdout for pattern in ("/*/*", "/*/*/*"))
    return {line.split(" ", 1)[0]: line for line in lines.splitlines() if "/meter/" not in line}


def kill_when_saved(desk):
    osc_client.wait_for(lambda: desk.ask("send", "/tonmeister/status").stdout.endswith(" saved\n"))
    desk.stop(signal.SIGKILL)


MOVE, MUTE = ("/host/fader/level", -9.0), ("/music/mute", True)
ADD, RENAME = ("/tonmeister/strip/add", "guest", NEW), ("/tonmeister/strip/rename", "music", "song")
SAVE, UNDO, REDO = ("/tonmeister/save",), ("/tonmeister/undo",), ("/tonmeister/redo",)
ORDERS = {
    "save undo": [MOVE, SAVE, UNDO],
    "save undo redo": [MOVE, SAVE, UNDO, REDO],
    "save undo save": [MOVE, SAVE, UNDO, SAVE],
    "save undo save undo": [MOVE, MUTE, SAVE, UNDO, SAVE, UNDO],
    "save edit undo undo": [MOVE, SAVE, ("/host/fader/level", -15.0), UNDO, UNDO],
    "save undo move": [MOVE, SAVE, UNDO, ("/host/fader/level", -9.0), MUTE],
    "added": [ADD, ("/guest/fader/level", -7.0), MOVE],
    "added save undo": [ADD, MOVE, SAVE, UNDO, UNDO],
    "renamed": [MUTE, RENAME, ("/song/fader/level", -4.0)],
    "renamed save undo redo": [RENAME, MOVE, SAVE, UNDO, UNDO, REDO],
    "removed": [MUTE, ("/tonmeister/strip/remove", "music"), MOVE],
    "removed undo": [MUTE, ("/tonmeister/strip/remove", "music"), UNDO],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_a_restart_sounds_as_the_desk_did(config, tmp_path, order):
    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        for address, *values in order:
            heard = client.obey(address, *values)
            assert "/tonmeister/error" not in [address for address, _ in heard], heard
        before = settings(desk)
        kill_when_saved(desk)
    with Daemon(config, tmp_path) as desk:
        assert settings(desk) == before
        # And it is the same desk once more, saved by its clean end.
    with Daemon(config, tmp_path) as desk:
        assert settings(desk) == before


def test_what_was_not_saved_can_be_saved_after_a_restart(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        osc_client.Client(desk.port).obey(*ADD)
        kill_when_saved(desk)
    assert config.read_text() == DESK
    with Daemon(config, tmp_path) as desk:
        assert "live edits that were not saved are back" in desk.log.read_text()
        assert desk.ask("send", "/tonmeister/save").returncode == 0
        kill_when_saved(desk)
    assert "// from the library" in config.read_text() and '"guest"' in config.read_text()
    state = json.loads(next(tmp_path.glob("*.state.json")).read_text())
    assert "unsaved" not in state


def test_a_hand_on_the_file_goes_before_what_was_not_saved(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        for message in (ADD, MOVE, SAVE, UNDO, UNDO, MUTE, ("/mix/fader/level", -2.0)):
            client.obey(*message)
        kill_when_saved(desk)
    by_hand = config.read_text().replace('"mix": { "channels": 2, "chain": [ { "fader": {}', '"mix": { "channels": 2, "chain": [ { "fader": { "level": -6 }')
    assert by_hand != config.read_text()
    config.write_text(by_hand)
    with Daemon(config, tmp_path) as desk:
        assert "the file was changed since" in desk.log.read_text()
        assert desk.get("/mix/fader/level") == "-6"        # the author's
        assert desk.get("/guest/fader/level") == "-20"     # in the file
        assert desk.get("/host/fader/level") == "-3"       # undone, and nothing the author touched
        assert desk.get("/music/mute") == "1"
    kept = next(tmp_path.glob("*.state.json.unsaved")).read_text()
    assert "guest" not in kept and "// from the library" in kept


def test_fresh_leaves_out_what_was_not_saved(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        client.obey(*ADD)
        client.obey(*MOVE)
        kill_when_saved(desk)
    with Daemon(config, tmp_path, "--fresh") as desk:
        assert desk.get("/host/fader/level") == "-3"
        assert desk.ask("get", "/guest/mute").returncode != 0


def test_an_edit_that_makes_no_desk_any_more_does_not_stop_the_start(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        osc_client.Client(desk.port).obey(*ADD)
        kill_when_saved(desk)
    file = next(tmp_path.glob("*.state.json"))
    state = json.loads(file.read_text())
    state["unsaved"]["text"] = state["unsaved"]["text"].replace('"to": "mix"', '"to": "nowhere"')
    file.write_text(json.dumps(state))
    with Daemon(config, tmp_path) as desk:
        assert "they make no desk" in desk.log.read_text()
        assert desk.ask("get", "/guest/mute").returncode != 0
        assert desk.get("/host/fader/level") == "-3"


@pytest.mark.parametrize("watch", [[], ["--watch"]], ids=["by hand", "watched"])
def test_save_does_not_write_over_a_hand_on_the_file(config, tmp_path, watch):
    with Daemon(config, tmp_path, *watch) as desk:
        client = osc_client.Client(desk.port)
        client.obey(*MOVE)
        by_hand = DESK.replace("// from the library", "// from the archive")
        config.write_text(by_hand)  # the watch waits 200 ms
        heard = client.obey("/tonmeister/save")
        assert heard[0][0] == "/tonmeister/error" and "/tonmeister/reload" in heard[0][1][1]
        assert config.read_text() == by_hand
        assert client.obey("/tonmeister/save", "other")[0][0] == "/tonmeister/saved"
        if watch:
            osc_client.wait_for(lambda: ": unchanged" in desk.log.read_text())
        else:
            client.obey("/tonmeister/reload")
        assert client.obey("/tonmeister/save")[0][0] == "/tonmeister/saved"
        assert config.read_text() == by_hand.replace('"level": -3', '"level": -9')


NEW_USER = [
    ("/tonmeister/strip/add", "master", '{"stage":"master","channels":2,"chain":[{"limiter":{}}],"output":[]}'),
    ("/tonmeister/strip/add", "singer", '{"chain":[{"player":{"file":"voice.ogg","loop":true}},{"fader":{}},{"pan":{}}],"to":"master"}'),
    ("/tonmeister/strip/add", "piano", '{"chain":[{"player":{"file":"piano.ogg","loop":true}},{"fader":{}}],"to":"master"}'),
    ("/tonmeister/chain/insert", "singer", "player", "eq"), ("/tonmeister/chain/move", "singer", "eq", 1), ("/singer/eq/band/2/gain", 4.0),
    ("/tonmeister/strip/add", "echo", '{"channels":2,"chain":[{"delay":{"time":250}}],"to":"master"}'),
    ("/tonmeister/chain/insert", "singer", -1, '{"send":{"to":"echo","level":-18}}'),
    ("/tonmeister/chain/insert", "piano", 1, '{"ducker":{"sidechain":"singer/eq"}}'),
    ("/tonmeister/group/add", "band", '{"members":["piano"]}'), ("/groups/band/level", -2.0),
    ("/tonmeister/save",),
    ("/tonmeister/strip/rename", "piano", "keys"), ("/singer/pan/position", 0.25), ("/keys/fader/level", -7.5), ("/master/limiter/ceiling", -2.0),
]


def test_a_desk_built_from_nothing_while_it_plays_plays_on_after_a_kill(tmp_path):
    """Issue 3, section 4: nothing but messages, half of them behind the save."""
    folder = tmp_path / "desk"
    folder.mkdir()
    config = folder / "desk.json"
    config.write_text('{ "version": 1, "strips": {} }')
    for stem in ("voice", "piano"):
        shutil.copy(ROOT / f"demo/stems/{stem}.ogg", folder)

    def plays(client):
        return osc_client.wait_for(lambda: client.get("/master/meter/peak") > -40)

    def stand(client, name):
        assert client.obey("/tonmeister/save", name)[0][0] == "/tonmeister/saved"
        done = tonmeister("render", folder / f"{name}.json", "--length", 4, "--quiet", "--output", f"master={tmp_path / name}.wav")
        assert done.returncode == 0, done.stderr
        return (folder / f"{name}.json").read_text(), (tmp_path / f"{name}.wav").read_bytes()

    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        for address, *values in NEW_USER:
            heard = client.obey(address, *values)
            assert "/tonmeister/error" not in [address for address, _ in heard], heard
        assert plays(client)
        before = stand(client, "before")
        kill_when_saved(desk)
    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        assert plays(client)
        assert stand(client, "after") == before
