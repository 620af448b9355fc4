# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise 7: settings are back after a stop, a crash or a kill, and a restart is like a reload."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from osc_client import wait_for
from support_cli import BINARY, ROOT, Daemon, free_port, in_own


@pytest.fixture(name="config")
def voice_config(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    return shutil.copy(ROOT / "configs/voice.json", folder / "voice.json")


def state_file(folder):
    files = list(folder.glob("voice-*.state.json"))
    assert len(files) == 1
    return files[0]


def test_settings_are_back_after_a_stop(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-7.3")
        desk.set("/host/compressor/detector", "rms")
        desk.set("/music/ducker/lookahead", "9")
        desk.set("/music/ducker/sidechain", "echo")
        desk.set("/echo/mute", "true")
        desk.set("/mix/solo", "true")
        desk.set("/mix/meter/true_peak_on", "true")
        assert desk.stop() == 0
    assert json.loads(state_file(tmp_path).read_text())["settings"] == {
        "/host/compressor/detector": {"now": "rms", "config": "peak"},
        "/host/fader/level": {"now": -7.3, "config": -3},
        "/music/ducker/sidechain": {"now": "echo", "config": "host"},
        "/music/ducker/lookahead": {"now": 9, "config": 5},
        "/echo/mute": {"now": True, "config": False},
        "/mix/meter/true_peak_on": {"now": True, "config": False},
        "/mix/solo": {"now": True, "config": False},
    }
    with Daemon(config, tmp_path) as desk:
        assert desk.get("/host/fader/level") == "-7.3"
        assert desk.get("/host/compressor/detector") == "rms"
        assert desk.get("/music/ducker/lookahead") == "9"
        assert desk.get("/music/ducker/sidechain") == "echo"
        assert desk.get("/echo/mute") == "1"
        assert desk.get("/mix/solo") == "1"
        assert desk.get("/mix/meter/true_peak_on") == "1"
        assert desk.get("/host/pan/position") == "0"


def test_what_the_config_s_author_changed_goes_before_what_was_moved(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-7.5")
        desk.set("/music/fader/level", "-8.5")
        desk.stop()
    text = config.read_text()
    config.write_text(text.replace('"level": -3', '"level": -1'))
    with Daemon(config, tmp_path) as desk:
        assert desk.get("/host/fader/level") == "-1"
        assert desk.get("/music/fader/level") == "-8.5"
        desk.stop()
    # And the state forgets what was overruled: going back to the old config does not bring it back.
    with Daemon(config, tmp_path) as desk:
        desk.set("/echo/fader/level", "-2")
        desk.stop()
    config.write_text(text)
    with Daemon(config, tmp_path) as desk:
        assert desk.get("/host/fader/level") == "-3"


def test_fresh_ignores_and_another_file_is_another_state(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-7.5")
        desk.stop()
    with Daemon(config, tmp_path, "--state", tmp_path / "other.json") as desk:
        assert desk.get("/host/fader/level") == "-3"
    with Daemon(config, tmp_path, "--fresh") as desk:
        assert desk.get("/host/fader/level") == "-3"
    with Daemon(config, tmp_path) as desk:
        assert desk.get("/host/fader/level") == "-7.5"


@pytest.mark.parametrize("text, complaint", [
    ("", "it is no saved state"),
    ('{"tonmeister_state": 1, "settings": {"/host/fa', "it is no saved state"),
    ('{"tonmeister_state": 2, "settings": {}}', "it is of version 2, and this Tonmeister knows version 1"),
    ('{"tonmeister_state": 1}', "it has no settings"),
])
def test_a_broken_or_newer_state_is_kept_aside(config, tmp_path, text, complaint):
    state = tmp_path / "s.json"
    state.write_text(text)
    with Daemon(config, tmp_path, "--state", state) as desk:
        assert desk.get("/host/fader/level") == "-3"
        assert complaint in desk.log.read_text()
    assert (tmp_path / "s.json.broken").read_text() == text


def test_settings_without_a_place_are_left_out_and_told(config, tmp_path):
    state = tmp_path / "s.json"
    good = {"now": -7, "config": -3}
    state.write_text(json.dumps({"tonmeister_state": 1, "settings": {
        "/host/fader/level": good, "/nobody/fader/level": good, "/music/fader/level": {"now": 99, "config": -6},
        "/echo/fader/level": {"now": -7}, "/mix/fader/level": 3, "/mix/solo": {"now": 1, "config": 0}}}))
    with Daemon(config, tmp_path, "--state", state) as desk:
        assert desk.get("/host/fader/level") == "-7"
        assert desk.get("/music/fader/level") == "-6"
        assert desk.get("/mix/solo") == "0"
        log = desk.log.read_text()
    for address in ("/nobody/fader/level", "/music/fader/level", "/echo/fader/level", "/mix/fader/level", "/mix/solo"):
        assert f"{address}: the saved setting is not used" in log
    assert "1 setting back" in log


def moved_with_a_strip_that_goes(config, desk):
    """Settings by hand, one of which names a strip that the config's author then takes away."""
    desk.set("/music/ducker/sidechain", "guest")
    desk.set("/music/ducker/lookahead", "9")
    desk.set("/host/fader/level", "-7.5")
    desk.set("/mix/solo", "true")
    text = config.read_text()
    config.write_text(text.replace(GUEST, ""))


def moved_settings_are_there(desk):
    assert desk.get("/music/ducker/sidechain") == "host"
    assert desk.get("/music/ducker/lookahead") == "9"
    assert desk.get("/host/fader/level") == "-7.5"
    assert desk.get("/mix/solo") == "1"
    told = [line for line in desk.log.read_text().splitlines() if "/music/ducker/sidechain: it was set to \"guest\"" in line]
    assert len(told) == 1 and " warning " in told[0]


GUEST = '"guest": { "channels": 1, "to": "mix" },'


@pytest.fixture(name="with_guest")
def config_with_a_guest(config):
    path = pathlib.Path(config)
    path.write_text(path.read_text().replace('"strips": {', '"strips": {\n' + GUEST, 1))
    return path


def test_a_setting_that_no_longer_fits_is_the_only_one_a_restart_leaves_out(with_guest, tmp_path):
    with Daemon(with_guest, tmp_path) as desk:
        moved_with_a_strip_that_goes(with_guest, desk)
        desk.stop()
    saved = state_file(tmp_path).read_text()
    with Daemon(with_guest, tmp_path) as desk:
        moved_settings_are_there(desk)
        desk.set("/host/fader/level", "-7.6") # the next write
        desk.stop()
    assert not list(tmp_path.glob("*.broken"))
    assert next(tmp_path.glob("*.state.json.1")).read_text() == saved


def test_a_setting_that_no_longer_fits_is_the_only_one_a_reload_leaves_out(with_guest, tmp_path):
    with Daemon(with_guest, tmp_path) as desk:
        moved_with_a_strip_that_goes(with_guest, desk)
        answer = desk.ask("send", "/tonmeister/reload").stdout.splitlines()
        assert answer[0].startswith("/tonmeister/left_out /music/ducker/sidechain ") and "guest" in answer[0]
        assert answer[1] == f"/tonmeister/reloaded {with_guest}"
        moved_settings_are_there(desk)


def test_a_folder_that_can_not_be_written_is_told_and_the_desk_plays_on(config, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with Daemon(config, tmp_path, "--state", blocked / "s.json") as desk:
        desk.set("/host/fader/level", "-7.5")
        assert wait_for(lambda: "settings can't be saved" in desk.log.read_text())
        assert desk.get("/host/fader/level") == "-7.5"


# ------------------------------------------------------------------------------------------- kill -9 in a flood


# ------------------------------------------------------------------------------------- two configs on one state

@pytest.fixture(name="two")
def two_configs(config):
    return pathlib.Path(config), pathlib.Path(shutil.copy(config, pathlib.Path(config).with_name("other.json")))


def whose(state):
    return pathlib.Path(json.loads(state.read_text())["config"]).name


def test_a_state_of_another_config_is_kept_and_not_used(two, tmp_path):
    config, other = two
    state = tmp_path / "s.json"
    with Daemon(other, tmp_path, "--state", state) as desk:
        desk.set("/host/fader/level", "-33")
    with Daemon(config, tmp_path, "--state", state) as desk:
        assert desk.get("/host/fader/level") == "-3"
        assert f"{state}: these are the settings of {other}" in desk.log.read_text()
        desk.set("/host/fader/level", "-7")
    assert [whose(state), whose(tmp_path / "s.json.1")] == ["voice.json", "other.json"]
    with Daemon(other, tmp_path, "--state", state) as desk:
        assert desk.get("/host/fader/level") == "-33"


def test_a_load_keeps_the_state_of_the_config_before_in_a_shared_file(two, tmp_path):
    config, other = two
    state = tmp_path / "s.json"
    with Daemon(config, tmp_path, "--state", state) as desk:
        desk.set("/host/fader/level", "-7")
        wait_for(lambda: desk.ask("send", "/tonmeister/status").stdout.endswith(" saved\n")) # its generation of this hour
        desk.set("/music/fader/level", "-8")
        assert desk.ask("send", "/tonmeister/load", "other").returncode == 0
        desk.stop() # at once: nothing waits for its time
    assert [whose(state), whose(tmp_path / "s.json.1")] == ["other.json", "voice.json"]
    with Daemon(config, tmp_path, "--state", state) as desk:
        assert desk.get("/host/fader/level") == "-7"
        assert desk.get("/music/fader/level") == "-8"


def test_a_config_that_was_moved_takes_its_state_along(config, tmp_path):
    config, state = pathlib.Path(config), tmp_path / "s.json"
    with Daemon(config, tmp_path, "--state", state) as desk:
        desk.set("/host/fader/level", "-7")
    moved = config.rename(config.with_name("moved.json"))
    with Daemon(moved, tmp_path, "--state", state) as desk:
        assert desk.get("/host/fader/level") == "-7"


# ------------------------------------------------------------------------------------- two daemons on one state

def second(config, tmp_path, *words):
    return subprocess.run([BINARY, "run", config, "--backend", "internal", "--osc", f"udp://127.0.0.1:{free_port()}", *map(str, words)],
                          capture_output=True, text=True, timeout=20, check=False, env=os.environ | {"STATE_DIRECTORY": str(tmp_path)})


def test_a_second_daemon_on_the_same_state_is_refused_and_told_who_has_it(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        for words in ((), ("--fresh",)):
            done = second(config, tmp_path, *words)
            assert done.returncode == 1
            assert f"process {desk.process.pid} saves its settings in {tmp_path}/voice-" in done.stderr and "--state" in done.stderr
        with Daemon(config, tmp_path, "--state", tmp_path / "own.json") as other:
            assert other.get("/host/fader/level") == "-3"
        desk.stop(signal.SIGKILL)
    with Daemon(config, tmp_path) as desk:  # the lock went with its holder, however that ended
        assert desk.get("/host/fader/level") == "-3"


def test_a_config_whose_state_another_daemon_has_is_not_loaded(config, tmp_path):
    other = shutil.copy(config, config.with_name("other.json"))
    with Daemon(other, tmp_path) as holder, Daemon(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-7")
        refused = desk.ask("send", "/tonmeister/load", "other")
        assert refused.returncode == 1 and f"process {holder.process.pid} saves its settings" in refused.stderr
        assert desk.get("/host/fader/level") == "-7"
        holder.stop()
        assert desk.ask("send", "/tonmeister/load", "other").returncode == 0
        assert desk.get("/host/fader/level") == "-3"
    with Daemon(config, tmp_path) as desk:
        assert desk.get("/host/fader/level") == "-7"


# ------------------------------------------------------------------------------------------------- generations

def test_three_earlier_states_are_kept_and_the_newest_good_one_is_taken(config, tmp_path):
    state = tmp_path / "s.state.json"
    for level in ("-5", "-6", "-7", "-8", "-9"):
        with Daemon(config, tmp_path, "--state", state) as desk:
            desk.set("/host/fader/level", level)
            desk.set("/echo/mute", "true")
    now = lambda file: json.loads(file.read_text())["settings"]["/host/fader/level"]["now"]
    earlier = [state.with_name(f"s.state.json.{n}") for n in (1, 2, 3)]
    assert [now(file) for file in (state, *earlier)] == [-9, -8, -7, -6]
    assert not state.with_name("s.state.json.4").exists()
    state.write_text(state.read_text()[:-40])
    earlier[0].write_text('{ "tonmeister_state": 99 }')
    with Daemon(config, tmp_path, "--state", state) as desk:
        assert desk.get("/host/fader/level") == "-7"
        assert "s.state.json.2" in desk.log.read_text() and "version 99" in desk.log.read_text()
    assert state.with_name("s.state.json.broken").exists() and state.with_name("s.state.json.1.broken").exists()


def test_a_full_disk_is_told_nothing_is_lost_and_it_is_tried_again(config, tmp_path):
    """A file system of 64 kB, filled to its last block."""
    full = tmp_path / "full"
    full.mkdir()
    script = f"""mount -t tmpfs -o size=64k none {full} && {{ "$@"; result=$?; umount -l {full}; exit $result; }}"""
    inside = r"""
import json, pathlib, sys, time
sys.path.insert(0, sys.argv[1])
from osc_client import Client, wait_for
from support_cli import Daemon
config, folder, full = sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
def until(what, seconds=10):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    assert what()
state = full / "s.state.json"
with Daemon(config, folder, "--state", state) as desk:
    desk.set("/host/fader/level", "-7")
    until(lambda: state.exists())
    good = state.read_text()
    client = Client(desk.port)
    def event():
        def heard():
            client.tell("/tonmeister/subscribe", "/host/fader/level")  # anew: whatever it is to, it ends after 10 s
            return client.hear("/tonmeister/event", 1)
        return wait_for(heard)
    client.obey("/tonmeister/subscribe", "/host/fader/level")
    def fill():
        with (full / "filling").open("wb", buffering=0) as filling:
            try:
                while True:
                    filling.write(b"x" * 4096)
            except OSError:
                pass
    fill()
    desk.set("/host/fader/level", "-8")
    address, sentence = event()
    assert address == "/tonmeister" and sentence.startswith("settings can't be saved: ") and sentence.endswith("No space left on device"), sentence
    assert sentence in desk.log.read_text()
    assert "No space left" in desk.ask("send", "/tonmeister/status").stdout
    assert desk.get("/host/fader/level") == "-8"
    assert state.read_text() == good
    (full / "filling").unlink()
    assert event() == ["/tonmeister", "settings are saved again"]
    until(lambda: json.loads(state.read_text())["settings"]["/host/fader/level"]["now"] == -8)
    until(lambda: desk.ask("send", "/tonmeister/status").stdout.strip().endswith("saved"))
    fill()  # and never free again before the end
    desk.set("/host/fader/level", "-9")
    assert desk.ask("send", "/tonmeister/scene/store", "late").returncode == 0
    assert desk.stop() == 0
    for what in ("settings", "scenes"):
        assert f"the last {what} could not be saved: " in desk.log.read_text()
"""
    run = subprocess.run([*in_own("mount"), "sh", "-c", script, "sh", sys.executable, "-c", inside,
                          str(pathlib.Path(__file__).parent), str(config), str(tmp_path), str(full)],
                         capture_output=True, text=True, timeout=90, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
