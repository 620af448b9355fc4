# SPDX-License-Identifier: GPL-3.0-or-later
"""A desk that is edited while it plays: over OSC, by `render --events`, and by its config file."""

import json
import signal
import time
import wave

import numpy
import osc_client
import pytest
from support_cli import Daemon, tonmeister

RATE = 48000

DESK = """{
  // The desk of the tests.
  "version": 1,
  "templates": { "voice": [ { "highpass": { "frequency": 90 } }, { "compressor": { "threshold": -30, "lookahead": 3 } } ] },
  "strips": {
    "host": { "channels": 1, "chain": [ "voice", { "fader": { "level": -3 } }, { "pan": {} } ], "to": "mix" }, // speaks
    "music": { "channels": 2, "chain": [ { "eq": {} }, { "fader": {} } ], "to": "mix" },
    "alone": { "channels": 1, "chain": [ { "eq": { "band/1/gain": 6 } }, { "fader": { "level": -6 } } ], "output": [] },
    "mix": { "channels": 2, "chain": [ { "limiter": {} } ], "output": [] }
  }
}
"""

# What the messages of test_a_desk_is_built_by_messages_alone build.
BUILT = {
    "version": 1,
    "engine": {"sample_rate": RATE},
    "strips": {
        "voice": {"channels": 1, "chain": [{"highpass": {"frequency": 100}}, {"compressor": {"threshold": -24, "ratio": 3}},
                                           {"send": {"to": "echo", "level": -12}}, {"fader": {"level": -4.5}}, {"pan": {}}], "to": "mix"},
        "guitar": {"channels": 2, "chain": [{"eq": {"band/1/gain": 3}}, {"fader": {}}], "to": "mix"},
        "echo": {"channels": 2, "chain": [{"delay": {"time": 250}}], "to": "mix"},
        "mix": {"channels": 2, "chain": [{"limiter": {"ceiling": -1}}], "output": []},
    },
}


def noise_file(path, channels, seed):
    noise = numpy.random.default_rng(seed).integers(-9000, 9000, (RATE, channels), dtype=numpy.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(noise.tobytes())
    return path


def render(config, folder, inputs, outputs, events="", block=64, more=()):
    """The samples of each output by its name, as bytes, and the render's stderr."""
    (folder / "events").write_text(events)
    words = ["--bits", "32f", "--quiet", "--length", "1", "--block", block, "--events", folder / "events", *more]
    for strip, file in inputs.items():
        words += ["--input", f"{strip}={file}"]
    for strip in outputs:
        words += ["--output", f"{strip}={folder / strip}-out.wav"]
    done = tonmeister("render", config, *words)
    assert done.returncode == 0, done.stderr
    return {strip: (folder / f"{strip}-out.wav").read_bytes() for strip in outputs}, done.stderr


@pytest.fixture(name="config")
def desk_config(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.json").write_text(DESK)
    return folder / "desk.json"


@pytest.fixture(name="inputs")
def input_files(tmp_path):
    return {"host": noise_file(tmp_path / "host.wav", 1, 1), "music": noise_file(tmp_path / "music.wav", 2, 2), "alone": noise_file(tmp_path / "alone.wav", 1, 3)}


def listing(client):
    client.tell("/tonmeister/list")
    addresses = []
    while (heard := client.next()) and heard[0] != "/tonmeister/listed":
        if heard[0] == "/tonmeister/list":
            addresses.append(heard[1][0])
    assert heard
    return sorted(addresses)


@pytest.mark.parametrize("place", ["ELSEWHERE/taken.wav", "../elsewhere/taken.wav"])
def test_an_edit_names_no_file_outside_the_configs_folder_either(tmp_path, place):
    """acceptance.md 6.3: as a message to the parameter doesn't."""
    folder, elsewhere = tmp_path / "desk", tmp_path / "elsewhere"
    folder.mkdir(), elsewhere.mkdir()
    (folder / "desk.json").write_text('{ "version": 1, "strips": { "a": { "chain": [ { "tone": {} } ], "output": [] } } }')
    recorder = {"recorder": {"file": place.replace("ELSEWHERE", str(elsewhere)), "arm": True, "record": True}}
    with Daemon(folder / "desk.json", tmp_path) as desk:
        client = osc_client.Client(desk.port)
        for verb, words in (("strip/add", ["z", {"chain": [recorder]}]), ("chain/insert", ["a", 1, recorder]),
                            ("strip/add", ["y", {"chain": [{"fader": {}}, {"as": "r"} | recorder]}])):
            client.tell(f"/tonmeister/{verb}", *words[:-1], json.dumps(words[-1]))
            (address, (verb_said, why)), = client.sync()
            assert address == "/tonmeister/error" and verb_said == f"/tonmeister/{verb}" and "a file is named below the config's folder" in why
        assert client.sync() == []
        recorder["recorder"]["file"] = "taken.wav"
        client.tell("/tonmeister/chain/insert", "a", 1, json.dumps(recorder))
        assert client.hear("/tonmeister/edited")
    assert [file.name for file in elsewhere.iterdir()] == [] and (folder / "taken.wav").exists()


def test_a_desk_is_built_by_messages_alone_saved_killed_and_is_the_same_again(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    config = folder / "desk.json"
    config.write_text(f'{{\n  // Built by hand, live.\n  "version": 1,\n  "engine": {{ "sample_rate": {RATE} }}\n}}\n')
    messages = [
        ("/tonmeister/strip/add", "mix", '{"channels":2,"chain":["fader"],"output":[]}'.replace('["fader"]', '[{"limiter":{}}]')),
        ("/tonmeister/strip/add", "vox", '{"channels":1,"to":"mix"}'),
        ("/tonmeister/chain/insert", "vox", 0, "highpass"),
        ("/tonmeister/chain/insert", "vox", 1, '{"compressor":{"threshold":-24}}'),
        ("/tonmeister/chain/insert", "vox", 2, "fader"),
        ("/vox/highpass/frequency", 100.0),
        ("/tonmeister/chain/insert", "vox", -1, "pan"),
        ("/tonmeister/strip/add", "guitar", '{"channels":2,"chain":[{"fader":{}},{"eq":{}}]}'),
        ("/tonmeister/route", "guitar", "mix"),
        ("/tonmeister/strip/rename", "vox", "voice"),
        ("/voice/compressor/ratio", 3.0),
        ("/tonmeister/strip/add", "echo", '{"chain":[{"delay":{}}],"to":"mix"}'),
        ("/tonmeister/strip/set", "echo", "channels", 2),
        ("/tonmeister/chain/insert", "voice", "fader", '{"send":{"to":"echo"}}'),
        ("/tonmeister/chain/move", "guitar", "fader", 1),
        ("/echo/delay/time", 250.0),
        ("/voice/send/level", -12.0),
        ("/voice/fader/level", -4.5),
        ("/guitar/eq/band/1/gain", 3.0),
        ("/mix/limiter/ceiling", -1.0),
        ("/tonmeister/strip/add", "mistake", "{}"),
        ("/tonmeister/undo",),
    ]
    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        for address, *values in messages:  # without waiting for anything
            client.tell(address, *values)
        client.sync()
        client.tell("/tonmeister/save")
        assert client.hear("/tonmeister/saved")
        before = listing(client)
        assert "/voice/send/level" in before
        assert not [a for a in before if a.startswith(("/vox/", "/mistake/"))]
        desk.stop(signal.SIGKILL)
    text = config.read_text()
    assert "// Built by hand, live." in text
    saved = json.loads("\n".join(line for line in text.splitlines() if "//" not in line))
    order = ["mix", "voice", "guitar", "echo"]
    assert list(saved["strips"]) == order
    with Daemon(config, tmp_path) as desk:
        assert listing(osc_client.Client(desk.port)) == before
        assert desk.get("/voice/fader/level") == "-4.5"
    # The same sound as a config that was written by hand.
    by_hand = dict(BUILT, strips={name: BUILT["strips"][name] for name in order})
    (folder / "by_hand.json").write_text(json.dumps(by_hand))
    files = {"voice": noise_file(tmp_path / "v.wav", 1, 7), "guitar": noise_file(tmp_path / "g.wav", 2, 8)}
    assert render(config, tmp_path, files, ["mix"])[0] == render(folder / "by_hand.json", tmp_path, files, ["mix"])[0]


EVENTS = """
0.1 /tonmeister/chain/insert host 0 gate
0.1 /host/gate/threshold -50
0.102 /tonmeister/strip/add extra "{\\"channels\\":2,\\"chain\\":[{\\"fader\\":{}}],\\"to\\":\\"mix\\"}"
0.103 /tonmeister/route music extra mix
0.104 /extra/fader/level -8
0.2 /tonmeister/strip/rename host anna
0.3 /anna/fader/level -9
0.35 /tonmeister/chain/move music fader 0
0.4 /tonmeister/chain/remove anna compressor
0.5 /tonmeister/strip/remove extra force
0.6 /tonmeister/undo
0.601 /tonmeister/undo
0.65 /tonmeister/redo
0.7 /music/eq/band/2/gain 6
0.8 /tonmeister/undo
"""


def test_edits_act_on_their_sample_whatever_the_block(config, tmp_path, inputs):
    first, _ = render(config, tmp_path, inputs, ["mix", "alone"], EVENTS, 64)
    for block in (1, 7, 441, 1000, 8192):
        again, _ = render(config, tmp_path, inputs, ["mix", "alone"], EVENTS, block)
        assert again == first, block


def test_what_an_edit_does_not_touch_sounds_as_without_it(config, tmp_path, inputs):
    plain, _ = render(config, tmp_path, inputs, ["mix", "alone"])
    edited, _ = render(config, tmp_path, inputs, ["mix", "alone"], EVENTS)
    assert edited["alone"] == plain["alone"]
    assert edited["mix"] != plain["mix"]
    renamed, _ = render(config, tmp_path, inputs, ["mix", "alone"], "0.2 /tonmeister/strip/rename host anna\n0.4 /tonmeister/strip/rename mix bus\n")
    assert renamed == plain


def test_before_an_edit_nothing_changes_and_from_its_sample_on_it_does(config, tmp_path, inputs):
    header = 12 + 8  # of the first chunk; the data's place is found below
    plain, _ = render(config, tmp_path, inputs, ["mix"], more=["--raw"])
    edited, _ = render(config, tmp_path, inputs, ["mix"], "24000s /tonmeister/route music\n", more=["--raw"])
    start = plain["mix"].index(b"data", header) + 8
    before, after = (numpy.frombuffer(sound["mix"][start:start + RATE * 8], dtype="<f4").reshape(-1, 2) for sound in (plain, edited))
    first = numpy.flatnonzero((before != after).any(axis=1))[0]
    # The limiter's look-ahead hears it that much later; the fade of 10 ms has begun by then.
    assert 24000 <= first < 24000 + 480


def test_undo_and_redo_give_the_same_bytes_of_save(config, tmp_path, inputs):
    events = ""
    steps = ["/tonmeister/chain/insert host 2 eq", "/host/highpass/frequency 120", "/tonmeister/strip/remove music", "/tonmeister/strip/rename alone solo_piano",
             "/host/mute true"]
    for i, step in enumerate(steps):
        events += f"{i / 20} {step}\n{i / 20 + 0.03} /tonmeister/save stand{i}\n"
    for i in reversed(range(len(steps))):
        events += f"{0.55 - i / 20} /tonmeister/undo\n{0.58 - i / 20} /tonmeister/save undone{i}\n"
    for i in range(len(steps)):
        events += f"{0.65 + i / 20} /tonmeister/redo\n{0.68 + i / 20} /tonmeister/save redone{i}\n"
    render(config, tmp_path, inputs, ["mix"], events)
    stands = [DESK] + [(config.parent / f"stand{i}.json").read_text() for i in range(len(steps))]
    assert len(set(stands)) == len(stands)
    for i in range(len(steps)):
        assert (config.parent / f"undone{i}.json").read_text() == stands[i]
        assert (config.parent / f"redone{i}.json").read_text() == stands[i + 1]
    assert config.read_text() == DESK


def test_a_refused_edit_is_answered_with_every_error(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        done = desk.ask("send", "/tonmeister/strip/add", "x", '{"chain":[{"fadr":{}},{"fader":{"level":99}}],"to":"nowhere"}')
        assert done.returncode == 1
        for part in ('did you mean "fader"?', "-120 to 12", "strips.x.to"):
            assert part in done.stderr
        assert "mix" in desk.ask("send", "/tonmeister/strip/remove", "mix").stderr
        assert desk.get("/mix/limiter/ceiling")


def test_a_bad_reload_is_answered_with_every_error_up_to_a_bound(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        strips = ", ".join(f'"x{i}": {{ "chain": [ {{ "fadr": {{}} }} ] }}' for i in range(30))
        config.write_text(f'{{ "version": 1, "strips": {{ {strips} }} }}')
        client = osc_client.Client(desk.port)
        client.tell("/tonmeister/reload")
        errors = [values[1] for address, values in client.gather(17) if address == "/tonmeister/error"]
        assert len(errors) == 17
        assert all("fadr" in error for error in errors[:16])
        assert errors[16] == "and 14 more, see the log"
        assert desk.log.read_text().count("unknown module") == 30
        assert desk.get("/host/fader/level") == "-3"


def reloads(desk):
    return desk.log.read_text().count(": reloaded, 1 parameter\n")


@pytest.mark.parametrize("how", ["in place", "renamed over", "through a link"])
def test_a_watched_file_is_reloaded_when_it_is_written(config, tmp_path, how):
    named = config
    if how == "through a link":
        named = tmp_path / "link.json"
        named.symlink_to(config)
    with Daemon(named, tmp_path, "--watch") as desk:
        text = DESK.replace('"level": -3', '"level": -8')
        if how == "renamed over":
            (config.parent / "desk.json~").write_text(text)
            (config.parent / "desk.json~").rename(config)
        else:
            config.write_text(text)
        osc_client.wait_for(lambda: desk.get("/host/fader/level") == "-8")
        (config.parent / "other.json").write_text(DESK)
        surface = osc_client.Client(desk.port)
        surface.obey("/tonmeister/subscribe", "/host/fader/level")
        config.write_text('{ "version": 1,\n  "strips": { "host": { "to": "nowhere" }, "x": 5 } }')
        address, why = surface.hear("/tonmeister/event")
        assert address == "/tonmeister/reload" and why.startswith(f"refused, what played goes on: {named}:2:")
        assert why.endswith("(and 1 more, see the log)")
        assert desk.get("/host/fader/level") == "-8"
        assert reloads(desk) == 1


def test_without_watch_a_written_file_waits_and_sighup_reloads_it_once(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        config.write_text(DESK.replace('"level": -3', '"level": -8'))
        time.sleep(0.6)
        assert desk.get("/host/fader/level") == "-3"
        desk.process.send_signal(signal.SIGHUP)
        osc_client.wait_for(lambda: desk.get("/host/fader/level") == "-8")
        assert reloads(desk) == 1
        assert desk.ask("send", "/tonmeister/reload").stdout == f"/tonmeister/reloaded {config} unchanged\n"
        desk.process.send_signal(signal.SIGHUP)
        osc_client.wait_for(lambda: desk.log.read_text().count(": unchanged") == 2)
        assert reloads(desk) == 1


def test_the_log_says_who_did_what_and_which_file_was_wrong(config, tmp_path):
    with Daemon(config, tmp_path) as desk:
        client = osc_client.Client(desk.port)
        client.obey("/tonmeister/strip/add", "guest", '{"to":"mix"}')
        client.obey("/tonmeister/undo")
        client.obey("/tonmeister/redo")
        log = desk.log.read_text()
        for what in ("strip/add guest", "undo of strip/add guest", "redo of strip/add guest"):
            assert len([line for line in log.splitlines() if line.endswith(f": {what}") and " info udp://127.0.0.1:" in line]) == 1
        (config.parent / "bad.json").write_text('{ "version": 1, "strips": { "x": { "to": "y" } } }')
        assert client.obey("/tonmeister/load", "bad")[0][0] == "/tonmeister/error"
        assert f"{config.parent / 'bad.json'}: 1 error; what played goes on" in desk.log.read_text()
        config.unlink()
        desk.process.send_signal(signal.SIGHUP)
        osc_client.wait_for(lambda: f"{config}: 1 error; what played goes on" in desk.log.read_text())
        assert "No such file" in desk.log.read_text()
        assert client.get("/guest/mute") == 0
