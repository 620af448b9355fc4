# SPDX-License-Identifier: GPL-3.0-or-later
"""What check, run, render, get, watch and send say where something is not as it looks."""

import json
import math
import struct
import subprocess

import numpy as np
import pytest
from desk import BINARY, Daemon, write_config
from osc_client import wait_for
from scipy.io import wavfile
from support_cli import tonmeister

FADER = {"a": {"chain": [{"tone": {"level": -20}}, {"fader": {}}], "to": "mix"}, "mix": {"channels": 2, "chain": [{"fader": {}}]}}


def check(tmp_path, text):
    config = tmp_path / "desk.json"
    config.write_text(text if isinstance(text, str) else json.dumps(text))
    done = tonmeister("check", config)
    return done.returncode, done.stderr.replace(f"{config}:", "").splitlines()


# -------------------------------------------------------------------------------------------------- command line

def test_the_config_may_stand_behind_an_option_that_takes_several_values(tmp_path):
    config = write_config(tmp_path, FADER)
    out = tmp_path / "out.wav"
    done = tonmeister("render", "--output", f"mix={out}", config, "--length", "0.1", "--quiet")
    assert done.returncode == 0 and out.exists(), done.stderr
    url = "udp://nowhere.invalid:9"
    for osc in (["--osc", url], [f"--osc={url}"]):
        done = tonmeister("run", *osc, config, "--state", tmp_path / "state.json", "--backend", "internal")
        assert done.returncode == 1 and url in done.stderr and "CONFIG" not in done.stderr, done.stderr
    done = tonmeister("run", "--osc", config)
    assert done.returncode == 2 and "CONFIG" in done.stderr  # the option's one value, whatever it is


# ------------------------------------------------------------------------------------------------------- check

def test_a_template_that_nobody_uses_is_checked(tmp_path):
    text = """{ "version": 1,
  "templates": { "used": [ { "fader": { "level": 99 } } ],
                 "forgotten": [ { "compresor": {} }, { "eq": { "band/1/gian": 3 } }, { "fader": { "level": "loud" } } ] },
  "strips": { "a": { "chain": [ "used" ] }, "b": { "chain": [ "used" ] } } }"""
    code, lines = check(tmp_path, text)
    place = lambda line, word: f"{line}:{text.splitlines()[line - 1].index(word) + 1}"
    assert code == 1
    assert [line.split(": ", 2)[:2] for line in lines] == [
        [place(2, "99"), "templates.used[0].fader.level"], [place(3, '"compresor"'), "templates.forgotten[0].compresor"],
        [place(3, '"band/1/gian"'), "templates.forgotten[1].eq.band/1/gian"], [place(3, '"loud"'), "templates.forgotten[2].fader.level"]]
    assert 'did you mean "compressor"?' in lines[1] and 'did you mean "band/1/gain"?' in lines[2]


def test_what_is_not_there_yet_is_warned_of(tmp_path):
    code, lines = check(tmp_path, """{ "version": 1, "engine": { "threads": 2 },
  "control": { "http": "http://127.0.0.1:8080" }, "strips": { "a": {} } }""")
    assert code == 0
    assert [line.split(": ")[:3] for line in lines] == [["1:40", "engine.threads", "warning"], ["2:24", "control.http", "warning"]]
    assert check(tmp_path, {"version": 1, "engine": {"threads": 0}, "strips": {"a": {}}}) == (0, [])


@pytest.mark.parametrize("url, allow, warned", [
    ("udp://0.0.0.0:9000", [], True), ("tcp://192.168.1.5:9000", [], True), ("udp://[::]:9000", [], True),
    ("udp://0.0.0.0:9000", ["192.168.1.0/24"], False), ("udp://127.0.0.1:9000", [], False), ("udp://[::1]:9000", [], False)])
def test_a_network_address_that_refuses_everybody_is_warned_of(tmp_path, url, allow, warned):
    code, lines = check(tmp_path, {"version": 1, "control": {"osc": [url], "allow": allow}, "strips": {"a": {}}})
    assert code == 0 and len(lines) == warned
    if warned:
        assert "control.osc[0]: warning: " in lines[0] and '"allow": ["192.168.1.0/24"]' in lines[0]


@pytest.mark.parametrize("strip, place", [
    ({"channels": 2, "input": ["/system:capture_.*/"]}, "input"), ({"channels": 1, "output": ["/a.*/", "b:c"]}, "output"),
    ({"channels": 2, "output": ["system:playback_1"]}, None), ({"channels": 2, "input": ["/a/", "/b/"]}, None), ({"input": ["/a.*/"]}, None)])
def test_a_pattern_of_ports_is_one_port(tmp_path, strip, place):
    code, lines = check(tmp_path, {"version": 1, "strips": {"a": strip}})
    assert code == 0 and len(lines) == (place is not None)
    if place:
        assert f"strips.a.{place}: warning: " in lines[0] and "one entry a channel" in lines[0]


def test_run_warns_as_check_does(tmp_path):
    config = write_config(tmp_path, {"a": {"channels": 2, "input": ["/x.*/"]}}, engine={"threads": 1}, control={"http": "http://127.0.0.1:8080"})
    with Daemon(config, osc=("udp://0.0.0.0:0",)) as desk:
        assert wait_for(lambda: desk.log().count("[warning]") + desk.log().count(" warning ") >= 4), desk.log()
        for word in ("engine.threads", "control.http", "strips.a.input", "everybody except this machine is refused"):
            assert word in desk.log()


def test_one_is_not_many(tmp_path):
    config = write_config(tmp_path, {"a": {}})
    assert tonmeister("check", config).stdout.startswith(f"{config}: 1 strip at 48000 Hz")
    with Daemon(config) as desk:
        desk.settle()
        config.write_text('{ "version": 1, "strips": { "a": { "to": "b" } } }')
        desk.client.tell("/tonmeister/reload")
        assert wait_for(lambda: ": 1 error; what played goes on" in desk.log())


# --------------------------------------------------------------------------------------------------------- OSC

@pytest.fixture(name="desk", scope="module")
def running_desk(tmp_path_factory):
    with Daemon(write_config(tmp_path_factory.mktemp("print"), FADER)) as daemon:
        yield daemon


def own(desk, *words, **more):
    return subprocess.run([BINARY, *words, "--url", f"udp://127.0.0.1:{desk.port}"], capture_output=True, text=True, timeout=20, check=False, **more)


@pytest.mark.parametrize("sent", [-math.inf, ("d", -math.inf), "-inf"])
def test_minus_infinity_is_silence(desk, sent):
    desk.client.obey("/a/fader/level", 0.0)
    assert desk.client.obey("/a/fader/level", sent) in ([], [("/a/fader/level", [-120.0])])
    assert desk.client.get("/a/fader/level") == -120
    assert wait_for(lambda: desk.client.get("/a/meter/peak") <= -120)
    for wrong in (math.nan, math.inf, "nan", "inf"):
        assert desk.client.obey("/a/fader/level", wrong)[0][0] == "/tonmeister/error"
    assert desk.client.get("/a/fader/level") == -120
    desk.client.obey("/a/fader/level", 0.0)


@pytest.mark.parametrize("address, sent, answer", [
    ("/a/fader/level/normal", 1.5, ("/a/fader/level/normal", [1.0])), ("/a/fader/level/normal", -1, ("/a/fader/level/normal", [0.0])),
    ("/a/mute", 7, ("/a/mute", [1.0])), ("/a/mute", -1.0, ("/a/mute", [0.0])), ("/a/fader/level/inc", 1000, ("/a/fader/level", [12.0]))])
def test_whatever_is_clamped_is_answered(desk, address, sent, answer):
    assert desk.client.obey(address, sent) == [answer]


@pytest.mark.parametrize("address, sent", [
    ("/a/fader/level", [True]), ("/a/fader/level", [False]), ("/a/fader/level", [0.0, 1.0, 2.0]), ("/a/mute", [True, 3.0]),
    ("/a/tone/type", [True]), ("/a/fader/level/normal", [True]), ("/a/mute/toggle", [1, 2])])
def test_what_makes_no_sense_is_refused_and_changes_nothing(desk, address, sent):
    before = desk.client.get("/a/fader/level"), desk.client.get("/a/mute"), desk.client.get("/a/tone/type")
    (heard, (about, reason)), = desk.client.obey(address, *sent)
    assert (heard, about) == ("/tonmeister/error", address) and "expected" in reason
    assert before == (desk.client.get("/a/fader/level"), desk.client.get("/a/mute"), desk.client.get("/a/tone/type"))


def test_a_button_toggles_when_pressed_and_not_when_released(desk):
    desk.client.obey("/a/mute", False)
    for sent, value in ((1.0, 1), (0.0, 1), (1, 0), (False, 0)):
        assert desk.client.obey("/a/mute/toggle", sent) == []
        assert desk.client.get("/a/mute") == value


def test_status_counts_and_tells_of_the_state_file(desk):
    desk.client.obey("/a/fader/level", -3.25)
    wait_for(lambda: desk.client.ask("/tonmeister/status")[-1] == "saved")
    answer = desk.client.ask("/tonmeister/status")
    assert len(answer) == 8 and answer[5:] == [0, 0, "saved"]


# --------------------------------------------------------------------------------------------- the own client

def test_get_prints_every_float_so_that_it_reads_back(desk):
    for k in range(40):
        value = np.float32(-60 + 1.37 * k) + np.float32(k) / np.float32(1024) + np.float32(1e-5)
        desk.client.obey("/a/fader/level", float(value))
        printed = own(desk, "get", "/a/fader/level", "--plain").stdout
        assert struct.pack("f", np.float32(printed)) == struct.pack("f", desk.client.get("/a/fader/level"))
    desk.client.obey("/a/fader/level", 0.0)


def test_send_prints_the_answer_to_a_sync(desk):
    assert own(desk, "send", "/tonmeister/sync", "7").stdout == "/tonmeister/synced 7\n"


def test_get_takes_every_pattern(desk):
    desk.client.obey("/*/fader/level", 12.0)
    levels = "/a/fader/level 12\n/a/tone/level -20\n/mix/fader/level 12\n"
    assert own(desk, "get", "//level", "--plain").stdout == levels
    assert own(desk, "get", "//fader/level", "--plain").stdout == "/a/fader/level 12\n/mix/fader/level 12\n"
    assert own(desk, "get", "/*/fader/level/normal").stdout == "/a/fader/level/normal 1\n/mix/fader/level/normal 1\n"
    assert own(desk, "get", "//fader/level/normal").stdout == "/a/fader/level/normal 1\n/mix/fader/level/normal 1\n"
    for nothing in ("//levle", "/*/fadr/level/normal"):
        done = own(desk, "get", nothing)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tonmeister get: {nothing}: this pattern matches nothing\n")


def test_watch_says_that_nothing_matches_and_tells_when_it_does(tmp_path):
    config = write_config(tmp_path, FADER)
    with Daemon(config) as desk:
        desk.settle()
        with subprocess.Popen([BINARY, "watch", "/late/*/level", "--count", "1", "--url", f"udp://127.0.0.1:{desk.port}"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
            assert watch.stderr.readline() == "tonmeister watch: /late/*/level: nothing matches this yet; waiting for it\n"
            config.write_text(json.dumps({"version": 1, "strips": FADER | {"late": {"chain": [{"fader": {"level": -7}}]}}}))
            desk.client.tell("/tonmeister/reload")
            assert watch.stdout.readline() == "/late/fader/level -7\n"
            assert watch.wait(timeout=5) == 0


def test_a_subscriber_hears_of_new_modules_and_not_of_old_ones_again(tmp_path):
    config = write_config(tmp_path, FADER)
    with Daemon(config) as desk:
        desk.settle()
        desk.client.tell("/tonmeister/subscribe", "/*/*/level")
        assert {desk.client.next()[0] for _ in range(3)} == {"/a/fader/level", "/a/tone/level", "/mix/fader/level"}
        more = {"mix": {"channels": 2, "chain": [{"fader": {}}, {"gain": {"level": 2}}]}}
        config.write_text(json.dumps({"version": 1, "strips": FADER | more}))
        desk.client.tell("/tonmeister/reload")
        heard = [one for one in desk.client.gather(2, more=0.5) if one[0] != "/tonmeister/reloaded"]
        assert heard == [("/mix/gain/level", [2.0])]


# ------------------------------------------------------------------------------------------------------ render

def render(tmp_path, events, *words, strips=None):
    config = write_config(tmp_path, strips or FADER)
    (tmp_path / "events").write_text(events)
    done = tonmeister("render", config, "--events", tmp_path / "events", *words, "--quiet")
    return done.returncode, done.stderr.replace(f"{tmp_path}/", "").splitlines()


def test_render_tells_all_errors_in_one_go_and_writes_nothing(tmp_path):
    code, lines = render(tmp_path, "0 /a/fader/level -3\nsoon /a/mute T\n0.5 /a/fadr/level 3\n1 /a/fader/level loud\n2 fader\n",
                         "--output", f"mxi={tmp_path}/out.wav", "--input", f"a={tmp_path}/none.wav")
    assert code == 1 and not (tmp_path / "out.wav").exists()
    text = "\n".join(lines)
    assert 'there is no strip "mxi" to take the output of; did you mean "mix"?' in text
    assert "events:2: \"soon\" is no time" in text and "events:5: expected an OSC address" in text and "none.wav" in text
    assert lines[-1] == "tonmeister render: 4 errors, nothing was rendered"
    code, lines = render(tmp_path, "soon /a/mute T\n0.5 /a/fadr/level 3\n1 /a/fader/level loud\n1 /tonmeister/dance\n", "--output", f"mix={tmp_path}/out.wav")
    assert [line.split(": ")[0] for line in lines] == ["events:1", "events:2", "events:3", "events:4", "tonmeister render"]
    assert not (tmp_path / "out.wav").exists()


def test_an_unknown_strip_goes_before_nothing_to_render(tmp_path):
    code, lines = render(tmp_path, "", "--output", f"mxi={tmp_path}/out.wav")
    assert code == 1 and 'did you mean "mix"?' in lines[0] and lines[1:] == ["tonmeister render: 1 error, nothing was rendered"]


def test_a_config_and_its_events_are_told_together(tmp_path):
    code, lines = render(tmp_path, "soon /a/mute T\n", "--output", f"mix={tmp_path}/out.wav", strips={"mix": {"to": "nowhere"}})
    assert code == 1 and len(lines) == 3 and "nowhere" in lines[0] and "events:1" in lines[1]


def test_minus_infinity_in_events(tmp_path):
    code, lines = render(tmp_path, "0.5 /a/fader/level -inf\n", "--output", f"mix={tmp_path}/out.wav", "--bits", "32f", "--length", "1")
    assert (code, lines) == (0, [])
    samples = wavfile.read(tmp_path / "out.wav")[1]
    assert np.abs(samples[:24000]).max() > 0.05 and np.abs(samples[26000:]).max() == 0
