# SPDX-License-Identifier: GPL-3.0-or-later
"""/tonmeister/save and /tonmeister/load: what was moved by hand becomes a config that sounds the same."""

import json
import os
import shutil
import signal
import time
import wave

import numpy
import osc_client
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


@pytest.mark.parametrize("name, why", [
    ("../out", '".." leads out of its folder'), ("shows/../../out", '".." leads out of its folder'), ("..", '".." leads out of its folder'),
    ("/etc/passwd", "it leads elsewhere"), ("tour/other", "it leads elsewhere"), ("linked", "a link that leads elsewhere"),
    ("june/1st", "there is no folder {folder}/june; make it first"), (".hidden", "a dot in front"), ('""', "it is no file name")])
def test_names_that_lead_elsewhere_are_refused(config, tmp_path, name, why):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "other.json").write_text(config.read_text())
    (config.parent / "shows").mkdir()
    (config.parent / "tour").symlink_to(outside)
    (config.parent / "linked.json").symlink_to(outside / "other.json")
    before = sorted(config.parent.rglob("*")), sorted(outside.iterdir())
    with Daemon(config, tmp_path) as desk:
        desk.set("/host/fader/level", "-8")
        for verb in ("save", "load"):
            done = desk.ask("send", f"/tonmeister/{verb}", name)
            assert done.returncode == 1
            assert "can't be a config's name: " in done.stderr and why.format(folder=config.parent) in done.stderr
            assert f"expected a file below {config.parent}, such as" in done.stderr
        assert desk.get("/host/fader/level") == "-8"
    assert (sorted(config.parent.rglob("*")), sorted(outside.iterdir())) == before
    assert (outside / "other.json").read_text() == config.read_text()


def test_a_config_in_another_folder_plays_the_same_files_and_the_way_back_is_named_alike(config, tmp_path):
    folder = config.parent
    noise_file(folder / "jingle.wav")
    desk_text = """{ // the house's desk
  "version": 1,
  "strips": {
    "jingle": { "channels": 1, "chain": [{ "player": { "file": "jingle.wav", "play": true } }, { "fader": {} }], "output": [] }
  }
}
"""
    config.write_text(desk_text)
    (folder / "shows").mkdir()
    with Daemon(config, tmp_path) as desk:
        desk.set("/jingle/fader/level", "-6")
        saved = f"{folder}/shows/monday.json"
        assert desk.ask("send", "/tonmeister/save", "shows/monday").stdout == f"/tonmeister/saved {saved}\n"
        assert desk.ask("send", "/tonmeister/save", "beside").returncode == 0
        desk.set("/jingle/fader/level", "-20")
        assert desk.ask("send", "/tonmeister/load", "shows/monday").stdout == f"/tonmeister/loaded {saved}\n"
        assert desk.get("/jingle/fader/level") == "-6"
        assert desk.get("/jingle/player/file") == "jingle.wav"
        assert desk.ask("set", "/jingle/player/file", "jingle.wav").returncode == 0  # named as before
        assert desk.ask("send", "/tonmeister/save").stdout == f"/tonmeister/saved {saved}\n"
        assert desk.ask("send", "/tonmeister/load", "voice").returncode == 0
        assert desk.get("/jingle/fader/level") == "0"
        assert desk.ask("send", "/tonmeister/load", saved).returncode == 0  # as it was answered
    assert config.read_text() == desk_text
    text = (folder / "shows/monday.json").read_text()
    assert "// the house's desk" in text and '"media": ".."' in text
    assert "media" not in (folder / "beside.json").read_text()

    def heard(file):
        out = tmp_path / f"{file.stem}.wav"
        done = tonmeister("render", file, "--output", f"jingle={out}", "--bits", "32f", "--length", "0.5", "--quiet")
        assert done.returncode == 0, done.stderr
        return out.read_bytes()

    config.write_text(desk_text.replace('"fader": {}', '"fader": { "level": -6 }'))
    assert heard(folder / "shows/monday.json") == heard(folder / "beside.json") == heard(config)
    assert max(heard(config)[-1000:]) > 0


def test_a_render_saves_below_its_config_too(config, tmp_path):
    (config.parent / "shows").mkdir()
    rendered(config, tmp_path, "0.2 /host/fader/level -9\n0.5 /tonmeister/save shows/rendered\n")
    saved = json.loads((config.parent / "shows/rendered.json").read_text())
    assert saved["strips"]["host"]["chain"][2] == {"fader": {"level": -9}}
    assert saved["$schema"] == "../tonmeister.schema.json"
    (tmp_path / "events").write_text("0.5 /tonmeister/save ../out\n")
    done = tonmeister("render", config, "--length", "1", "--output", f"master={tmp_path / 'x.wav'}", "--events", tmp_path / "events")
    assert done.returncode == 1 and '"../out" can\'t be a config\'s name: ".." leads out of its folder' in done.stderr


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


def test_a_save_writes_through_no_link_of_its_own_helpers(config, tmp_path):
    """FILE.bak and FILE.new may be links of anybody: they are replaced, not followed."""
    folder = config.parent
    for name in ("kept", "new"):
        (tmp_path / name).write_text("not ours")
    (folder / "b.json").write_text('{ "version": 1 }')
    (folder / "b.json.bak").symlink_to(tmp_path / "kept")
    (folder / "c.json.new").symlink_to(tmp_path / "new")
    with Daemon(config, tmp_path) as desk:
        for name in ("b", "c"):
            assert desk.ask("send", "/tonmeister/save", name).returncode == 0
            assert json.loads((folder / f"{name}.json").read_text())["version"] == 1
    assert [(tmp_path / name).read_text() for name in ("kept", "new")] == ["not ours"] * 2
    assert not (folder / "b.json.bak").is_symlink() and (folder / "b.json.bak").read_text() == '{ "version": 1 }'
    assert not (folder / "c.json").is_symlink() and not (folder / "c.json.new").is_symlink()


def test_what_a_save_answers_can_be_loaded_whatever_the_config_was_called_at_the_start(config, tmp_path):
    folder = config.parent
    for name in ("desk.conf", ".desk.json"):
        shutil.copy(config, folder / name)
    for name in ("voice.json", "desk.conf", ".desk.json"):
        with Daemon(os.path.relpath(folder / name), tmp_path, "--fresh") as desk:  # from the folder of the tests' process
            assert desk.ask("send", "/tonmeister/save", "./other").stdout == f"/tonmeister/saved {folder}/other.json\n"
            desk.set("/host/fader/level", "-9")
            assert desk.ask("send", "/tonmeister/save").stdout == f"/tonmeister/saved {folder}/{name}\n"
            for file in ("other.json", name):
                done = desk.ask("send", "/tonmeister/load", f"{folder}/{file}")
                assert done.stdout == f"/tonmeister/loaded {folder}/{file}\n", done.stderr
            assert desk.get("/host/fader/level") == "-9"
            assert desk.ask("send", "/tonmeister/load", "other").returncode == 0
            assert desk.ask("send", "/tonmeister/load", name).stdout == f"/tonmeister/loaded {folder}/{name}\n"


def test_a_save_onto_a_link_is_a_save_onto_what_it_leads_to(config, tmp_path):
    folder = config.parent
    (folder / "shows").mkdir()
    (folder / "shows/monday.json").write_text('{ "version": 1 }')
    (folder / "today.json").symlink_to("shows/monday.json")
    with Daemon(config, tmp_path) as desk:
        assert desk.ask("send", "/tonmeister/save", "today").stdout == f"/tonmeister/saved {folder}/shows/monday.json\n"
    assert (folder / "today.json").is_symlink()
    assert json.loads((folder / "shows/monday.json").read_text())["control"]["media"] == ".."
    assert (folder / "shows/monday.json.bak").read_text() == '{ "version": 1 }'


def test_a_config_named_by_a_link_is_saved_where_that_leads_though_nothing_is_there_any_more(config, tmp_path):
    link = config.parent / "current.json"
    link.symlink_to("voice.json")
    with Daemon(link, tmp_path) as desk:
        desk.set("/host/fader/level", "-9")
        config.rename(config.with_name("away.json"))
        assert desk.ask("send", "/tonmeister/save").returncode == 0
    assert link.is_symlink() and json.loads(config.read_text())["strips"]["host"]["chain"][2] == {"fader": {"level": -9}}


def test_a_save_replaces_no_file_that_is_no_config(config, tmp_path):
    folder = config.parent
    shutil.copy(ROOT / "configs/tonmeister.schema.json", folder)
    (folder / "broken.json").write_text("{ not even JSON")
    (folder / "lock.json").write_text('{ "version": 3, "packages": {} }')
    (folder / "one.json").write_text('{ "version": 1, "files": [] }')
    (folder / "newer.json").write_text('{ "version": 2, "strips": {} }')
    before = {name: (folder / name).read_text() for name in ("tonmeister.schema.json", "broken.json", "lock.json", "one.json", "newer.json")}
    with Daemon(config, tmp_path, "--state", folder / "kept.json") as desk:
        desk.set("/host/fader/level", "-9")
        until = time.monotonic() + 20
        while not (folder / "kept.json").exists() and time.monotonic() < until:
            time.sleep(0.02)
        for name in ("tonmeister.schema", "broken", "lock", "one", "newer", "kept"):
            done = desk.ask("send", "/tonmeister/save", name)
            assert done.returncode == 1 and f"{folder}/{name}.json is there and can't be read as a config; expected another name" in done.stderr
    assert {name: (folder / name).read_text() for name in before} == before
    assert "tonmeister_state" in (folder / "kept.json").read_text()
    assert not list(folder.glob("*.bak"))


def test_a_kill_right_behind_a_save_finds_nothing_unsaved(config, tmp_path):
    for i in range(6):
        with Daemon(config, tmp_path) as desk:
            desk.set("/host/fader/level", "-7.3")
            assert desk.ask("send", "/tonmeister/strip/add", f"n{i}", "{}").returncode == 0
            if i % 2:  # the edit is in the state by then, as one that is not saved
                assert osc_client.wait_for(lambda: desk.ask("send", "/tonmeister/status").stdout.endswith(" saved\n"))
            assert desk.ask("send", "/tonmeister/save").returncode == 0
            desk.stop(signal.SIGKILL)
    with Daemon(config, tmp_path) as desk:
        assert float(desk.get("/host/fader/level").split()[0]) == pytest.approx(-7.3)
        assert "are gone" not in desk.log.read_text()


def saved_and_killed(config, folder, before, last):
    """A daemon whose state has one change, and that is killed right behind another one and a save."""
    with Daemon(config, folder) as desk:
        client = osc_client.Client(desk.port)
        client.obey(*before)
        assert osc_client.wait_for(lambda: desk.ask("send", "/tonmeister/status").stdout.endswith(" saved\n"))
        client.tell(*last)
        client.tell("/tonmeister/save")
        assert client.hear("/tonmeister/saved")
        desk.stop(signal.SIGKILL)


def test_a_kill_right_behind_a_save_brings_nothing_older_back(config, tmp_path):
    for _ in range(4):
        saved_and_killed(config, tmp_path, ("/host/fader/level", -10.0), ("/host/fader/level", -3.0))
        with Daemon(config, tmp_path) as desk:
            assert desk.get("/host/fader/level") == "-3"


def test_a_kill_right_behind_a_save_finds_what_was_moved_with_the_edit(config, tmp_path):
    for i in range(4):
        saved_and_killed(config, tmp_path, ("/tonmeister/strip/add", f"n{i}", "{}"), ("/music/ducker/lookahead", 3.0 + i))
        with Daemon(config, tmp_path) as desk:
            assert float(desk.get("/music/ducker/lookahead")) == 3 + i and desk.get(f"/n{i}/mute") == "0"
            assert "are gone" not in desk.log.read_text()
    assert not list(tmp_path.glob("*.unsaved"))


def test_a_file_that_was_changed_by_hand_is_no_save(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        assert desk.ask("send", "/tonmeister/strip/set", "master", "guard", '{"on":true,"ceiling":-6}').returncode == 0
        assert osc_client.wait_for(lambda: desk.ask("send", "/tonmeister/status").stdout.endswith(" saved\n"))
        desk.stop(signal.SIGKILL)
    config.write_text(config.read_text() + "\n// another hand\n")
    with Daemon(config, tmp_path) as desk:
        assert "the file was changed since, so live edits that were not saved are gone" in desk.log.read_text()
    assert "guard" in next(tmp_path.glob("*.unsaved")).read_text()


def test_a_kill_between_the_files_replacing_and_the_states_is_no_change_by_hand(config, tmp_path):
    """The config's file is another one (rename(2)) from one moment on; there the daemon is killed."""
    for i in range(8):
        with Daemon(config, tmp_path) as desk:
            client = osc_client.Client(desk.port)
            client.obey("/tonmeister/strip/add", f"n{i}", "{}")
            assert osc_client.wait_for(lambda: desk.ask("send", "/tonmeister/status").stdout.endswith(" saved\n"))
            before, end = config.stat().st_ino, time.monotonic() + 20
            client.tell("/music/ducker/lookahead", 3.0 + i)
            client.tell("/tonmeister/save")
            while config.stat().st_ino == before:
                assert time.monotonic() < end
            desk.process.kill()
            desk.stop(signal.SIGKILL)
        with Daemon(config, tmp_path) as desk:
            assert float(desk.get("/music/ducker/lookahead")) == 3 + i and desk.get(f"/n{i}/mute") == "0"
            assert "are gone" not in desk.log.read_text()
    assert not list(tmp_path.glob("*.unsaved"))
