# SPDX-License-Identifier: GPL-3.0-or-later
"""`render --events`: every event acts on its own sample, those that make a new plan too, whatever the block size."""
import json

import numpy as np
import pytest
from desk import read_wav
from scipy.io import wavfile
from support_cli import tonmeister

RATE, LENGTH = 48000, 48000

CONFIG = {"version": 1, "strips": {
    "a": {"channels": 1, "chain": [{"compressor": {"ratio": 1}}, {"fader": {}}], "to": "mix"},
    "b": {"channels": 1, "chain": [{"highpass": {"frequency": 100}}, {"limiter": {}}], "to": "mix"},
    "p": {"chain": [{"player": {"file": "one.wav", "loop": True}}], "to": "mix"},
    "mix": {"channels": 2, "chain": [{"fader": {}}]}}}

EVENTS = """
0s /a/compressor/lookahead 1
4801s /a/compressor/lookahead 5
4801s /b/limiter/lookahead 3
4801s /a/fader/level -6
4900s /a/compressor/lookahead 2
4901s /b/limiter/lookahead 1
12000s /p/player/file two.wav
20003s /p/player/file wide.wav
20003s /b/limiter/lookahead 5
30000s /a/mute 1
"""


@pytest.fixture
def session(tmp_path):
    noise = np.random.default_rng(3).integers(-128, 128, (LENGTH, 2)) / 1024
    wavfile.write(tmp_path / "in.wav", RATE, (noise[:, 0]).astype(np.float32))
    wavfile.write(tmp_path / "one.wav", RATE, (noise[:9600, 1]).astype(np.float32))
    wavfile.write(tmp_path / "two.wav", RATE, (-noise[:9600, 1]).astype(np.float32))
    wavfile.write(tmp_path / "wide.wav", RATE, (noise[:9600]).astype(np.float32))

    def render(events, *options, config=CONFIG, code=0, stderr=False):
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "events.txt").write_text(events)
        done = tonmeister("render", str(tmp_path / "config.json"), "--input", f"a={tmp_path}/in.wav", "--input", f"b={tmp_path}/in.wav",
                          "--output", f"mix={tmp_path}/out.wav", "--bits", "32f", "--raw", "--quiet", "--length", str(LENGTH / RATE),
                          "--events", str(tmp_path / "events.txt"), *options)
        assert done.returncode == code, done.stderr
        return done.stderr if stderr or code else read_wav(tmp_path / "out.wav")

    return render


@pytest.mark.parametrize("block", [1, 7, 441, 1000, 8192])
def test_structural_events_act_on_their_sample_at_any_block_size(session, block):
    assert np.array_equal(session(EVENTS, "--block", str(block)), session(EVENTS, "--block", "64"))


def test_nothing_happens_before_its_sample(session):
    plain, edited = session("0s /a/compressor/lookahead 1"), session(EVENTS)
    first = np.flatnonzero((plain != edited).any(axis=1))[0]
    assert 4801 <= first <= 4803  # fades begin with slope zero


def test_an_event_at_the_very_beginning_is_as_if_the_config_said_so(session):
    changed = json.loads(json.dumps(CONFIG))
    changed["strips"]["a"]["chain"][0]["compressor"]["lookahead"] = 5
    at_once = session("0s /a/compressor/lookahead 5")
    written = session("", config=changed)
    # The first plan starts at once; only its compressor's edge fades in, for 10 ms.
    assert np.array_equal(at_once[2000:], written[2000:])


def test_a_refused_event_among_others_of_its_sample_is_told_and_fails_the_render(session):
    told = session("100s /p/player/file nowhere.wav\n100s /a/compressor/lookahead 5\n", code=1)
    assert "nowhere.wav" in told and "/p/player/file" in told


@pytest.mark.parametrize("block", [64, 1000])
@pytest.mark.parametrize("address", ["/tonmeister/chain/insert b 0 gate", "/b/limiter/lookahead 3", "/{a,b}/*/lookahead/inc 1"])
def test_what_comes_too_soon_after_a_change_of_the_graph_is_told_how_late_it_began(session, block, address):
    told = session(f"24000s /tonmeister/chain/insert a 0 gate\n24001s {address}\n"
                   f"40000s /a/compressor/lookahead 3\n40000s /b/limiter/lookahead 2\n40000s /a/fader/level -3\n", "--block", str(block), stderr=True)
    late = [line.split("events.txt:")[1] for line in told.splitlines() if " late" in line]
    # A change fades for 10 ms: 480 samples of 48 kHz.
    assert len(late) == 1 and late[0].startswith(f"2: {address.split()[0]}: begun 479 samples late"), told


REFUSED = '/a/compressor/sidechain: unknown strip "nosuch"'


@pytest.mark.parametrize("block", ["64", "8192"])
@pytest.mark.parametrize(("events", "expected"), [
    # Refused when the change before it is over, by then others have been obeyed.
    ("48s /a/compressor/sidechain nosuch\n128s /b/mute 1\n192s /b/mute 0\n", {2: [REFUSED]}),
    # Among those that begin, also where they are of the same address.
    ("48s /b/limiter/lookahead 3\n64s /a/compressor/sidechain nosuch\n128s /b/mute 1\n", {2: ["/b/limiter/lookahead: begun 432 samples late"], 3: [REFUSED]}),
    ("48s /a/compressor/sidechain b\n64s /a/compressor/sidechain nosuch\n", {2: ["/a/compressor/sidechain: begun 432 samples late"], 3: [REFUSED]}),
    # One of a pattern's, and under a name that the strip gets meanwhile.
    ("48s /*/compressor/sidechain nosuch\n64s /b/mute 1\n", {2: [REFUSED]}),
    ("0s /tonmeister/strip/rename a c\n0s /c/compressor/sidechain nosuch\n5s /b/mute 1\n", {3: [REFUSED.replace("/a/", "/c/")]}),
    # Beside an edit a setting is obeyed on the edited desk.
    ("9000s /tonmeister/chain/insert b 0 gain\n9000s /b/mute 1\n9000s /a/compressor/sidechain nosuch\n9000s /b/mute 0\n", {4: [REFUSED]}),
])
def test_what_is_refused_late_is_told_with_its_own_line_and_never_begins(session, block, events, expected):
    told = session("0s /tonmeister/chain/insert a 0 gain\n" + events, "--block", block, code=1)
    lines = [line.split("events.txt:")[1] for line in told.splitlines() if "events.txt:" in line and "/tonmeister/" not in line]
    heard = {}
    for line in lines:
        number, text = line.split(": ", 1)
        heard.setdefault(int(number), []).append(text.split(", ")[0])
    assert heard == expected, told


def test_an_answer_has_the_line_of_what_it_answers(session):
    told = session("9000s /b/mute 1\n9000s /tonmeister/chain/insert a 0 gain\n9000s /tonmeister/chain/insert b 0 gain\n9000s /a/fader/level 99\n9000s /a/fader/level -3\n", stderr=True)
    answers = [line.split("events.txt:")[1].split()[:2] for line in told.splitlines() if "events.txt:" in line]
    assert answers == [["2:", "/tonmeister/edited"], ["4:", "/a/fader/level"]], told # of two edits the first, whose name it has


def test_verbs_that_only_a_daemon_has_are_refused_as_such(session):
    told = session("0 /tonmeister/sync 1\n1s /tonmeister/insert/ping x\n2s /tonmeister/load x\n3s /tonmeister/nonsense\n", code=1)
    for line, verb in ((1, "sync"), (2, "insert/ping"), (3, "load")):
        assert f"events.txt:{line}: /tonmeister/{verb}: not in a render" in told
    assert "events.txt:4: /tonmeister/nonsense: there is no such verb" in told


def test_a_render_reads_its_config_again(session, tmp_path):
    told = session("100s /tonmeister/reload\n200s /a/fader/level -3\n300s /tonmeister/reload\n", stderr=True)
    assert [line.split(": ")[1] for line in told.splitlines() if "unchanged" in line] == [f'/tonmeister/reloaded "{tmp_path}/config.json" "unchanged"'] * 2


def test_an_error_of_a_bundle_is_told_with_its_own_line(session):
    told = session("100s /tonmeister/strip/add x {}\n100s /x/nothing 1\n100s /a/fader/level -3\n", code=1)
    assert "events.txt:2: /x/nothing: there is no such address" in told


@pytest.mark.parametrize("time", ["0.05s", "1e3s", "-1s", "+1s", "s", "99999999999999999999s"])
def test_a_time_in_samples_is_a_whole_number(session, time):
    told = session(f"0 /a/mute false\n{time} /a/mute true\n", code=1)
    assert f'events.txt:2: "{time}" is no time: expected seconds (1.5) or whole samples (72000s)' in told


def test_seconds_and_samples_of_the_same_time_are_one(session):
    assert np.array_equal(session("0.25 /a/mute 1\n"), session("12000s /a/mute 1\n"))
    assert not np.array_equal(session("0.25 /a/mute 1\n"), session(""))


@pytest.mark.parametrize("event", ['"0 /a/mute true', '"', '0 /a/mute "true'])
def test_a_quote_that_is_never_closed_is_told(session, event):
    assert "events.txt:2: a quoted text has no closing quote" in session(f"0 /a/mute false\n{event}\n", code=1)


def test_events_after_the_end_are_told(session):
    """The render is a second of 48,000 samples, and no latency is added: its last event is that of sample 47999."""
    told = session("47999s /a/mute false\n2 /b/mute true\n48000s /a/mute true\n", stderr=True)
    assert [line.split("events.txt:")[1] for line in told.splitlines() if "events.txt:" in line] == [
        "3: /a/mute: never happens, the render ends before sample 48000", "2: /b/mute: never happens, the render ends before sample 96000"]
    many = session("".join(f"{i} /a/mute true\n" for i in range(1, 9)), stderr=True)
    assert many.count("never happens") == 5 and "events.txt: and 3 more events after the end" in many
