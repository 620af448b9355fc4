# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes over OSC, in their file, and in render --events."""

import json
import random
import shutil
import signal
import time

import numpy as np
import pytest
from desk import Daemon, read_wav, write_config
from osc_client import message, bundle, wait_for
from support_cli import ROOT, tonmeister
from support_cli import Daemon as Kept

STRIPS = {"a": {"channels": 1, "chain": [{"tone": {"level": -20, "frequency": 997}}, {"fader": {"level": 0}}, {"pan": {}}], "to": "mix"},
          "b": {"channels": 1, "chain": [{"noise": {"level": -30}}, {"eq": {}}, {"compressor": {}}, {"fader": {}}], "to": "mix"},
          "mix": {"channels": 2, "chain": [{"fader": {}}]}}


# ---------------------------------------------------------------------------------------------------------- OSC

@pytest.fixture(name="desk")
def running_desk(tmp_path):
    with Daemon(write_config(tmp_path, STRIPS)) as daemon:
        daemon.settle()
        yield daemon


def test_store_diff_recall_list_delete(desk):
    osc = desk.client
    osc.obey("/a/fader/level", -6.0)
    (address, (name, count)), = osc.obey("/tonmeister/scene/store", "verse")
    assert (address, name) == ("/tonmeister/scene/stored", "verse") and count > 60
    osc.obey("/a/fader/level", -20.0)
    osc.obey("/b/mute", True)
    osc.obey("/a/tone/type", "square")
    osc.obey("/mix/solo", True)  # solos are left to hands
    assert osc.obey("/tonmeister/scene/diff", "verse") == [
        ("/tonmeister/scene/diff", ["/a/tone/type", "square", "sine"]), ("/tonmeister/scene/diff", ["/a/fader/level", -20.0, -6.0]),
        ("/tonmeister/scene/diff", ["/b/mute", 1.0, 0.0]), ("/tonmeister/scene/differs", ["verse", 3])]
    assert osc.obey("/tonmeister/scene/recall", "verse") == [("/tonmeister/scene/recalled", ["verse", count, 0, 0])]
    assert (osc.get("/a/fader/level"), osc.get("/b/mute"), osc.get("/a/tone/type"), osc.get("/mix/solo")) == (-6, 0, "sine", 1)
    osc.obey("/tonmeister/scene/store", 2, "/a/fader", "/*/mute")
    assert osc.obey("/tonmeister/scene/list") == [("/tonmeister/scene/list", ["verse", count]), ("/tonmeister/scene/list", ["2", 5]),
                                                  ("/tonmeister/scene/listed", [2])]
    assert osc.obey("/tonmeister/scene/delete", "verse") == [("/tonmeister/scene/deleted", ["verse"])]
    assert osc.obey("/tonmeister/scene/list")[-1] == ("/tonmeister/scene/listed", [1])


def test_subscribers_hear_a_recall(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "one", "/a/fader")
    osc.obey("/a/fader/level", -30.0)
    listener = desk.new_client()
    listener.tell("/tonmeister/subscribe", "/a/fader/level")
    assert listener.hear("/a/fader/level") == [-30.0]
    osc.obey("/tonmeister/scene/recall", "one", 0.5)
    heard = [listener.hear("/a/fader/level")[0]]
    while heard[-1] != 0.0:  # as it fades, up to where it stays
        heard.append(listener.hear("/a/fader/level")[0])
    assert heard == sorted(heard) and len([level for level in heard if -29 < level < -1]) >= 4


def test_a_timed_recall_in_a_bundle_takes_its_moment(desk):
    osc = desk.client
    osc.obey("/a/fader/level", -60.0)
    osc.obey("/tonmeister/scene/store", "low", "/a/fader")
    osc.obey("/a/fader/level", 0.0)
    assert wait_for(lambda: osc.get("/a/meter/peak") > -24)
    osc.send(bundle(time.time() + 2.0, message("/tonmeister/scene/recall", "low")))
    time.sleep(0.6)
    assert osc.get("/a/meter/peak") > -24
    assert wait_for(lambda: osc.get("/a/meter/peak") < -80)


def test_safes_are_not_touched(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "all")
    assert osc.obey("/tonmeister/scene/safe", "/a", True) == [("/tonmeister/scene/safes", ["/a"])]
    assert osc.obey("/tonmeister/scene/safe", "/*/mute", True) == [("/tonmeister/scene/safes", ["/a", "/*/mute"])]
    osc.obey("/a/fader/level", -9.0)
    osc.obey("/mix/fader/level", -9.0)
    osc.obey("/b/mute", True)
    osc.obey("/tonmeister/scene/recall", "all")
    assert (osc.get("/a/fader/level"), osc.get("/mix/fader/level"), osc.get("/b/mute")) == (-9, 0, 1)
    assert osc.obey("/tonmeister/scene/safe", "/a", False) == [("/tonmeister/scene/safes", ["/*/mute"])]
    osc.obey("/tonmeister/scene/recall", "all")
    assert osc.get("/a/fader/level") == 0


def test_a_recall_is_one_step_of_undo(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "start")
    moves = {"/a/fader/level": -11.0, "/b/mute": 1.0, "/a/tone/type": "square", "/b/compressor/lookahead": 4.0}
    for address, value in moves.items():
        osc.obey(address, value)
    osc.obey("/tonmeister/scene/recall", "start", 5)
    assert osc.obey("/tonmeister/undo") == [("/tonmeister/undone", ["scene/recall start"])]
    assert {address: osc.get(address) for address in moves} == moves
    assert osc.obey("/tonmeister/redo") == [("/tonmeister/redone", ["scene/recall start"])]
    assert (osc.get("/a/fader/level"), osc.get("/b/mute"), osc.get("/a/tone/type"), osc.get("/b/compressor/lookahead")) == (0, 0, "sine", 0)


def test_fade_and_switch_are_answered(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "one", "/a/fader")
    assert osc.obey("/tonmeister/scene/fade", "one", "/a", 2.5, "linear") == [("/tonmeister/scene/fade", ["one", "/a", 2.5, "linear"])]
    assert osc.obey("/tonmeister/scene/switch", "one", "end") == [("/tonmeister/scene/switch", ["one", "end"])]


def test_scenes_follow_a_strips_new_name_and_what_is_gone_is_told_safe_or_not(desk):
    osc = desk.client
    osc.obey("/tonmeister/scene/store", "verse")
    osc.obey("/tonmeister/scene/safe", "/a/mute", True)
    osc.obey("/a/fader/level", -20.0)
    listener = desk.new_client()
    listener.tell("/tonmeister/subscribe", "/a/fader/level")
    assert listener.hear("/a/fader/level") == [-20.0]
    osc.obey("/tonmeister/strip/rename", "a", "anna")
    assert listener.hear("/tonmeister/renamed") == ["a", "anna"]
    assert osc.obey("/tonmeister/scene/safe") == [("/tonmeister/scene/safes", ["/anna/mute"])]
    assert osc.obey("/tonmeister/scene/diff", "verse")[0] == ("/tonmeister/scene/diff", ["/anna/fader/level", -20.0, 0.0])
    (_, (_, count, safe, missing)), = osc.obey("/tonmeister/scene/recall", "verse")
    assert count > 50 and (safe, missing) == (1, 0)
    assert osc.get("/anna/fader/level") == 0
    for _ in range(2):  # the recall, then the name
        osc.obey("/tonmeister/undo")
    assert osc.obey("/tonmeister/scene/recall", "verse")[-1] == ("/tonmeister/scene/recalled", ["verse", count, 1, 0])
    assert listener.hear("/tonmeister/renamed") == ["anna", "a"]
    osc.obey("/tonmeister/strip/remove", "a", "force")
    *told, (_, (_, _, safe, missing)) = osc.obey("/tonmeister/scene/recall", "verse")
    assert safe == 0 and missing > 5  # of which one was safe
    assert ("/tonmeister/scene/missing", ["verse", "/a/mute", "there is no such address"]) in told


@pytest.mark.parametrize("verb, values, word", [
    ("recall", ["vrese"], 'did you mean "verse"?'), ("recall", [], "NAME [SECONDS]"), ("recall", ["verse", -1], "NAME [SECONDS]"),
    ("recall", ["verse", "soon"], "NAME [SECONDS]"), ("store", ["x", "/nobody"], "covers nothing"), ("store", ["x", "host"], "no address or pattern"),
    ("store", ["a\nb"], "can't be a scene's name"), ("delete", ["x"], "no scene"), ("safe", ["/a"], "T or F"), ("safe", ["/a", False], "was not safe"),
    ("fade", ["verse", "/a"], "[PATTERN] SECONDS"), ("fade", ["verse", 1, "round"], "smooth|linear"), ("switch", ["verse", "later"], "start or end")])
def test_what_cannot_be_done_is_answered(desk, verb, values, word):
    desk.client.obey("/tonmeister/scene/store", "verse", "/a")
    (address, (about, reason)), = desk.client.obey(f"/tonmeister/scene/{verb}", *values)
    assert (address, about) == ("/tonmeister/error", f"/tonmeister/scene/{verb}") and word in reason


# --------------------------------------------------------------------------------------------------------- file

@pytest.fixture(name="config")
def voice_config(tmp_path):
    (tmp_path / "desk").mkdir()
    return shutil.copy(ROOT / "configs/voice.json", tmp_path / "desk/voice.json")


def scenes_file(folder):
    file, = folder.glob("voice-*.scenes.json")
    return file


def test_scenes_are_back_after_a_stop_and_read_well(config, tmp_path):
    with Kept(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-7.3")
        for words in (["store", "verse", "/host/fader", "/echo/mute"], ["fade", "verse", "2.5", "linear"], ["fade", "verse", "/host/fader", "4"],
                      ["switch", "verse", "end"], ["safe", "/master", "true"]):
            assert desk.ask("send", f"/tonmeister/scene/{words[0]}", *words[1:]).returncode == 0
    assert json.loads(scenes_file(tmp_path).read_text()) == {
        "tonmeister_scenes": 1, "safe": ["/master"], "scenes": {"verse": {
            "scope": ["/host/fader", "/echo/mute"], "seconds": 2.5, "curve": "linear", "switch": "end", "fades": {"/host/fader": 4},
            "values": {"/host/fader/level": -7.3, "/host/fader/bypass": False, "/echo/mute": False}}}}
    with Kept(config, tmp_path, "--fresh") as desk:
        assert desk.get("/host/fader/level") == "-3"
        assert desk.ask("send", "/tonmeister/scene/recall", "verse", "0").stdout == "/tonmeister/scene/recalled verse 3 0 0\n"
        assert wait_for(lambda: desk.get("/host/fader/level") == "-7.3")  # in its own 4 s


def test_a_file_edited_by_hand_is_read_at_once_and_what_is_gone_is_told(config, tmp_path):
    with Kept(config, tmp_path) as desk:
        desk.ask("send", "/tonmeister/scene/store", "verse", "/host/fader")
        file = scenes_file_when_there(tmp_path)
        scenes = json.loads(file.read_text())
        scenes["scenes"]["verse"]["values"] |= {"/host/fader/level": -11, "/gone/fader/level": 0, "/host/pan/position": 9}
        file.write_text("// by hand\n" + json.dumps(scenes))
        done = desk.ask("send", "/tonmeister/scene/recall", "verse")
        assert done.stdout.splitlines() == [
            "/tonmeister/scene/missing verse /gone/fader/level there is no such address",
            "/tonmeister/scene/missing verse /host/pan/position found the number 9, expected a number from -1 to 1",
            "/tonmeister/scene/recalled verse 2 0 2"]
        assert desk.get("/host/fader/level") == "-11"


def scenes_file_when_there(folder):
    assert wait_for(lambda: list(folder.glob("voice-*.scenes.json")))
    return scenes_file(folder)


def test_a_broken_file_is_refused_with_its_line_and_never_written_over(config, tmp_path):
    with Kept(config, tmp_path) as desk:
        desk.ask("send", "/tonmeister/scene/store", "verse", "/host/fader")
        file = scenes_file_when_there(tmp_path)
        good = file.read_text()
        broken = good.replace('"scope"', '"scop"')
        file.write_text(broken)
        line = 1 + broken[:broken.index('"scop"')].count("\n")
        for words in (["recall", "verse"], ["store", "chorus"], ["list"], ["delete", "verse"], ["safe", "/a", "true"]):
            done = desk.ask("send", f"/tonmeister/scene/{words[0]}", *words[1:])
            assert done.returncode == 1 and f"{file}:{line}:" in done.stderr and 'did you mean "scope"?' in done.stderr
        time.sleep(0.5)
        desk.stop()
    assert file.read_text() == broken
    with Kept(config, tmp_path) as desk:
        assert "the scenes can't be used" in desk.log.read_text()
        assert desk.ask("send", "/tonmeister/scene/store", "chorus").returncode == 1
        assert file.read_text() == broken
        file.write_text(good)
        assert desk.ask("send", "/tonmeister/scene/store", "chorus").returncode == 0
        assert "verse" in desk.ask("send", "/tonmeister/scene/list").stdout


def test_a_newer_file_is_refused_and_kept(config, tmp_path):
    with Kept(config, tmp_path) as desk:
        desk.ask("send", "/tonmeister/scene/store", "verse")
        file = scenes_file_when_there(tmp_path)
    file.write_text(newer := '{ "tonmeister_scenes": 2, "acts": [] }')
    with Kept(config, tmp_path) as desk:
        done = desk.ask("send", "/tonmeister/scene/store", "verse")
        assert done.returncode == 1 and "of version 2, and this Tonmeister knows version 1" in done.stderr
    assert file.read_text() == newer


def test_kill_9_leaves_whole_scenes(config, tmp_path):
    chance = random.Random(3)
    acknowledged = []
    for turn in range(6):
        with Kept(config, tmp_path) as desk:
            listed = desk.ask("send", "/tonmeister/scene/list").stdout
            for name in acknowledged:
                assert f"/tonmeister/scene/list {name} " in listed
            for k in range(3):
                name = f"s{turn}-{k}"
                assert desk.ask("send", "/tonmeister/scene/store", name).returncode == 0
                stored = time.monotonic()
                time.sleep(chance.uniform(0, 0.05))
                acknowledged.append((name, stored))
            killed = time.monotonic()
            desk.stop(signal.SIGKILL)
        acknowledged = [entry[0] if isinstance(entry, tuple) else entry for entry in acknowledged if not isinstance(entry, tuple) or killed - entry[1] > 1.0]
        time.sleep(0.01)
    assert not list(tmp_path.glob("*.broken"))


# ------------------------------------------------------------------------------------------------------- render

EVENTS = """
0      /tonmeister/scene/store start
0.1    /a/fader/level -30
0.1    /a/pan/position -0.8
0.1    /b/eq/band/2/gain 9
0.1    /b/mute true
0.1    /b/compressor/lookahead 4
0.2    /tonmeister/scene/store low
0.2    /tonmeister/scene/switch low end
0.2    /tonmeister/scene/fade low 0.3
0.2    /tonmeister/scene/fade low /a/pan 0.123 linear
0.5    /tonmeister/scene/recall start 0.25
0.6    /tonmeister/scene/recall low
29000s /a/fader/level -3 0.1
1.2    /tonmeister/scene/recall start
"""


def render(folder, events, name="out.wav", *words):
    config = write_config(folder, STRIPS)
    (folder / "events").write_text(events)
    done = tonmeister("render", config, "--events", folder / "events", "--length", "1.6", "--output", f"mix={folder / name}", "--bits", "32f", "--quiet", *words)
    return done, (folder / name)


def test_scenes_in_render_give_the_same_bits_at_any_block(tmp_path):
    heard = {}
    for block in (1, 7, 64, 441, 1000, 8192):
        done, file = render(tmp_path, EVENTS, f"{block}.wav", "--block", str(block))
        assert done.returncode == 0, done.stderr
        heard[block] = file.read_bytes()
    assert len(set(heard.values())) == 1
    done, file = render(tmp_path, "", "none.wav")
    assert file.read_bytes() != heard[64]


def test_a_recall_sounds_like_the_moves_it_stands_for(tmp_path):
    """The same values set by hand at the same sample with the same time: bit for bit."""
    by_scene = "0 /tonmeister/scene/store s /a /b\n0.3 /a/fader/level -20\n0.3 /b/fader/level -9\n0.3 /b/mute 1\n24001s /tonmeister/scene/recall s 0.4\n"
    by_hand = "0.3 /a/fader/level -20\n0.3 /b/fader/level -9\n0.3 /b/mute 1\n24001s /a/fader/level 0 0.4\n24001s /b/fader/level 0 0.4\n24001s /b/mute 0\n"
    _, one = render(tmp_path, by_scene, "one.wav")
    _, two = render(tmp_path, by_hand, "two.wav")
    assert np.array_equal(read_wav(one), read_wav(two))


def test_nothing_changes_before_the_sample_of_a_recall(tmp_path):
    moved = "0 /tonmeister/scene/store s\n0.2 /a/fader/level -20\n0.2 /b/eq/band/1/gain 6\n"
    _, one = render(tmp_path, moved, "one.wav")
    _, two = render(tmp_path, moved + "50001s /tonmeister/scene/recall s 0.3\n", "two.wav")
    differs = np.flatnonzero((read_wav(one) != read_wav(two)).any(axis=1))
    assert 50001 <= differs[0] <= 50001 + 32


def test_render_tells_what_a_recall_left_out_and_writes_no_scenes(tmp_path):
    done, _ = render(tmp_path, "0 /tonmeister/scene/store s\n1 /tonmeister/scene/recall s\n1 /tonmeister/scene/recall t\n")
    assert done.returncode == 1 and "events:3: /tonmeister/scene/recall: there is no scene" in done.stderr.replace(f"{tmp_path}/", "")
    assert not list(tmp_path.rglob("*scenes*"))
