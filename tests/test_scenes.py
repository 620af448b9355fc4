# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes over OSC, in their file, and in render --events."""

import json
import random
import re
import shutil
import signal
import time

import numpy as np
import pytest
from desk import Daemon, read_wav, write_config
from osc_client import message, bundle, wait_for
from scipy.io import wavfile
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


@pytest.mark.parametrize("events, muted", [
    ("", {"a"}), ("1.2 /tonmeister/strip/rename a c\n", {"c"}), ("1 /tonmeister/strip/remove a\n1.2 /tonmeister/strip/rename b a\n", set()),
    ('1 /tonmeister/strip/remove a\n1.2 /tonmeister/strip/add a {"chain":["tone"],"output":[]}\n', set())])
def test_a_switch_that_waits_is_for_its_strip_and_for_none_that_takes_the_name(tmp_path, events, muted):
    strip = {"channels": 1, "chain": [{"tone": {"level": -20}}], "output": []}
    (tmp_path / "events").write_text("0 /tonmeister/scene/store on /a\n0.1 /a/mute 1\n0.2 /tonmeister/scene/store off /a\n0.2 /tonmeister/scene/switch off end\n"
                                     "0.3 /a/mute 0\n0.5 /tonmeister/scene/recall off 2\n" + events + "2.9 /*/mute\n")
    done = tonmeister("render", write_config(tmp_path, {"a": strip, "b": strip}), "--output", f"b={tmp_path}/out.wav", "--length", 3, "--events", tmp_path / "events")
    assert done.returncode == 0, done.stderr
    told = dict(re.findall(r"/(\w)/mute (?:= )?(\d)", done.stderr + done.stdout))
    assert told and {name for name, value in told.items() if value == "1"} == muted


def test_load_calls_off_what_a_recall_left_for_its_end(tmp_path):
    strip = {"channels": 1, "chain": [{"compressor": {}}, {"fader": {}}]}
    config = write_config(tmp_path, {"a": strip})
    write_config(tmp_path, {"a": strip}, file="other.json")
    with Daemon(config) as desk:
        desk.settle()
        osc = desk.client
        osc.obey("/a/mute", True)
        osc.obey("/tonmeister/scene/store", "off")
        osc.obey("/tonmeister/scene/switch", "off", "end")
        osc.obey("/a/mute", False)
        osc.obey("/tonmeister/scene/recall", "off", 0.5)
        osc.obey("/tonmeister/load", "other")
        time.sleep(1)
        assert osc.get("/a/mute") == 0


def test_what_is_kept_in_a_recall_has_the_switches_that_wait_for_its_end(tmp_path):
    config = write_config(tmp_path, {"mic": {"channels": 1, "chain": [{"fader": {"level": -40}}]}})
    with Kept(config, tmp_path) as desk:
        desk.set("/mic/fader/level", "0")
        desk.set("/mic/mute", "true")
        for words in (["store", "pause"], ["switch", "pause", "end"]):
            assert desk.ask("send", f"/tonmeister/scene/{words[0]}", *words[1:]).returncode == 0
        desk.set("/mic/fader/level", "-40")
        desk.set("/mic/mute", "false")
        assert desk.ask("send", "/tonmeister/scene/recall", "pause", "600").returncode == 0
        assert desk.ask("send", "/tonmeister/save", "mid").returncode == 0
        assert wait_for(lambda: desk.ask("send", "/tonmeister/status").stdout.endswith(" saved\n"))
        assert desk.get("/mic/mute") == "0"
        desk.stop(signal.SIGKILL)
    saved = json.loads((tmp_path / "mid.json").read_text())["strips"]["mic"]
    assert saved["mute"] is True and saved["chain"] == [{"fader": {"level": 0}}]
    with Kept(config, tmp_path) as desk:
        assert (desk.get("/mic/mute"), desk.get("/mic/fader/level")) == ("1", "0")


def test_linked_strips_are_one_for_scenes(tmp_path):
    strip = {"channels": 1, "chain": [{"fader": {}}, {"pan": {}}], "to": "mix"}
    with Daemon(write_config(tmp_path, {"l": strip, "r": strip, "mix": {"channels": 2}})) as desk:
        desk.settle()
        osc = desk.client
        osc.obey("/l/fader/level", -10.0)
        osc.obey("/r/fader/level", -20.0)
        osc.obey("/tonmeister/scene/store", "apart")
        osc.obey("/tonmeister/strip/set", "l", "link", "r")
        osc.obey("/l/fader/level", -30.0)
        assert osc.obey("/tonmeister/scene/diff", "apart") == [
            ("/tonmeister/scene/diff", ["/l/fader/level", -30.0, -10.0]), ("/tonmeister/scene/differs", ["apart", 1])]
        osc.obey("/tonmeister/scene/recall", "apart")
        assert (osc.get("/l/fader/level"), osc.get("/r/fader/level")) == (-10, -10)  # the left one's
        assert osc.obey("/tonmeister/scene/diff", "apart") == [("/tonmeister/scene/differs", ["apart", 0])]
        for safe in ("/l", "/r"):
            osc.obey("/l/fader/level", -30.0)
            osc.obey("/tonmeister/scene/safe", safe, True)
            osc.obey("/tonmeister/scene/recall", "apart")
            assert (osc.get("/l/fader/level"), osc.get("/r/fader/level")) == (-30, -30)
            osc.obey("/tonmeister/scene/safe", safe, False)


def fader_law(level):
    """dB to amplitude; -120 is silence."""
    return 0.0 if level <= -120 else 10 ** (level / 20)


@pytest.mark.parametrize("chain, level", [([{"matrix": {"inputs": 1, "outputs": 1, "1/1/level": -120}}], "/a/matrix/1/1/level"), ([{"fader": {"level": -120}}], "/a/fader/level")])
@pytest.mark.parametrize("block", [64, 441])
def test_a_fade_sounds_as_it_is_told(tmp_path, chain, level, block):
    """Linear and smooth fades, one upon the other, against the polynomials in numpy; what a question and scene/store get is what is heard."""
    config = write_config(tmp_path, {"a": {"channels": 1, "chain": chain}})
    (tmp_path / "events").write_text(f"""
0    {level} 0
0.1  /tonmeister/scene/store full {level}
0.2  {level} -120
0.3  /tonmeister/scene/fade full 4 linear
0.3  /tonmeister/scene/store down {level}
0.3  /tonmeister/scene/fade down 2 smooth
1    /tonmeister/scene/recall full
1.5  {level}
2    {level}
2    /tonmeister/scene/store quarter {level}
2.5  /tonmeister/scene/recall full 2
2.75 {level}
3    /tonmeister/scene/fade full 2 smooth
3    /tonmeister/scene/recall full
4    {level}
5.5  /tonmeister/scene/recall down
6    {level}
6.5  /tonmeister/scene/fade down 1 smooth
6.5  /tonmeister/scene/recall down
7    {level}
8    /tonmeister/scene/recall quarter
""")
    rate, seconds = 48000, 9
    x = np.random.default_rng(2).choice([-0.5, 0.5], rate * seconds).astype(np.float32)
    wavfile.write(tmp_path / "in.wav", rate, x)
    done = tonmeister("render", config, "--events", tmp_path / "events", "--input", f"a={tmp_path}/in.wav", "--output", f"a={tmp_path}/out.wav",
                      "--bits", "32f", "--raw", "--length", str(seconds), "--block", str(block))
    assert done.returncode == 0, done.stderr
    gain = read_wav(tmp_path / "out.wav").reshape(-1) / x

    def cubic(v0, slope, v1, t):
        """From v0 at that slope (over the whole way) to v1 at rest."""
        return np.polyval(np.linalg.solve([[0, 0, 0, 1], [0, 0, 1, 0], [1, 1, 1, 1], [3, 2, 1, 0]], [v0, slope, v1, 0]), t)

    t = np.arange(rate * seconds) / rate
    # 1 s: silence to 1 in 4 s, straight. 2.5 s: the rest in 2 s, straight. 3 s: the rest in 2 s, with the speed it has.
    at_25 = 1.5 / 4
    at_3 = at_25 + (1 - at_25) / 4
    # 5.5 s: down in 2 s from rest. 6.5 s: the other half in 1 s, with the speed of -3/4 a second that it has.
    expected = np.select(
        [t < 1, t < 2.5, t < 3, t < 5, t < 5.5, t < 6.5, t < 7.5, t < 8],
        [0 * t, (t - 1) / 4, at_25 + (1 - at_25) * (t - 2.5) / 2, cubic(at_3, 1 - at_25, 1, (t - 3) / 2), 1, cubic(1, 0, 0, (t - 5.5) / 2),
         cubic(0.5, -0.75, 0, t - 6.5), 0 * t], 0.25)
    settled = (t > 0.3) & ((t < 8) | (t > 8.1))  # but for what only takes its smoothing
    assert np.abs(gain - expected)[settled].max() < 1e-5
    told = [float(line.split()[-1]) for line in done.stderr.splitlines() + done.stdout.splitlines() if f" {level} " in line]
    moments = [1.5, 2, 2.75, 4, 6, 7]
    assert [fader_law(level) for level in told] == pytest.approx([expected[int(s * rate)] for s in moments], abs=1e-5)


LINKED = {"l": {"channels": 1, "link": "r", "chain": [{"fader": {}}], "to": "mix"}, "r": {"channels": 1, "chain": [{"fader": {}}], "to": "mix"}, "mix": {"channels": 2, "output": []}}


@pytest.mark.parametrize("side", "lr")
def test_a_switch_that_waits_on_either_side_of_a_link_is_kept_for_both(tmp_path, side):
    (tmp_path / "events").write_text(f"0 /l/mute 1\n0.1 /tonmeister/scene/store off /{side}\n0.1 /tonmeister/scene/switch off end\n0.2 /l/mute 0\n"
                                     "0.3 /tonmeister/scene/recall off 3\n0.5 /tonmeister/save mid\n")
    done = tonmeister("render", write_config(tmp_path, LINKED), "--output", f"mix={tmp_path}/out.wav", "--length", 1, "--events", tmp_path / "events")
    assert done.returncode == 0, done.stderr
    saved = json.loads((tmp_path / "mid.json").read_text())["strips"]
    assert saved["l"]["mute"] is True and saved["r"]["mute"] is True


def test_a_recall_of_the_other_side_calls_a_switch_off(tmp_path):
    (tmp_path / "events").write_text("0 /tonmeister/scene/store on /r\n0 /l/mute 1\n0.1 /tonmeister/scene/store off /l\n0.1 /tonmeister/scene/switch off end\n0.2 /l/mute 0\n"
                                     "0.3 /tonmeister/scene/recall off 1\n0.5 /tonmeister/scene/recall on\n1.8 /*/mute\n")
    done = tonmeister("render", write_config(tmp_path, LINKED), "--output", f"mix={tmp_path}/out.wav", "--length", 2, "--events", tmp_path / "events")
    assert done.returncode == 0, done.stderr
    assert dict(re.findall(r"/(\w+)/mute (?:= )?(\d)", done.stderr)) == {"l": "0", "r": "0", "mix": "0"}


@pytest.mark.parametrize("edit", ["/tonmeister/strip/set l link null", "/tonmeister/strip/remove l force"])
def test_a_switch_that_waits_is_for_both_sides_also_when_the_link_is_gone(tmp_path, edit):
    (tmp_path / "events").write_text("0 /l/mute 1\n0.1 /tonmeister/scene/store off\n0.1 /tonmeister/scene/switch off end\n0.2 /l/mute 0\n"
                                     f"0.3 /tonmeister/scene/recall off 1\n0.6 {edit}\n1.8 /r/mute\n")
    done = tonmeister("render", write_config(tmp_path, LINKED), "--output", f"mix={tmp_path}/out.wav", "--length", 2, "--events", tmp_path / "events")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"/r/mute (?:= )?(\d)", done.stderr) == ["1"]


def test_what_waits_for_a_new_plan_is_in_what_is_stored_and_saved_behind_it(tmp_path):
    strips = {"a": {"channels": 1, "chain": [{"compressor": {"lookahead": 3}}, {"fader": {}}], "output": []}, "b": {"channels": 1, "output": []}}
    (tmp_path / "events").write_text("0.5 /a/compressor/lookahead 9\n0.5 /tonmeister/save first\n0.5 /tonmeister/scene/store s /a\n"
                                     "0.7 /tonmeister/chain/insert b 0 gain\n0.701 /a/compressor/lookahead 5\n0.702 /tonmeister/save second\n"
                                     "0.9 /tonmeister/scene/recall s\n1 /a/compressor/lookahead\n"
                                     "1.1 /a/compressor/sidechain nosuch\n1.1 /tonmeister/save third\n")
    done = tonmeister("render", write_config(tmp_path, strips), "--output", f"a={tmp_path}/out.wav", "--length", 1.2, "--events", tmp_path / "events")
    assert done.returncode == 1 and 'unknown strip "nosuch"' in done.stderr and "1 event could not be obeyed" in done.stderr
    saved = [json.loads((tmp_path / f"{name}.json").read_text())["strips"]["a"]["chain"][0]["compressor"]["lookahead"] for name in ("first", "second")]
    assert saved == [9, 5]
    assert tonmeister("check", tmp_path / "third.json").returncode == 0  # what will be refused is not in it
    assert re.findall(r"/a/compressor/lookahead (?:= )?(\d+)$", done.stderr, re.MULTILINE) == ["9"]


@pytest.mark.parametrize("block", [64, 441, 8192])
def test_a_render_answers_what_a_meter_held_at_any_time(tmp_path, block):
    times = [0.1, 0.25, 0.3, 0.5, 0.82, 0.9]
    (tmp_path / "events").write_text("".join(f"{at} /a/meter/peak\n" for at in times))
    strips = {"a": {"channels": 1, "chain": [{"tone": {"level": -8, "frequency": 1000}}], "output": []}}
    done = tonmeister("render", write_config(tmp_path, strips), "--output", f"a={tmp_path}/out.wav", "--length", 1, "--events", tmp_path / "events", "--block", block)
    assert done.returncode == 0, done.stderr
    assert [float(x) for x in re.findall(r"/a/meter/peak (?:= )?(-?[\d.]+)", done.stderr)] == pytest.approx([-8] * len(times), abs=0.1)
