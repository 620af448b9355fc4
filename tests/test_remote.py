# SPDX-License-Identifier: GPL-3.0-or-later
"""get, set, watch and send against a daemon; their exit codes, and what they say when nobody answers."""

import json
import re
import signal
import subprocess
import time

import pytest
from support_cli import BINARY, ROOT, Daemon, free_port, tonmeister

WIDE = 300  # strips: their levels don't fit one datagram, nor one socket's buffer


@pytest.fixture(name="desk", scope="module")
def running_desk(tmp_path_factory):
    with Daemon(ROOT / "configs/voice.json", tmp_path_factory.mktemp("state")) as daemon:
        yield daemon


def test_get_tells_the_unit(desk):
    assert desk.ask("get", "/echo/delay/time").stdout == "320 ms\n"
    assert desk.ask("get", "/echo/delay/time", "--plain").stdout == "320\n"
    assert desk.ask("get", "/host/mute").stdout == "0\n"
    assert desk.ask("get", "/music/ducker/sidechain").stdout == "host\n"


def test_get_of_a_pattern_prints_all_matches_sorted(desk):
    done = desk.ask("get", "/{host,music}/*/threshold")
    assert done.stdout == "/host/compressor/threshold -24 dBFS\n/music/ducker/threshold -40 dBFS\n"
    assert done.returncode == 0


def test_get_of_what_is_no_parameter_prints_the_answer(desk):
    assert re.fullmatch(r"running [0-9.e-]+ [0-9]+ [0-9]+ [0-9]+ 0 0 (saved|saving|off)\n", desk.ask("get", "/tonmeister/status").stdout)
    assert desk.ask("get", "/echo/fader/level/normal").stdout.strip() != ""


@pytest.mark.parametrize("words, complaint", [
    (["get", "/nobody/fader/level"], "/nobody/fader/level: there is no such address"),
    (["get", "/nobody/*"], "/nobody/*: this pattern matches nothing"),
    (["set", "/nobody/fader/level", "3"], "/nobody/fader/level: there is no such address"),
    (["set", "/host/meter/peak", "3"], "/host/meter/peak: this is a read-out and can't be set"),
    (["set", "host/fader/level", "3"], '"host/fader/level" is no OSC address'),
    (["send", "/tonmeister/nothing"], "/tonmeister/nothing: there is no such verb"),
])
def test_errors_are_a_sentence_and_exit_1(desk, words, complaint):
    done = desk.ask(*words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"tonmeister {words[0]}: {complaint}")
    assert done.stderr.count("\n") == 1


def test_set_is_in_effect_when_it_returns(desk):
    assert desk.set("/host/fader/level", "-12.5") == ""
    assert desk.get("/host/fader/level") == "-12.5"
    assert desk.set("/host/fader/level", "-6", "0.05") == ""
    time.sleep(0.06)
    assert desk.get("/host/fader/level") == "-6"
    assert desk.set("/host/fader/level/inc", "-1.5") == ""
    assert desk.get("/host/fader/level") == "-7.5"
    assert desk.set("/host/mute", "true") == ""
    assert desk.get("/host/mute") == "1"
    assert desk.set("/host/mute/toggle") == ""
    assert desk.get("/host/mute") == "0"
    assert desk.set("/*/fader/level", "-9") == ""
    assert desk.get("/mix/fader/level") == "-9"


def test_set_prints_what_was_applied_instead(desk):
    assert desk.set("/host/fader/level", "99") == "/host/fader/level 12\n"


def test_a_structural_set_that_is_clamped_is_told(desk):
    assert desk.set("/music/ducker/lookahead", "99") == "/music/ducker/lookahead 20\n"
    assert desk.get("/music/ducker/lookahead") == "20"
    assert desk.set("/music/ducker/lookahead", "5") == ""


def test_get_of_many_loses_nothing(tmp_path):
    strips = {f"s{i}": {"chain": [{"fader": {"level": -i / 10}}]} for i in range(WIDE)}
    config = tmp_path / "wide.json"
    config.write_text(json.dumps({"version": 1, "strips": strips}))
    with Daemon(config, tmp_path) as desk:
        lines = desk.ask("get", "/*/fader/level", "--plain").stdout.split()
    values = dict(zip(lines[::2], map(float, lines[1::2])))
    assert values == {f"/s{i}/fader/level": pytest.approx(-i / 10) for i in range(WIDE)}


def test_watch_prints_the_value_and_each_change_and_counts_lines(desk):
    desk.set("/echo/fader/level", "-1")
    with subprocess.Popen([BINARY, "watch", "/echo/fader/level", "--count", "3"], stdout=subprocess.PIPE, text=True,
                          env=desk.environment) as watch:
        assert watch.stdout.readline() == "/echo/fader/level -1\n"
        desk.set("/echo/fader/level", "-2")
        assert watch.stdout.readline() == "/echo/fader/level -2\n"
        desk.set("/echo/fader/level", "-3")
        assert watch.stdout.readline() == "/echo/fader/level -3\n"
        assert watch.wait(timeout=5) == 0


def test_watch_is_renewed_and_ends_by_signal(desk):
    """A subscription lives 10 s; a change after 12 s is only seen by one that was renewed."""
    with subprocess.Popen([BINARY, "watch", "/echo/fader/level"], stdout=subprocess.PIPE, text=True,
                          env=desk.environment) as watch:
        watch.stdout.readline()
        time.sleep(12)
        desk.set("/echo/fader/level", "-20")
        assert watch.stdout.readline() == "/echo/fader/level -20\n"
        watch.send_signal(signal.SIGINT)
        assert watch.wait(timeout=5) == 0


def test_watch_of_meters_keeps_its_rate(desk):
    done = desk.ask("watch", "/master/meter/peak", "--rate", "10", "--seconds", "2")
    assert done.returncode == 0
    assert 5 <= len(done.stdout.splitlines()) <= 22
    assert set(done.stdout.splitlines()) == {"/master/meter/peak -120"}


def test_send_prints_what_is_answered(desk):
    assert desk.ask("send", "/tonmeister/ping", "7", "true", '"two words"').stdout == "/tonmeister/pong 7 true two words\n"


@pytest.mark.parametrize("words", [["get", "/a/b"], ["set", "/a/b", "1"], ["watch", "/a/b"], ["send", "/a/b"]])
def test_nobody_there_is_said_at_once(words):
    start = time.monotonic()
    done = tonmeister(*words, "--url", f"udp://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"tonmeister {words[0]}: ")
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("words", [["get"], ["set", "/a/b"], ["watch"], ["send"], ["get", "/a", "--timeout", "0"], ["watch", "/a", "--rate", "-1"]])
def test_wrong_usage_exits_2(words):
    assert tonmeister(*words).returncode == 2


def test_a_choice_that_is_a_number_is_set_by_it(desk):
    desk.set("/host/highpass/slope", "24")
    assert desk.get("/host/highpass/slope") == "24"
    desk.set("/host/pan/law", "-4.5")
    assert desk.get("/host/pan/law") == "-4.5"
    done = desk.ask("set", "/host/highpass/slope", "13")
    assert done.returncode == 1
    assert 'expected one of "6", "12", "18", "24", "36", "48"' in done.stderr
    desk.set("/host/compressor/detector", "1")  # words are numbered from 0
    assert desk.get("/host/compressor/detector") == "rms"


@pytest.mark.parametrize("before, after", [([], ["--timeout", "3"]), (["--timeout=3"], []), (["--"], [])])
def test_values_are_sent_as_they_are_typed(desk, before, after):
    for typed, applied in (("-inf", "-120"), ("-7.5", "-7.5"), ("-.5", "-0.5"), ("-1e1", "-10")):
        done = desk.ask("set", *before, "/echo/fader/level", typed, *after)
        assert (done.returncode, done.stderr) == (0, "")
        assert desk.get("/echo/fader/level") == applied
    done = desk.ask("send", *before, "/tonmeister/strip/set", "echo", "output", '["system:playback_1","/two,three/"]', *after)
    assert done.stdout == "/tonmeister/edited strip/set echo\n"
    done = desk.ask("send", *before, "/tonmeister/strip/add", "x", '{"chain":[{"fader":{}}]}', *after)
    assert done.stdout == "/tonmeister/edited strip/add x\n"
    assert [desk.ask("send", "/tonmeister/undo").returncode for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("words", [["set", "/echo/mute", "1", "--tiemout", "3"], ["send", "/tonmeister/ping", "-x"], ["set"], ["set", "/echo/mute"]])
def test_a_word_that_is_no_option_nor_a_number_is_refused(words):
    done = tonmeister(*words)
    assert done.returncode == 2 and done.stdout == ""


def test_t_and_f_are_words_for_on_and_off(desk):
    assert desk.set("/echo/mute", "T") == ""
    assert desk.get("/echo/mute") == "1"
    assert desk.set("/echo/mute", "F") == ""
    assert desk.ask("send", "/tonmeister/scene/safe", "/echo", "T").stdout == "/tonmeister/scene/safes /echo\n"
    assert desk.ask("send", "/tonmeister/scene/safe", "/echo", "F").stdout == "/tonmeister/scene/safes\n"
