# SPDX-License-Identifier: GPL-3.0-or-later
"""/tonmeister/save and /tonmeister/load: what was moved by hand becomes a config that sounds the same."""

import json
import shutil
import wave

import numpy
import pytest
from support_cli import ROOT, Daemon, tonmeister

# Of each kind one: number, choice, toggle, text, structural, repeated group, mute, solo.
MOVES = {
    "/host/fader/level": ["-7.3"],
    "/host/compressor/attack": ["0.05"],
    "/host/compressor/detector": ["rms"],
    "/host/compressor/auto_makeup": ["true"],
    "/host/highpass/bypass": ["true"],
    "/host/pan/law": ["-4.5"],
    "/music/ducker/sidechain": ['""'],
    "/music/ducker/lookahead": ["7"],
    "/echo/mute": ["true"],
    "/mix/solo": ["true"],
    "/master/limiter/ceiling": ["-2.5"],
}
RATE = 48000


@pytest.fixture(name="config")
def voice_config(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    return shutil.copy(ROOT / "configs/voice.json", folder / "voice.json")


def settings(desk):
    """Every address that can be set and its value; read-outs move by themselves."""
    lines = "".join(desk.ask("get", pattern, "--plain").stdout for pattern in ("/*/*", "/*/*/*"))
    read_outs = ("/meter/", "/loudness/", "/reduction", "/invalid")
    return {line.split(" ", 1)[0]: line for line in lines.splitlines() if not any(word in line for word in read_outs)}


def move(desk):
    for address, value in MOVES.items():
        desk.set(address, *value)


def noise_file(path):
    noise = numpy.random.default_rng(1).integers(-8000, 8000, RATE, dtype=numpy.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(noise.tobytes())


def rendered(config, folder, events=""):
    noise_file(folder / "in.wav")
    (folder / "events").write_text(events)
    done = tonmeister("render", config, "--input", f"host={folder / 'in.wav'}", "--output", f"master={folder / 'out.wav'}",
                      "--bits", "32f", "--quiet", "--events", folder / "events")
    assert done.returncode == 0, done.stderr
    return (folder / "out.wav").read_bytes()


def test_what_is_saved_loads_elsewhere_with_equal_values(config, tmp_path):
    with Daemon(config, tmp_path / "desk", "--fresh") as desk:
        before = settings(desk)
        move(desk)
        assert desk.ask("send", "/tonmeister/save", "moved").stdout == f"/tonmeister/saved {config.parent}/moved.json\n"
        wanted = settings(desk)
    assert len(wanted) > 60
    assert len([a for a in wanted if wanted[a] != before[a]]) == len(MOVES)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(config.parent / "moved.json", elsewhere)
    with Daemon(elsewhere / "moved.json", elsewhere) as desk:
        assert settings(desk) == wanted


def test_what_is_saved_sounds_the_same(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        move(desk)
        desk.ask("send", "/tonmeister/save", "moved")
    saved = json.loads((config.parent / "moved.json").read_text())
    assert saved["$schema"] == "tonmeister.schema.json"
    assert saved["strips"]["host"]["chain"][1] == {"compressor": {
        "threshold": -24, "ratio": 3, "attack": 0.05, "release": 180, "auto_makeup": True, "detector": "rms"}}
    second = rendered(config.parent / "moved.json", tmp_path)
    # The same by hand: the config with the moved values written into it.
    by_hand = json.loads(config.read_text())
    by_hand["templates"]["voice"][0]["highpass"]["bypass"] = True
    by_hand["templates"]["voice"][1]["compressor"].update(attack=0.05, detector="rms", auto_makeup=True)
    by_hand["strips"]["host"]["chain"][2:] = [{"fader": {"level": -7.3}}, {"pan": {"law": -4.5}}]
    by_hand["strips"]["music"]["chain"][0]["compressor"].update(sidechain="", lookahead=7)
    by_hand["strips"]["echo"]["mute"] = True
    by_hand["strips"]["mix"]["solo"] = True
    by_hand["strips"]["master"]["chain"][0]["limiter"]["ceiling"] = -2.5
    (tmp_path / "by_hand.json").write_text(json.dumps(by_hand))
    assert second == rendered(tmp_path / "by_hand.json", tmp_path)
    assert second != rendered(config, tmp_path)


def test_save_without_a_name_keeps_the_text_it_replaces(config, tmp_path):
    text = config.read_text()
    with Daemon(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-11")
        assert desk.ask("send", "/tonmeister/save").stdout == f"/tonmeister/saved {config}\n"
    assert (config.parent / "voice.json.bak").read_text() == text
    assert json.loads(config.read_text())["strips"]["host"]["chain"][2] == {"fader": {"level": -11}}
    assert sorted(file.name for file in config.parent.iterdir()) == ["voice.json", "voice.json.bak"]


def test_load_gives_exactly_the_file_and_reload_keeps_to_it(config, tmp_path):
    """A value that is in both configs, but was moved since, is the file's after a load."""
    with Daemon(config, tmp_path) as desk:
        desk.ask("send", "/tonmeister/save", "start")
        desk.set("/host/fader/level", "-20")
        desk.set("/echo/mute", "true")
        desk.set("/music/solo", "true")
        done = desk.ask("send", "/tonmeister/load", "start.json")
        assert done.stdout == f"/tonmeister/loaded {config.parent}/start.json\n"
        assert desk.get("/host/fader/level") == "-3"
        assert desk.get("/echo/mute") == "0"
        assert desk.get("/music/solo") == "0"
        saved = json.loads((config.parent / "start.json").read_text())
        saved["strips"]["host"]["chain"][2]["fader"]["level"] = -5
        (config.parent / "start.json").write_text(json.dumps(saved))
        assert desk.ask("send", "/tonmeister/reload").returncode == 0
        assert desk.get("/host/fader/level") == "-5"


def test_a_restart_after_a_load_gives_the_loaded_file_not_its_old_state(config, tmp_path):
    other = config.with_name("other.json")
    other.write_text(config.read_text())
    with Daemon(other, tmp_path) as desk:
        desk.set("/host/fader/level", "-33")
    with Daemon(config, tmp_path) as desk:
        assert desk.ask("send", "/tonmeister/load", "other").returncode == 0
        assert desk.get("/host/fader/level") == "-3"
    with Daemon(other, tmp_path) as desk:
        assert desk.get("/host/fader/level") == "-3"


def test_a_live_mute_survives_a_reload(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        desk.set("/host/mute", "true")
        config.write_text(config.read_text().replace('"time": 320', '"time": 330'))
        assert desk.ask("send", "/tonmeister/reload").returncode == 0
        assert desk.get("/echo/delay/time") == "330"
        assert desk.get("/host/mute") == "1"
        desk.ask("send", "/tonmeister/save", "after")
    assert json.loads((config.parent / "after.json").read_text())["strips"]["host"]["mute"] is True


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "..", '""'])
def test_names_that_lead_elsewhere_are_refused(config, tmp_path, name):
    with Daemon(config, tmp_path) as desk:
        for verb in ("save", "load"):
            done = desk.ask("send", f"/tonmeister/{verb}", name)
            assert done.returncode == 1
            assert "can't be a config's name" in done.stderr
    assert [file.name for file in config.parent.iterdir()] == ["voice.json"]


def test_a_config_that_is_not_there_or_broken_changes_nothing(config, tmp_path):
    (config.parent / "bad.json").write_text('{"version": 1, "strips": {"host": {"chain": [{"fadr": {}}]}}}')
    with Daemon(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-8")
        assert "can't be read (No such file or directory)" in desk.ask("send", "/tonmeister/load", "none").stderr
        assert 'did you mean "fader"?' in desk.ask("send", "/tonmeister/load", "bad").stderr
        assert desk.get("/host/fader/level") == "-8"
        assert desk.ask("send", "/tonmeister/reload").returncode == 0
        assert desk.get("/host/fader/level") == "-8"


def test_a_folder_that_can_not_be_written_is_told(config, tmp_path):
    (config.parent / "taken.json").mkdir()
    with Daemon(config, tmp_path) as desk:
        done = desk.ask("send", "/tonmeister/save", "taken")
    assert done.returncode == 1
    assert "taken.json" in done.stderr
