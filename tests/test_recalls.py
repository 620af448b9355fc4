# SPDX-License-Identifier: GPL-3.0-or-later
"""Recalls under way: switches that wait for their end, linked strips, how a fade sounds, and what is kept meanwhile."""

import json
import re
import signal
import time

import numpy as np
import pytest
from desk import Daemon, read_wav, write_config
from osc_client import wait_for
from scipy.io import wavfile
from support_cli import Daemon as Kept
from support_cli import tonmeister


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
