# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the desk: a ceiling that nothing passes, and alarms for DC and NaN (issue 3, section 2; acceptance.md section 8)."""

import json
import re
import subprocess
import time

import numpy as np
import pytest
from desk import BINARY, Daemon, JackFeed, JackServer, read_wav, write_config, on_a_machine_that_lets
from scipy.io import wavfile

RATE = 48000
CEILING = 10 ** (-6 / 20)
STRIPS = {
    "loud": {"channels": 1, "input": [], "chain": [{"fader": {}}], "output": [], "guard": {"on": True, "ceiling": -6}},
    "sick": {"channels": 1, "input": [], "output": []},
    "leaning": {"channels": 1, "input": [], "output": []},
    "well": {"channels": 1, "input": [], "output": []},
}


def tone(seconds, peak):
    return peak * np.sin(2 * np.pi * 997 * np.arange(int(seconds * RATE)) / RATE)


def events_of(heard):
    return [tuple(values) for _, address, values in heard if address == "/tonmeister/event"]


@on_a_machine_that_lets
def test_a_ceiling_that_nothing_passes_and_events_for_every_subscriber(tmp_path):
    seconds = 5
    played = np.zeros((seconds * RATE, 4))
    played[:RATE, 0] = tone(1, 4)  # 12 dB above full scale
    played[2 * RATE:, 0] = tone(seconds - 2, CEILING * 0.99)  # and nothing of the kind
    played[:, 1] = played[:, 3] = tone(seconds, 0.25)
    played[RATE // 2:RATE, 1] = np.nan
    played[RATE, 1] = np.inf
    played[:, 2] = tone(seconds, 0.1) + 0.02  # 2 % of full scale
    played = played.astype(np.float32)
    with JackServer(tmp_path, period=1024, realtime=True) as server, \
            Daemon(write_config(tmp_path, STRIPS, start={"ramp": 0}), backend="jack", env=server.env) as desk:
        desk.settle()
        clients = [desk.client, desk.new_client()]
        clients[0].obey("/tonmeister/subscribe", "/*/guard/*", 20)
        clients[1].obey("/tonmeister/subscribe", "/well/fader/level")  # any subscription will do
        feed = JackFeed(server, tmp_path, played, [f"tonmeister:{name}/in_1" for name in STRIPS], [f"tonmeister:{name}/out_1" for name in STRIPS])
        time.sleep(0.3)
        hand = desk.new_client()
        hand.obey("/loud/fader/level", 12.0)  # which makes it worse still
        hand.obey("/loud/fader/level", 0.0)
        heard = feed.heard()
        assert np.isfinite(heard).all()
        heard_messages = []
        for client in clients:
            client.tell("/tonmeister/subscribe", "/*/guard/*", 20)  # renewed
        end = time.monotonic() + 25
        while time.monotonic() < end and sum("is gone" in str(e) for e in events_of(heard_messages)) == 0:
            heard_messages += clients[0].collect(0.5)
            desk.client.tell("/tonmeister/subscribe", "/*/guard/*", 20)
            clients[1].tell("/tonmeister/subscribe", "/*/guard/*", 20)
        log = desk.log()
        others = events_of(clients[1].collect(0.5))

    # acceptance.md 3.5: a ceiling, to a rounding of a float; and to the bit what is below, once it is at rest again.
    assert np.abs(heard[:, 0]).max() <= CEILING * (1 + 2**-22)
    assert np.abs(heard[:RATE // 8, 0]).max() >= CEILING * (1 - 1e-6)
    aligned = np.flatnonzero(heard[:, 3])[0] - np.flatnonzero(played[:, 3])[0]
    rest = slice(4 * RATE, seconds * RATE - aligned)
    np.testing.assert_array_equal(heard[rest.start + aligned:rest.stop + aligned, 0], played[rest, 0])

    events = events_of(heard_messages)
    held = [text for address, text in events if address == "/loud/guard"]
    assert 2 <= len(held) <= 4 and re.fullmatch(r"the ceiling of -6 dBFS holds the output down by \d+\.\d dB", held[0])
    assert re.fullmatch(r"the ceiling no longer holds the output down; at the most it was \d+\.\d dB", held[-1])
    assert -0.1 < float(held[-1].split()[-2]) - 20 * np.log10(4 / CEILING) < 12.1  # the hand was on its way to 12 dB more
    # One alarm for half a second of NaNs and an infinity after it, and one that it is over.
    assert [text for address, text in events if address == "/sick"] == ["a NaN or infinity was silenced", "no NaN or infinity any more"]
    leaning = [text for address, text in events if address == "/leaning/guard"]
    assert re.fullmatch(r"DC of -\d\d\.\d dBFS, more than 0.1 % of full scale", leaning[0])
    assert re.fullmatch(r"DC of -\d\d\.\d dBFS, more than 1 % of full scale", leaning[1])
    assert leaning[2:] == ["the DC is gone"]
    assert not [e for e in events if e[0].startswith("/well")]
    assert events == others  # everybody heard the same
    for address, text in events:
        assert log.count(f"{address}: {text}\n") == 1
    # And as read-outs: 5 s of the offset are as much as the closed form says.
    readings = [values[0] for _, address, values in heard_messages if address == "/leaning/guard/dc"]
    assert max(readings) == pytest.approx(20 * np.log10(0.02), abs=1.0)


def render(config, tmp_path, *events):
    (tmp_path / "events.txt").write_text("".join(line + "\n" for line in events))
    done = subprocess.run([BINARY, "render", config, "--output", f"a={tmp_path}/a.wav", "--length", "2", "--bits", "32f",
                           "--events", tmp_path / "events.txt"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return read_wav(tmp_path / "a.wav")[:, 0], done.stderr


TONE = {"a": {"channels": 1, "chain": [{"tone": {"level": 0}}, {"fader": {"level": 12}}], "output": [], "guard": {"on": True, "ceiling": -20}}}


def test_no_edit_and_no_scene_opens_it(tmp_path):
    heard, told = render(write_config(tmp_path, TONE), tmp_path,
                               "0 /tonmeister/scene/store before",
                               "0.1 /a/guard/on 0",
                               "0.7 /a/guard/on 1",
                               "0.8 /a/guard/ceiling 0",
                               "0.9 /tonmeister/scene/recall before",  # leaves the guard as it is: open wide
                               '1.3 /tonmeister/strip/set a guard "{\\"on\\": true, \\"ceiling\\": -30}"',
                               '1.6 /tonmeister/chain/insert a 0 "{\\"gain\\": {\\"level\\": 24}}"')
    assert "/a/guard: the ceiling of -20 dBFS holds the output down by 32.0 dB\n" in told

    def highest(begin, end):
        return 20 * np.log10(np.abs(heard[int(begin * RATE):int(end * RATE)]).max())
    assert highest(0.0, 0.1) == pytest.approx(-20, abs=1e-4)
    assert highest(0.1, 0.19) == pytest.approx(-20, abs=1e-4)  # off: held for 100 ms,
    assert highest(0.1, 0.7) == pytest.approx(-10, abs=0.1)  # then back at 20 dB a second
    assert highest(0.7, 0.8) == pytest.approx(-20, abs=1e-4)  # on: at once
    assert highest(0.9, 1.3) > -14
    assert highest(1.35, 2.0) == pytest.approx(-30, abs=1e-4)


def told_of(tmp_path, sound, guard, *options):
    """What the ceiling of a strip is told to do while that comes in."""
    wavfile.write(tmp_path / "in.wav", RATE, np.asarray(sound, np.float32))
    config = write_config(tmp_path, {"a": {"channels": 1, "input": [], "output": [], "guard": guard}})
    done = subprocess.run([BINARY, "render", config, "--input", f"a={tmp_path}/in.wav", "--output", f"a={tmp_path}/out.wav", "--bits", "32f", *options],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(\d+\.\d s): /a/guard: (the ceiling .*)$", done.stderr, re.MULTILINE)


def crests(decibels):
    """A tone every sample of which is a crest."""
    return 10 ** (np.asarray(decibels) / 20) * np.where(np.arange(len(decibels)) % 2, 1, -1)


def held(decibels):
    return f"the ceiling of -1 dBFS holds the output down by {decibels:.1f} dB"


def no_longer(decibels):
    return f"the ceiling no longer holds the output down; at the most it was {decibels:.1f} dB"


@pytest.mark.parametrize("block", ["64", "8192"])
def test_what_gets_worse_is_told_again_and_its_end_tells_the_worst(tmp_path, block):
    guard = {"on": True, "ceiling": -1}
    over = np.repeat([0.1, 21, 3, -60], np.array([1, 2, 3, 5]) * RATE)
    assert [text for _, text in told_of(tmp_path, crests(over - 1), guard, "--block", block)] == [held(0.1), held(21), no_longer(21)]
    rising = np.concatenate([np.linspace(0, 20, 10 * RATE), np.full(5 * RATE, -60)])
    told = [text for _, text in told_of(tmp_path, crests(rising - 1), guard, "--block", block)]
    assert [float(text.split()[-2]) for text in told] == pytest.approx([0, 6, 12, 18, 20], abs=0.21)  # 2 dB a second, told ten times a second
    assert told[-1] == no_longer(20)


@pytest.mark.parametrize("block", ["64", "441", "8192"])
def test_what_is_too_loud_at_the_very_end_is_told_at_any_block_size(tmp_path, block):
    over = np.full(RATE, -60.0)
    over[-10:] = 6
    assert told_of(tmp_path, crests(over), {"on": True, "ceiling": -1}, "--block", block) == [("1.0 s", held(7))]
    over = np.full(RATE, -60.0)
    over[4780:4790] = 6
    assert told_of(tmp_path, crests(over), {"on": True, "ceiling": -1}, "--block", block) == [("0.1 s", held(7))]


@pytest.mark.parametrize("block", ["64", "8192"])
def test_what_is_too_loud_while_another_strip_is_edited_is_told(tmp_path, block):
    over = np.full(RATE, -60.0)
    over[-100:] = 6
    (tmp_path / "events").write_text("0.1 /tonmeister/strip/add b {\"output\":[]}\n0.2 /a/guard/ceiling -1\n47800s /tonmeister/chain/insert b 0 gain\n")  # takes 10 ms and more
    assert told_of(tmp_path, crests(over), {"on": True, "ceiling": 0}, "--block", block, "--events", tmp_path / "events") == [("1.0 s", held(7))]


def test_a_bypassed_ceiling_is_told_to_hold_nothing_down(tmp_path):
    assert told_of(tmp_path, crests(np.full(RATE, 6.0)), {"on": True, "ceiling": -1, "bypass": True}) == []
    np.testing.assert_array_equal(read_wav(tmp_path / "out.wav"), read_wav(tmp_path / "in.wav"))


def test_it_is_checked_saved_and_kept(tmp_path):
    config = write_config(tmp_path, {"a": {"output": [], "channels": 1}, "b": {"output": [], "channels": 1, "guard": {"ceiling": -3}}, "c": {"channels": 1}})
    with Daemon(config) as desk:
        desk.client.obey("/a/guard/on", True)
        desk.client.obey("/b/guard/ceiling", -9.5)
        assert desk.client.get("/b/guard/on") == 0.0 or desk.client.get("/b/guard/on") is False
        assert ("/tonmeister/saved", [str(config)]) in desk.client.obey("/tonmeister/save")
        desk.client.tell("/c/guard/on", True)
        assert desk.client.hear("/tonmeister/error")[0] == "/c/guard/on"
    strips = json.loads(config.read_text())["strips"]
    assert strips["a"]["guard"] == {"on": True} and strips["b"]["guard"] == {"ceiling": -9.5}
    for guard, complaint in (({"ceiling": 1}, "strips.a.guard.ceiling: found the number 1, expected a number from -60 to 0 (dBFS)"),
                             ({"celing": -1}, 'did you mean "ceiling"?')):
        done = subprocess.run([BINARY, "check", write_config(tmp_path, {"a": {"output": [], "channels": 1, "guard": guard}})],
                              capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 1 and complaint in done.stderr, done.stderr


def test_a_ceiling_that_is_moved_moves_smoothly(tmp_path):
    """0.5 all the time; from 0 to -20 dBFS in its 20 ms, and back in half a second: no stairs, and no sample above where it is."""
    wavfile.write(tmp_path / "in.wav", RATE, np.full(2 * RATE, 0.5, dtype=np.float32))
    strips = {"mix": {"channels": 1, "input": [], "output": [], "guard": {"on": True, "ceiling": 0}}}
    (tmp_path / "events").write_text("24000s /mix/guard/ceiling -20\n48000s /mix/guard/ceiling -8 0.5\n")
    done = subprocess.run([BINARY, "render", write_config(tmp_path, strips), "--input", f"mix={tmp_path}/in.wav", "--output", f"mix={tmp_path}/out.wav",
                           "--events", tmp_path / "events", "--bits", "32f"], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    heard = read_wav(tmp_path / "out.wav")[:, 0]
    assert heard[24000] == 0.5 and heard[24000 + 960:48000] == pytest.approx(0.1, rel=1e-5)
    # A smooth move's steepest step is at most twice that of a line; 0.9 in 20 ms, 0.3 in half a second.
    assert np.abs(np.diff(heard[:48000])).max() < 2 * 0.9 / 960
    assert np.abs(np.diff(heard[48000:])).max() < 2 * (10 ** (-8 / 20) - 0.1) / 24000
    assert heard[48000:72000].max() <= 10 ** (-8 / 20) * (1 + 1e-6)
